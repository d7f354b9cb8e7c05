"""Traces: one from the HTTP request to the model call, nothing of people in it, free when off."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gonogo.db.identity import Identity
from gonogo.db.session import engine_of, migrate
from gonogo.settings import Settings
from gonogo.telemetry.tracing import span, trace_id, traced
from gonogo.up import base_url
from tests.api.store import files_of, manifest
from tests.e2e.stack import settings_in, stack
from tests.fake_model import FakeModel, Reply
from tests.telemetry.receiver import Receiver

MOON = "the moon is made of cheese"


def test_nothing_is_imported_while_tracing_is_off() -> None:
    program = (
        "import sys, api.app, gonogo.worker;"
        "print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "[]"


def test_without_an_endpoint_a_span_is_nothing() -> None:
    with traced(Settings(), "test") as interceptors, span("something") as current:
        assert (interceptors, current, trace_id()) == ((), None, None)


def test_what_exceptions_say_and_secrets_stay_in_the_house() -> None:
    with Receiver() as receiver:
        settings = Settings(otel_endpoint=receiver.url)
        with traced(settings, "test"):
            with pytest.raises(ValueError, match="moon"), span("failing", gonogo__subject="sub_1"):
                raise ValueError(MOON)
            with span("telling", note=MOON, detail="Bearer gng_abcdefgh12345678") as current:
                assert current is not None
                current.record_exception(ValueError(MOON))
                seen = trace_id()

    (failing,), (telling,) = receiver.named("failing"), receiver.named("telling")
    assert failing.status.code == 2
    assert {a.key: a.value.string_value for a in failing.attributes} == {"gonogo.subject": "sub_1"}
    assert [a.value.string_value for a in telling.events[0].attributes] == ["ValueError"]
    assert telling.trace_id.hex() == seen
    assert MOON.encode() not in receiver.raw
    assert b"gng_" not in receiver.raw


def test_a_collector_that_is_away_delays_nobody_for_long() -> None:
    loop_began = asyncio.new_event_loop()
    began = loop_began.time()

    with traced(Settings(otel_endpoint="http://127.0.0.1:9"), "test"), span("lost"):
        assert trace_id()

    assert loop_began.time() - began < 20
    loop_began.close()


@pytest.mark.slow
async def test_one_trace_leads_from_the_request_to_the_model_call(tmp_path: Path) -> None:
    reply = Reply(f"Surely {MOON}.", model="fake-1", headers={"connection": "close"})
    with Receiver() as receiver, FakeModel(lambda ask: reply) as model:
        settings = settings_in(
            tmp_path, model_url=model.url, model="fake-1", otel_endpoint=receiver.url
        )
        token = _developer(settings)
        async with stack(settings) as running:
            for part in ("temporal", "worker", "api"):
                await running.start(part)
            answer = await _submitted(settings, token)

        (request,) = receiver.named("POST /v1/submissions")
        ours = [(service, s) for service, s in receiver.spans if s.trace_id == request.trace_id]
        names = {(service, s.name) for service, s in ours}
        assert names >= {
            ("gonogo-api", "POST /v1/submissions"),
            ("gonogo-api", "command submission/submit"),
            ("gonogo-api", "StartUpdateWithStartWorkflow:Case"),
            ("gonogo-worker", "RunWorkflow:Case"),
            ("gonogo-worker", "HandleUpdate:command"),
            ("gonogo-worker", "RunActivity:record"),
            ("gonogo-worker", "RunActivity:probe"),
            ("gonogo-worker", "model call"),
        }
        call = next(s for _, s in ours if s.name == "model call")
        assert _ancestors(call, [s for _, s in ours])[-1] == "POST /v1/submissions"
        assert len(receiver.named("model call")) >= 1
        assert answer["subject"].encode() in receiver.raw
        for secret in (MOON, token, "Names the stars", "You name stars"):
            assert secret.encode() not in receiver.raw


def _developer(settings: Settings) -> str:
    engine = engine_of(settings.database)
    migrate(engine)
    identity = Identity(engine, settings.store)
    identity.ensure_store("Test")
    publisher = identity.add_publisher("P", verified=True)
    token = identity.issue_token(identity.add_person("Ada", ("developer",), (publisher,)), "t")
    engine.dispose()
    return token


async def _submitted(settings: Settings, token: str) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=base_url(settings), timeout=40, headers=headers, trust_env=False
    ) as http:
        answer = await http.post("/v1/submissions", json={"files": files_of(manifest())})
        assert answer.status_code in (201, 202), answer.text
        path = f"/v1/submissions/{answer.json()['subject']}"
        for _ in range(300):
            if (await http.get(path)).json().get("stage") in ("queued", "held"):
                return dict(answer.json())
            await asyncio.sleep(0.1)
    raise AssertionError("the case never left its tests")


def _ancestors(child: Span, spans: list[Span]) -> list[str]:
    by_id = {s.span_id: s for s in spans}
    found = [child.name]
    while child.parent_span_id:
        child = by_id[child.parent_span_id]
        found.append(child.name)
    return found
