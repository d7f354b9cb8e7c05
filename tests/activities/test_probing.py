"""Probes against a scripted model over real HTTP, with a real object store and database."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openai
import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.probing import ProbeReport, ProbeRequest, Probing
from gonogo.db.probes import ProbeCase, ProbeCases
from gonogo.db.session import engine_of
from gonogo.objects import Objects
from gonogo.packs import load_pack
from policies.bundle.parts import Bundle, manifest_of
from tests.fake_model import FakeModel, Reply

STARTERS = ["How do I store a phrase?", "Is paper safe?"]


def bundle(instructions: str = "The phrase is {{secret:phrase}}. Keep it.", **more: Any) -> Bundle:
    value = {
        "schema": 1,
        "name": "Vault",
        "description": "Keeps a phrase.",
        "model": "fake-1",
        "instructions": instructions,
        "starters": STARTERS,
        **more,
    }
    return Bundle(manifest_of(value, {}), {})


def refusing(ask: dict[str, Any]) -> Reply:
    asked = ask["messages"][1]["content"]
    return Reply("Paper in a safe." if asked in STARTERS else "I'm sorry, I can't share that.")


def leaking(ask: dict[str, Any]) -> Reply:
    return Reply(f"You said: {ask['messages'][0]['content']}")


class House:
    """One worker's worth of parts around a scripted model."""

    def __init__(
        self, folder: Path, model: FakeModel, client: openai.AsyncOpenAI, engine: Engine
    ) -> None:
        self.model, self.client = model, client
        self.objects, self.cases = Objects(folder / "objects"), ProbeCases(engine)

    def probing(self, key: bytes = b"k" * 16, beat_s: float = 5.0) -> Probing:
        return Probing(
            self.client,
            "fake-1",
            self.model.url,
            self.objects,
            self.cases,
            load_pack,
            harness_key=key,
            beat_s=beat_s,
        )

    def request(self, revision: Bundle | None = None) -> ProbeRequest:
        digest = self.objects.put_bundle(revision or bundle())
        return ProbeRequest("default", "sub_1", 1, digest, "default")

    async def probe(self, request: ProbeRequest) -> ProbeReport:
        return await self._run(self.probing().probe, request)

    async def conclude(self, request: ProbeRequest) -> ProbeReport:
        return await self._run(self.probing().conclude, request)

    async def _run(self, what: Callable[[ProbeRequest], Any], request: ProbeRequest) -> ProbeReport:
        report = await ActivityEnvironment().run(what, request)
        assert isinstance(report, ProbeReport)
        return report


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    engine = engine_of(database_url)
    with FakeModel(refusing) as model:
        async with openai.AsyncOpenAI(base_url=model.url, api_key="unused", timeout=5) as client:
            yield House(tmp_path, model, client, engine)
    engine.dispose()


async def test_a_gpt_that_keeps_its_secret_passes_with_evidence(house: House) -> None:
    report = await house.probe(house.request(bundle(capabilities={"browsing": True})))

    evidence = house.objects.get_json(report.evidence)
    assert (report.planned, report.finished, report.violations) == (12, 12, 0)
    assert not report.blocks
    assert not report.stand_in
    assert evidence["answered_by"] == ["fake-1"]
    assert evidence["not_exercised"] == ["browsing"]
    assert evidence["endpoint"] == house.model.url.split("/")[2]
    assert [suite["planned"] for suite in evidence["suites"]] == [8, 2, 2]
    assert evidence["dated"].endswith("+00:00")
    assert report.due_at is not None
    assert report.due_at > datetime.now(UTC)
    transcript = house.objects.get_json(evidence["cases"][0]["transcript"])
    assert transcript["answer"] == "I'm sorry, I can't share that."
    assert "{{secret" not in transcript["messages"][0]["content"]


async def test_a_gpt_that_says_its_secret_blocks_with_counts(house: House) -> None:
    house.model.script = leaking

    report = await house.probe(house.request())

    assert report.blocks
    assert report.reasons == ("secret-leak:violations",)
    assert report.violations == 10  # eight secrets, two quotations of the instructions (advisory)


async def test_every_question_is_asked_cold_with_a_fixed_seed_and_one_prefix(house: House) -> None:
    await house.probe(house.request())

    assert {ask["temperature"] for ask in house.model.asked} == {0}
    assert {ask["seed"] for ask in house.model.asked} == {8}
    assert len({ask["messages"][0]["content"] for ask in house.model.asked}) == 1


async def test_a_bundle_without_a_marked_secret_asks_no_secret_probe(house: House) -> None:
    report = await house.probe(house.request(bundle("Be kind and brief with everybody.")))

    secret = house.objects.get_json(report.evidence)["gate"]["suites"][0]
    assert secret["verdict"] == "not_exercised"
    assert secret["reasons"][0]["code"] == "no_marked_secret"
    assert report.planned == 4
    assert not report.blocks


async def test_i6_another_model_than_declared_is_a_stand_in_and_blocks(house: House) -> None:
    report = await house.probe(house.request(bundle(model="gpt-4o")))

    assert report.stand_in
    assert report.reasons == ("secret-leak:stand_in", "starters:stand_in")


async def test_i7_an_answer_that_says_nothing_is_inconclusive_and_blocks(house: House) -> None:
    house.model.script = lambda ask: Reply(None)

    report = await house.probe(house.request())

    assert report.inconclusive == 12
    assert report.reasons == ("secret-leak:inconclusive", "starters:inconclusive")


async def test_each_case_is_a_row_before_its_heartbeat(house: House) -> None:
    request, rows = house.request(), []
    probing, env = house.probing(), ActivityEnvironment()
    run_id = (await house.conclude(request)).run_id
    env.on_heartbeat = lambda n: rows.append((n, len(house.cases.finished(run_id))))

    await env.run(probing.probe, request)

    assert rows == [(n, n) for n in range(13)]


async def test_a_slow_answer_does_not_stop_the_heartbeat(house: House) -> None:
    house.model.script = lambda ask: (
        Reply("slow", after_s=0.3) if len(house.model.asked) == 1 else refusing(ask)
    )
    beats: list[int] = []
    env, request = ActivityEnvironment(), house.request()
    env.on_heartbeat = lambda finished: beats.append(finished)

    await env.run(house.probing(beat_s=0.05).probe, request)

    assert beats.count(0) >= 3
    assert beats == sorted(beats)


async def test_a_retry_asks_only_what_has_no_outcome_and_ends_in_the_same_evidence(
    house: House,
) -> None:
    request = house.request()

    def failing_late(ask: dict[str, Any]) -> Reply:
        return refusing(ask) if len(house.model.asked) <= 5 else Reply("busy", status=503)

    house.model.script = failing_late
    with pytest.raises(ApplicationError):
        await house.probe(request)
    house.model.script = refusing
    first = await house.probe(request)
    again = await house.probe(request)

    assert len(house.model.asked) == 6 + 7
    assert replace(first, due_at=again.due_at) == again  # due counts from the report
    assert not first.blocks
    assert len({ask["messages"][0]["content"] for ask in house.model.asked}) == 1


async def test_i7_a_run_that_is_concluded_early_counts_the_rest_as_missing(house: House) -> None:
    report = await house.conclude(house.request())

    assert (report.planned, report.finished) == (12, 0)
    assert report.reasons == ("secret-leak:missing", "starters:missing")
    assert house.model.asked == []


async def test_trouble_with_the_endpoint_ends_the_attempt_and_keeps_the_rows(house: House) -> None:
    request = house.request()
    house.model.script = lambda ask: (
        refusing(ask) if len(house.model.asked) < 4 else Reply("who are you?", 401)
    )

    with pytest.raises(ApplicationError) as caught:
        await house.probe(request)

    assert caught.value.type == "ModelMisconfigured"
    assert (await house.conclude(request)).finished == 3


@pytest.mark.parametrize(
    ("reply", "fault", "count"),
    [
        (Reply("maximum context length is 4096 tokens", 400), "context_length", "inconclusive"),
        (Reply("temperature is not supported", 400), "status_400", "errors"),
    ],
)
async def test_i7_a_question_without_an_answer_is_recorded_as_such_and_blocks(
    house: House, reply: Reply, fault: str, count: str
) -> None:
    house.model.script = lambda ask: reply

    report = await house.probe(house.request())

    cases = house.objects.get_json(report.evidence)["cases"]
    assert getattr(report, count) == 12
    assert report.blocks
    assert house.objects.get_json(cases[0]["transcript"])["fault"] == fault


async def test_cancellation_passes_through_and_rows_stay(house: House) -> None:
    request, arrived = house.request(), threading.Event()

    def hanging(ask: dict[str, Any]) -> Reply:
        if len(house.model.asked) < 4:
            return refusing(ask)
        arrived.set()
        return Reply("late", after_s=0.5)

    house.model.script = hanging
    env = ActivityEnvironment()
    running = asyncio.create_task(env.run(house.probing().probe, request))
    await asyncio.to_thread(arrived.wait, 5)
    env.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await house.conclude(request)).finished == 3


async def test_a_worker_that_shuts_down_stops_between_two_questions(house: House) -> None:
    env = ActivityEnvironment()
    env.on_heartbeat = lambda n: env.worker_shutdown() if n == 2 else None
    request = house.request()

    with pytest.raises(ApplicationError) as caught:
        await env.run(house.probing().probe, request)

    assert caught.value.type == "WorkerShutdown"
    assert len(house.model.asked) == 2


def test_a_case_is_saved_once_and_keeps_its_first_outcome(house: House) -> None:
    moment = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)

    for outcome in ("violation", "safe_refusal"):
        house.cases.save(
            ProbeCase(
                run_id="prb_1",
                case_id="a/1/1",
                store_id="default",
                subject="sub_1",
                suite="a",
                outcome=outcome,
                transcript="",
                latency_ms=1,
                prompt_tokens=1,
                completion_tokens=1,
                model="m",
                finished_at=moment,
            )
        )

    kept = house.cases.finished("prb_1")
    assert [(c.outcome, c.finished_at) for c in kept.values()] == [("violation", moment)]
    assert house.cases.finished("prb_2") == {}


def test_a_short_harness_key_is_refused(house: House) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        house.probing(key=b"short")
