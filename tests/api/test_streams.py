"""Live events over a real socket: order, Last-Event-ID, heartbeats, and where a stream ends."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.live import Feed
from gonogo.db.session import engine_of
from tests.api.store import Store


@contextlib.asynccontextmanager
async def served(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """The same store through uvicorn: an in-process transport would hold a stream back."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_app(store.settings),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        url = "http://{}:{}".format(*listening.getsockname())
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            async with asyncio.timeout(10):
                while not server.started:  # noqa: ASYNC110  # uvicorn sets a flag, no event
                    await asyncio.sleep(0.02)
            yield client
        server.should_exit = True
        await running


async def read(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], most: int | None = None
) -> list[tuple[int, str, dict[str, Any]]]:
    """(id, type, data) of a stream's events: all until it ends, or the first `most`."""
    found: list[tuple[int, str, dict[str, Any]]] = []
    event: dict[str, str] = {}
    async with asyncio.timeout(20), client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
                continue
            if "id" in event:
                found.append((int(event["id"]), event["event"], json.loads(event["data"])))
            event = {}
            if most is not None and len(found) >= most:
                return found
    return found


async def test_a_cases_stream_ends_when_the_case_is_settled(store: Store) -> None:
    case = await store.submitted()
    path = f"/v1/submissions/{case['id']}/events/stream"

    async with served(store) as client:
        listening = asyncio.create_task(read(client, path, store.headers("ada")))
        await asyncio.sleep(0.3)
        await store.post(f"/v1/submissions/{case['id']}/withdraw", by="ada")
        events = await listening
        later = await read(client, path, store.headers("ada", Last_Event_ID=str(events[1][0])))

    assert [seq for seq, _, _ in events] == list(range(1, len(events) + 1))
    assert events[-1][1] == "submission:withdrawn"
    assert events[0][2]["subject"] == case["id"]
    assert later == events[2:]


async def test_the_stores_stream_goes_on_after_the_last_position(store: Store) -> None:
    first = await store.submitted()

    async with served(store) as client:
        # Serving it adopts publishers that are older than their record, so this comes after it.
        listed = (await store.get("/v1/events", "una")).json()["items"]
        headers = store.headers("una", Last_Event_ID=str(listed[-1]["position"]))
        listening = asyncio.create_task(read(client, "/v1/events/stream", headers, most=1))
        await asyncio.sleep(0.3)
        await store.post(f"/v1/submissions/{first['id']}/withdraw", by="ada")
        ((position, kind, data),) = await listening
        again = await read(client, "/v1/events/stream", store.headers("una"), most=len(listed))

    assert (position, kind) == (listed[-1]["position"] + 1, "submission:withdrawn")
    assert data["position"] == position
    assert [event[2] for event in again] == listed


async def test_streams_are_not_for_everybody(store: Store) -> None:
    case = await store.submitted()

    async with served(store) as client:
        answers = [
            await client.get("/v1/events/stream", headers=store.headers("ada")),
            await client.get("/v1/events/stream"),
            await client.get(
                f"/v1/submissions/{case['id']}/events/stream", headers=store.headers("ben")
            ),
            await client.get("/v1/events/stream", headers=store.headers("una", Last_Event_ID="x")),
        ]

    assert [answer.status_code for answer in answers] == [403, 401, 404, 422]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_the_audit_log_is_read_in_pages(store: Store) -> None:
    await store.submitted()

    whole = (await store.get("/v1/events", "una")).json()
    first = (await store.get("/v1/events", "una", limit=2)).json()
    second = (await store.get("/v1/events", "una", limit=2, after=first["next"])).json()

    assert first["items"] + second["items"] == whole["items"][:4]
    assert (await store.get("/v1/events", "ada")).status_code == 403


@pytest.mark.parametrize("subject", ["", "sub_other"])
async def test_the_feed_asks_the_database_only_while_somebody_waits(
    store: Store, subject: str
) -> None:
    engine = engine_of(store.settings.database)
    feed = Feed(engine, store.settings.store, poll_s=0.02)

    async with feed.news(subject) as wake:
        polling = feed._task
        case = await store.submitted()
        await asyncio.sleep(0.1)

    assert polling is not None
    assert feed._task is None
    assert wake.is_set() == (subject == ""), case["id"]
    with contextlib.suppress(asyncio.CancelledError):
        await polling
    engine.dispose()
