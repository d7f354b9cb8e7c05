"""What 200 GPTs go through while everything around them breaks: one coroutine a life.

A command is given again under its Idempotency-Key until somebody answers it, as a client should.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from gonogo.ids import new_id
from tests.api.store import CHECKLIST, files_of, manifest
from tests.faults.driver import ACTION, CHARTS

PATIENCE_S = 300.0  # for one step of one life, everything around it broken
_AGAIN_S = 0.3


@dataclass
class Desk:
    """A developer, two reviewers and a lead with the same API; `notes` is what went wrong."""

    http: httpx.AsyncClient
    tokens: Mapping[str, str]
    notes: list[str] = field(default_factory=list)
    retries: int = 0

    async def ask(
        self, method: str, path: str, by: str | None, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Until somebody answers with something else than “not now”."""
        ends = time.monotonic() + PATIENCE_S
        own = {"Authorization": f"Bearer {self.tokens[by]}"} if by else {}
        while True:
            try:
                answer = await self.http.request(method, path, json=body, headers=own | headers)
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
                told = answer.text
            except httpx.HTTPError as fault:
                told = type(fault).__name__
            if time.monotonic() > ends:
                raise AssertionError(f"{method} {path} got no answer: {told}")
            self.retries += 1
            await asyncio.sleep(_AGAIN_S)

    async def give(
        self, path: str, by: str, body: Any = None, version: int | None = None
    ) -> dict[str, Any]:
        """A command and its first answer; what was only kept is asked for until it is done."""
        headers = {"Idempotency-Key": new_id("key")}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        ends = time.monotonic() + PATIENCE_S
        while True:
            answer = await self.ask("POST", path, by, body, **headers)
            if answer.status_code != 202:
                return {**answer.json(), "http": answer.status_code}
            assert time.monotonic() < ends, f"{path} stays pending"
            await asyncio.sleep(_AGAIN_S)

    async def until(self, path: str, right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        ends, last = time.monotonic() + PATIENCE_S, dict[str, Any]()
        while time.monotonic() < ends:
            last = dict((await self.ask("GET", path, "lea")).json())
            if right(last):
                return last
            await asyncio.sleep(_AGAIN_S)
        raise AssertionError(f"{path} never came to it: {last}")


@dataclass
class Life:
    """One GPT on its way, with the two reviewers who look at it."""

    desk: Desk
    number: int
    reviewer: str
    second: str
    subject: str = ""
    gpt: str = ""
    round: int = 1

    async def submit(self, marks: str = "", **more: Any) -> None:
        """A bundle like no other; `marks` go into its instructions."""
        high = more.pop("high", False)
        named = {"actions": [ACTION]} if high else {}
        value = manifest(
            f"Guide {self.number}",
            instructions=f"You name stars. Number {self.number}, round {self.round}. {marks}",
            **named,
            **more,
        )
        body: dict[str, Any] = {
            "files": files_of(value, **({"charts.json": json.dumps(CHARTS)} if high else {}))
        }
        if self.gpt:
            body["gpt"] = self.gpt
        told = await self.desk.give("/v1/submissions", "ada", body)
        assert told["http"] in (200, 201), told
        self.subject, self.gpt = told["subject"], told["gpt"]

    async def at(self, *stages: str) -> dict[str, Any]:
        return await self.desk.until(
            f"/v1/submissions/{self.subject}",
            lambda c: c.get("stage") in stages and c["round"] == self.round,
        )

    async def claim(self, by: str) -> dict[str, Any]:
        await self.at("queued")
        told = await self.desk.give(f"/v1/reviews/{self.subject}/claim", by)
        assert told["http"] == 200, told
        return await self.at("in_review")

    async def decide(self, verdict: str, by: str) -> dict[str, Any]:
        seen = await self.desk.until(f"/v1/submissions/{self.subject}", lambda c: "stage" in c)
        body: dict[str, Any] = {"verdict": verdict, "digest": seen["digest"], "note": "As said."}
        if verdict == "approve":
            body["checklist"] = CHECKLIST
        if verdict in ("reject", "request_changes"):
            body["clauses"] = ["quality"]
        if verdict == "ask":
            body["reason"] = "purpose"
        path = f"/v1/reviews/{self.subject}/decisions"
        told = await self.desk.give(path, by, body, seen["version"])
        assert told["http"] == 200, told
        return told

    async def released(self) -> None:
        """Through the stages of a first release, to everyone."""
        settled = await self.desk.until(f"/v1/submissions/{self.subject}", lambda c: c["release"])
        path = f"/v1/releases/{settled['release']}"
        ready = await self.desk.until(path, lambda r: r.get("phase") == "ready")
        told = await self.desk.give(f"{path}/start", "lea", None, ready["version"])
        assert told["http"] == 200, told
        await self.desk.until(path, lambda r: r["phase"] == "completed")


async def approved(life: Life) -> str:
    await life.submit()
    await life.claim(life.reviewer)
    await life.decide("approve", life.reviewer)
    return "approved"


async def to_everyone(life: Life) -> str:
    await approved(life)
    await life.released()
    return "approved"


async def rejected(life: Life) -> str:
    await life.submit("It STUMBLES.")
    await life.claim(life.reviewer)
    await life.decide("reject", life.reviewer)
    return "rejected"


async def too_long(life: Life) -> str:
    """What cannot be tested reaches a person, who cannot approve it."""
    await life.submit("TOO LONG")
    await life.claim(life.reviewer)
    seen = await life.at("in_review")
    path = f"/v1/reviews/{life.subject}/decisions"
    body = {"verdict": "approve", "digest": seen["digest"], "checklist": CHECKLIST}
    refused = await life.desk.give(path, life.reviewer, body, seen["version"])
    assert refused["type"] == "/problems/evidence-blocks", refused
    await life.decide("request_changes", life.reviewer)
    return "changes_requested"


async def second_round(life: Life) -> str:
    """A finding that blocks, mended."""
    await life.submit("The key is AKIA" + "Z7Q4M2X9K1P6R3T8.")
    await life.at("changes_requested")
    life.round = 2
    await life.submit()
    await life.claim(life.reviewer)
    await life.decide("approve", life.reviewer)
    return "approved"


async def asked(life: Life) -> str:
    await life.submit()
    await life.claim(life.reviewer)
    await life.decide("ask", life.reviewer)
    await life.at("info_requested")
    told = await life.desk.give(
        f"/v1/submissions/{life.subject}/answer", "ada", {"note": "Because."}
    )
    assert told["http"] == 200, told
    await life.claim(life.reviewer)
    await life.decide("approve", life.reviewer)
    return "approved"


async def withdrawn(life: Life) -> str:
    await life.submit()
    told = await life.desk.give(f"/v1/submissions/{life.subject}/withdraw", "ada")
    assert told["http"] == 200, told
    return "withdrawn"


async def two_voices(life: Life) -> str:
    await life.submit(high=True)
    await life.claim(life.reviewer)
    await life.decide("approve", life.reviewer)
    await life.at("held")
    await life.decide("confirm", life.second)
    return "approved"


async def disagreed(life: Life) -> str:
    await life.submit(high=True)
    await life.claim(life.reviewer)
    await life.decide("approve", life.reviewer)
    await life.at("held")
    await life.decide("disagree", life.second)
    return "queued"


KINDS: tuple[Callable[[Life], Awaitable[str]], ...] = (
    approved,
    to_everyone,
    rejected,
    too_long,
    second_round,
    asked,
    withdrawn,
    two_voices,
    disagreed,
    approved,
)
