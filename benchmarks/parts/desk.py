"""Cases that wait for a decision, decided and undone again and again over HTTP."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, text

from benchmarks.parts.people import Lane
from gonogo.packs import load_pack
from gonogo.settings import Settings


@dataclass
class Desk:
    """A reviewer with a claimed case. `version` is the one of the latest answer."""

    lane: Lane
    subject: str
    digest: str
    version: int
    checklist: list[str]

    async def approve(self) -> float:
        """Seconds from the request to the answer of an approval, which is then undone."""
        began = time.perf_counter()
        answer = await self._decide("approve")
        spent = time.perf_counter() - began
        self.version = int(answer["version"])
        self.version = int((await self._decide("undo"))["version"])
        return spent

    async def _decide(self, verdict: str) -> dict[str, Any]:
        return await self.lane.decide(
            self.subject, verdict, self.digest, self.version, self.checklist
        )


async def desk_of(settings: Settings, engine: Engine, lane: Lane, name: str) -> Desk:
    """Submit one case, wait until it is queued, claim it."""
    opened = await lane.submit(name)
    subject = str(opened["subject"])
    await until_queued(engine, subject)
    claimed = await lane.claim(subject)
    checklist = [item.id for item in load_pack(settings.pack).review.checklist]
    return Desk(lane, subject, str(opened["digest"]), int(claimed["version"]), checklist)


async def until_queued(engine: Engine, subject: str, within_s: float = 60.0) -> None:
    """Raises `RuntimeError` when the case does not get there."""
    end = time.monotonic() + within_s
    while await asyncio.to_thread(_stage, engine, subject) != "queued":
        if time.monotonic() > end:
            raise RuntimeError(f"{subject} is not queued after {within_s:.0f} s")
        await asyncio.sleep(0.05)


def _stage(engine: Engine, subject: str) -> str | None:
    question = text("SELECT stage FROM submissions WHERE id = :id")
    with engine.connect() as db:
        row = db.execute(question, {"id": subject}).first()
    return str(row[0]) if row else None
