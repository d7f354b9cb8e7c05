"""What every GPT of the story goes through: wait, claim, decide, release, see who is served."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gonogo.demo.client import Player, Reply

REVIEWERS = ("per_rui", "per_sena")
BUSY = frozenset({"validating", "testing"})
CHECKLIST = ["purpose", "conduct", "data"]
UNITS = [f"user-{n}" for n in range(400)]


class Stuck(RuntimeError):
    """A case did not arrive where it should. The message says where it stands."""


@dataclass
class Expectation:
    what: str
    held: bool
    seen: str


@dataclass(frozen=True)
class Share:
    """Of `asked` users, `served` got the candidate; `wrong` of them must not have."""

    served: int
    wrong: int
    asked: int


@dataclass
class Walk:
    """`players` by person id; `tell` gets one line per step; `within_s` bounds each wait."""

    players: dict[str, Player]
    tell: Callable[[str], None]
    within_s: float = 280
    expectations: list[Expectation] = field(default_factory=list)
    digests: dict[str, tuple[str, str]] = field(default_factory=dict)  # sample → (GPT, digest)

    def expect(self, what: str, held: bool, seen: object) -> None:
        self.expectations.append(Expectation(what, held, str(seen)))
        if not held:
            self.tell(f"NOT AS EXPECTED: {what}: {seen}")

    async def _until(self, subject: str, good: Callable[[dict[str, Any]], bool]) -> Reply:
        began, seen = time.monotonic(), ""
        while time.monotonic() - began < self.within_s:
            reply = await self.players["per_lea"].get(f"/v1/submissions/{subject}")
            if reply.status == 200 and good(reply.body):
                return reply
            seen = str(reply.body.get("stage", reply.body))
            await asyncio.sleep(0.5)
        raise Stuck(f"{subject} is still {seen} after {self.within_s:.0f} s")

    async def _claimed(self, subject: str, reviewer: Player, key: str) -> Reply:
        """The case once this reviewer holds it; waits while they hold three others."""
        for attempt in range(600):
            reply = await self.players["per_lea"].get(f"/v1/submissions/{subject}")
            if reply.body.get("stage") == "in_review":
                return reply
            await reviewer.give(f"/v1/reviews/{subject}/claim", f"claim-{key}-{attempt}")
            await asyncio.sleep(0.3)
        raise Stuck(f"{subject} could not be claimed")

    async def _decide(self, reviewer: Player, seen: Reply, key: str, **body: Any) -> Reply:
        case = seen.body
        return await reviewer.give(
            f"/v1/reviews/{case['id']}/decisions",
            f"{key}-v{case['version']}",
            {"digest": case["digest"], **body},
            etag=seen.etag,
        )

    async def _clean(self, name: str, subject: str, late: bool) -> None:
        """Review, second voice where the tier asks for it, release in stages, until everyone."""
        first, second = (self.players[p] for p in REVIEWERS)
        await self._until(subject, lambda c: c["stage"] not in BUSY)
        began = time.monotonic()
        while time.monotonic() - began < self.within_s:
            reply = await self.players["per_lea"].get(f"/v1/submissions/{subject}")
            stage = reply.body.get("stage")
            if stage == "queued":
                await self._claimed(subject, first, name)
            elif stage == "in_review":
                said = await self._decide(
                    first,
                    reply,
                    f"approve-{name}",
                    verdict="approve",
                    checklist=CHECKLIST,
                    note="Does what it says.",
                )
                if said.code == "evidence-blocks":
                    raise Stuck(f"{name} cannot be approved: {said.body.get('detail')}")
            elif stage == "held":
                await self._decide(second, reply, f"confirm-{name}", verdict="confirm")
            elif reply.body.get("release") or (reply.body.get("final") and stage != "approved"):
                break
            await asyncio.sleep(0.4)
        case = reply.body
        decision = case["decision"] or {}
        people = {decision.get("by"), decision.get("second")} - {None}
        wanted = 2 if case["tier"] == "high" else 1
        self.expect(
            f"{name} ({case['tier']} risk) is approved by {wanted}",
            stage == "approved" and len(people) == wanted,
            f"{stage} by {len(people)}",
        )
        self.tell(f"{name} is approved ({case['tier']} risk, {len(people)} voices)")
        if case["release"]:
            await self._roll_out(name, case["release"], late)

    async def _roll_out(self, name: str, release: str, late: bool) -> None:
        lea = self.players["per_lea"]
        seen: list[int] = []
        exposed: dict[int, Share | None] = {}
        began = time.monotonic()
        while time.monotonic() - began < self.within_s:
            reply = await lea.get(f"/v1/releases/{release}")
            phase, weight = reply.body.get("phase"), int(reply.body.get("weight_bp") or 0)
            if phase == "ready" and late:
                await lea.give(
                    f"/v1/releases/{release}/schedule",
                    f"schedule-{name}",
                    {"at": _soon()},
                    etag=reply.etag,
                )
            elif phase == "ready":
                await lea.give(f"/v1/releases/{release}/start", f"start-{name}", etag=reply.etag)
            elif phase == "held":
                await lea.give(
                    f"/v1/releases/{release}/resume",
                    f"resume-{name}-v{reply.body['version']}",
                    etag=reply.etag,
                )
            elif phase == "rolling" and weight not in seen:
                seen.append(weight)
                if weight < 10_000:
                    exposed[weight] = await self._share(name, release, weight)
            elif phase in ("completed", "cancelled", "rolled_back", "superseded"):
                break
            await asyncio.sleep(0.3)
        self.expect(
            f"{name} is released to everyone in stages",
            phase == "completed",
            f"{phase}, stages seen: {seen}",
        )
        for weight, share in exposed.items():
            if share is not None:
                self.expect(
                    f"{name}: at {weight / 100:.0f} % nobody beyond the plan is served",
                    share.wrong == 0,
                    f"{share.served} of {share.asked}",
                )
        self.tell(f"{name} is released ({'scheduled' if late else 'started'} by the product lead)")

    async def _share(self, name: str, release: str, weight: int) -> Share | None:
        """Who of a sample is served, and whose bucket says otherwise; None if the stage ended."""
        gpt, digest = self.digests[name]
        sample, served, wrong = UNITS[:40], 0, 0
        for unit in sample:
            answer = await self.players["public"].get(f"/v1/catalogue/{gpt}/resolve", unit=unit)
            hit = answer.body.get("digest") == digest
            served += hit
            # Fewer than planned is a listing that has not been told yet; more is never right.
            wrong += hit and not 0 < (answer.body.get("bucket") or 0) <= weight
        after = await self.players["per_lea"].get(f"/v1/releases/{release}")
        if after.body.get("weight_bp") != weight:
            return None
        return Share(served, wrong, len(sample))


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
