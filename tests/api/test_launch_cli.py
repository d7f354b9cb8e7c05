"""`gonogo launch` against the real API over a real port: what scripts rely on."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from tests.api.store import Store
from tests.api.test_launch_pages import ready
from tests.launch_stories import DAY, Told, bind


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@pytest_asyncio.fixture
async def url(store: Store) -> AsyncIterator[str]:
    """The API of the store behind a port, on the loop that its connections belong to."""
    config = uvicorn.Config(store.app, port=0, log_config=None, lifespan="off")
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    await server.up.wait()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


class Shell:
    """One person at a shell: every call is a process of its own."""

    def __init__(self, store: Store, url: str, home: Path, by: str) -> None:
        self._env = {
            **os.environ,
            "GONOGO_TOKEN": store.token_of(by),
            "GONOGO_URL": url,
            "XDG_CONFIG_HOME": str(home),
        }

    async def __call__(self, *words: str, code: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gonogo", *words,
            env=self._env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, told = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == code, (words, out, told)
        return out.decode()

    async def json(self, *words: str) -> Any:
        return json.loads(await self(*words, "--json"))


@pytest.mark.slow
async def test_a_launch_is_planned_looked_at_postponed_and_held_from_a_shell(
    store: Store, url: str, tmp_path: Path
) -> None:
    opening = (datetime.now(UTC) + 9 * DAY).replace(minute=0, second=0, microsecond=0)
    told = Told(store, "Opening of the store", opening).gating()
    bind(store, await ready(store), told.subject)
    lea = Shell(store, url, tmp_path, "lea")
    launch = told.subject

    drafted = (await lea.json("launch", "draft", "Another", "--zone", "UTC"))["subject"]
    planned = await lea("launch", "plan", drafted, "2031-05")
    polled = await lea("launch", "poll", launch)
    played = await lea.json("launch", "rehearse", launch, "--outage", "T..T+20m", "--hours", "0")
    again = await lea.json(
        "launch", "rehearse", launch, "--outage", "T..T+20m", "--hours", "0",
        "--seed", played["seed"],
    )  # fmt: skip
    tree = await lea("launch", "rehearse", launch, "--runs", "2", "--away", "safety_oncall@T-3d..T")
    forecast = await lea.json("launch", "forecast", launch)
    table = tmp_path / "pressure.csv"
    pressed = await lea("launch", "pressure", launch, "--csv", str(table))
    calendar = await lea("launch", "calendar", "--new")
    duties = await lea("publisher", "duties", store.publishers["lumen"])
    later = "2031-03-04T09:00"
    seen = await lea.json("launch", "postpone", launch, later, "--preview")
    shown = await lea("launch", "postpone", launch, later, "--preview", "--reason", "busy")
    commit = [later, "--reason", "busy", "--decide-by", seen["asked"]["decide_by"]]
    stale = await lea("launch", "postpone", launch, *commit, "--hash", "0" * 64, code=1)
    done = await lea("launch", "postpone", launch, *commit, "--hash", seen["plan_hash"])
    memo = (await lea.json("memo", "prepare", launch))["subject"]
    memos = await lea("memo", "list", "--launch", launch)
    text = await lea("memo", "show", memo)
    sent = await lea("memo", "send", memo, "--to", "internal")
    held = await lea("launch", "hold", drafted, "--reason", "doubt")

    assert "planned: month:2031-05" in planned
    assert "waits for: nobody" in polled
    assert [one["what"] for one in played["moments"]] == [one["what"] for one in again["moments"]]
    assert played["opened_at"] is None
    assert "of 2 rehearsals opened in time" in tree
    assert forecast["cases"] == 1
    assert "between 0 and 1" in pressed
    assert table.read_text("utf-8").startswith('"what","release","gpt"')
    assert "/calendar/" in calendar
    assert "accept_policies" in duties
    assert "hours of reviewers" in shown
    assert stale == ""
    assert done.strip() == "postponed"
    assert memo in memos
    assert "public/en" in text
    assert sent.strip() == "sent to internal"
    assert held.strip() == "hold"


@pytest.mark.slow
async def test_watching_without_a_terminal_prints_lines_and_ends_with_the_launch(
    store: Store, url: str, tmp_path: Path
) -> None:
    told = Told(store, "Night owls", datetime.now(UTC) + 20 * DAY).gating()
    lea = Shell(store, url, tmp_path, "lea")
    told.now = datetime.now(UTC)
    told.give("hold", "lea", told.why("Doubts."))

    watching = asyncio.create_task(lea("launch", "watch", told.subject))
    await asyncio.sleep(0.5)
    told.give("cancel", "lea", told.why("No date."))
    told.give("cancel", "sam", told.why("No date."))
    out = await asyncio.wait_for(watching, 60)

    assert "Night owls · cancelled" in out
