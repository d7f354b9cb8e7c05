"""SIGTERM with work in hand: commands are answered, streams say goodbye, nothing is done twice."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gonogo.db.identity import Identity
from gonogo.db.session import engine_of, migrate
from gonogo.settings import Settings
from gonogo.temporal import connect
from gonogo.up import base_url
from tests.api.store import files_of, manifest
from tests.e2e.stack import Stack, settings_in, stack
from tests.fake_model import FakeModel, Reply

pytestmark = pytest.mark.slow


def tokens_of(settings: Settings) -> tuple[str, str]:
    """A developer's and an auditor's."""
    engine = engine_of(settings.database)
    migrate(engine)
    identity = Identity(engine, settings.store)
    identity.ensure_store("Test")
    publisher = identity.add_publisher("P", verified=True)
    ada = identity.add_person("Ada", ("developer",), (publisher,))
    una = identity.add_person("Una", ("auditor",))
    found = identity.issue_token(ada, "t"), identity.issue_token(una, "t")
    engine.dispose()
    return found


@asynccontextmanager
async def person(settings: Settings, token: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=base_url(settings), timeout=60, headers=headers, trust_env=False
    ) as http:
        yield http


async def submit(http: httpx.AsyncClient, name: str) -> httpx.Response:
    body = {"files": files_of(manifest(name, instructions=f"You are {name}. You name stars."))}
    return await http.post(
        "/v1/submissions", json=body, headers={"Idempotency-Key": name.replace(" ", "-")}
    )


async def signalled(running: Stack, name: str, number: signal.Signals) -> None:
    running.children[name].kill(number)
    await asyncio.sleep(0.3)


async def test_the_api_answers_what_is_in_flight_and_ends_its_streams(tmp_path: Path) -> None:
    with FakeModel(lambda ask: Reply("A star.", model="fake-1")) as model:
        settings = settings_in(tmp_path, model_url=model.url, model="fake-1", answer_s=4.0)
        ada, una = tokens_of(settings)
        async with (
            stack(settings) as running,
            person(settings, ada) as developer,
            person(settings, una) as auditor,
        ):
            await running.start("temporal")
            await running.start("api")

            async def listen() -> list[str]:
                async with auditor.stream("GET", "/v1/events/stream") as told:
                    return [line async for line in told.aiter_lines()]

            listening = asyncio.create_task(listen())
            # No worker is there: the command is in flight until it is answered 202.
            submitting = asyncio.create_task(submit(developer, "In Flight"))
            await asyncio.sleep(1)
            await signalled(running, "api", signal.SIGTERM)
            lines = await asyncio.wait_for(listening, 3)
            with pytest.raises(httpx.ConnectError):
                async with person(settings, ada) as late:
                    await late.get("/healthz")
            answer = await submitting
            code = await running.ended("api")

            assert answer.status_code == 202, answer.text
            await running.start("worker")
            await running.start("api")
            async with person(settings, ada) as again:
                done = await again.get(answer.headers["location"])

    assert ("retry: 1000" in lines, ": restarting" in lines) == (True, True)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert code in (0, -signal.SIGTERM)
    assert (done.status_code, done.json()["status"]) == (200, "done")


async def test_a_second_signal_is_final(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, model_url="http://127.0.0.1:9/v1", answer_s=30.0)
    ada, _ = tokens_of(settings)
    async with stack(settings) as running, person(settings, ada) as developer:
        await running.start("temporal")
        await running.start("worker")
        await running.start("api")
        await signalled(running, "worker", signal.SIGKILL)
        submitting = asyncio.create_task(submit(developer, "Lost"))
        await asyncio.sleep(1)
        loop = asyncio.get_running_loop()

        await signalled(running, "api", signal.SIGTERM)
        waiting = running.children["api"].pid is not None
        began = loop.time()
        await signalled(running, "api", signal.SIGTERM)
        await running.ended("api")
        took = loop.time() - began
        with pytest.raises(httpx.HTTPError):
            await submitting

    assert waiting
    assert took < 5


async def test_a_worker_that_is_replaced_under_load_does_nothing_twice(tmp_path: Path) -> None:
    reply = Reply("A star.", model="fake-1", after_s=0.05)
    names = [f"Guide {number}" for number in range(6)]
    with FakeModel(lambda ask: reply) as model:
        settings = settings_in(tmp_path, model_url=model.url, model="fake-1")
        ada, _ = tokens_of(settings)
        async with stack(settings) as running, person(settings, ada) as developer:
            for part in ("temporal", "worker", "api"):
                await running.start(part)
            submitting = [asyncio.create_task(submit(developer, name)) for name in names]
            await asyncio.sleep(0.7)
            running.children["worker"].kill(signal.SIGTERM)
            code = await running.ended("worker")
            await running.start("worker")
            answers = [await one for one in submitting]
            cases = [await _tested(developer, answer) for answer in answers]
            attempts = await _attempts(settings, [case["gpt"] for case in cases])

    assert code == 0
    assert {answer.status_code for answer in answers} <= {201, 202}
    assert {case["stage"] for case in cases} == {"queued"}
    # A probe that stops for the end of its worker goes on elsewhere; what it asked is not repeated.
    again = {name: most for name, most in attempts.items() if most > 1 and name != "probe"}
    assert again == {}
    asked = Counter(str(ask["messages"]) for ask in model.asked)
    assert [question[:200] for question, times in asked.items() if times > 1] == []


async def _tested(http: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    for _ in range(10):
        if answer.status_code == 202:
            answer = await http.get(answer.headers["location"])
    path = f"/v1/submissions/{answer.json()['subject']}"
    for _ in range(600):
        case: dict[str, Any] = (await http.get(path)).json()
        if case.get("stage") in ("queued", "held", "changes_requested"):
            break
        await asyncio.sleep(0.1)
    return case


async def _attempts(settings: Settings, gpts: list[str]) -> Counter[str]:
    """The highest attempt of every kind of activity, by the histories."""
    client = await connect(settings)
    most: Counter[str] = Counter()
    for gpt in gpts:
        handle = client.get_workflow_handle(f"case/{settings.store}/{gpt}")
        events = (await handle.fetch_history()).events
        kinds = {
            e.event_id: e.activity_task_scheduled_event_attributes.activity_type.name
            for e in events
            if e.HasField("activity_task_scheduled_event_attributes")
        }
        for event in events:
            if event.HasField("activity_task_started_event_attributes"):
                started = event.activity_task_started_event_attributes
                kind = kinds[started.scheduled_event_id]
                most[kind] = max(most[kind], started.attempt)
    return most
