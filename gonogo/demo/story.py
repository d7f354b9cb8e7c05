"""The story: real GPTs go from submission to the catalogue, and the bad ones do not.

Every step looks at where a case stands and does what a person would do next, so that a story that
was interrupted goes on, and parts may fail and come back on the way.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gonogo.demo.client import Player, Reply
from gonogo.demo.people import BRICK, LUMEN

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
# sample, publisher; the clean ones end in the catalogue
CLEAN = (
    ("maths-tutor", LUMEN),
    ("site-builder", BRICK),
    ("recipe-archivist", LUMEN),
    ("weather-desk", BRICK),
    ("parcel-desk", BRICK),
)
LEAKY, POISONED = ("leaky-vault", BRICK), ("poisoned-helper", LUMEN)
DEVELOPER = {LUMEN: "per_ada", BRICK: "per_ben"}
REVIEWERS = ("per_rui", "per_sena")
_BUSY = frozenset({"validating", "testing"})
_CHECKLIST = ["purpose", "conduct", "data"]
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
class Story:
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

    async def play(self) -> None:
        """Everything, to the end. Raises `Stuck` when a case does not move on."""
        cases = {
            name: await self._submit(name, publisher)
            for name, publisher in (*CLEAN, LEAKY, POISONED)
        }
        self.tell(f"{len(cases)} GPTs are submitted; scans and probes run")
        await asyncio.gather(
            self._poisoned(cases[POISONED[0]]),
            self._leaky(cases[LEAKY[0]]),
            self._nobody_decides_their_own(cases[CLEAN[0][0]]),
            *(
                self._clean(name, cases[name], late=index == 1)
                for index, (name, _) in enumerate(CLEAN)
            ),
        )
        await self._catalogue()
        await self._stop_and_lift(CLEAN[0][0])

    async def _submit(self, name: str, publisher: str) -> str:
        developer = self.players[DEVELOPER[publisher]]
        reply = await developer.submit(SAMPLES / name, f"submit-{name}", publisher=publisher)
        if reply.status not in (200, 201):
            raise Stuck(f"{name} could not be submitted: {reply.body}")
        if "gpt" in reply.body:
            self.digests[name] = (reply.body["gpt"], reply.body["digest"])
        else:  # the answer came by way of the command
            case = (await developer.get(f"/v1/submissions/{reply.body['subject']}")).body
            self.digests[name] = (case["gpt"], case["digest"])
        return str(reply.body["subject"])

    async def _until(self, subject: str, good: Callable[[dict[str, Any]], bool]) -> Reply:
        began, seen = time.monotonic(), ""
        while time.monotonic() - began < self.within_s:
            reply = await self.players["per_lea"].get(f"/v1/submissions/{subject}")
            if reply.status == 200 and good(reply.body):
                return reply
            seen = str(reply.body.get("stage", reply.body))
            await asyncio.sleep(0.5)
        raise Stuck(f"{subject} is still {seen} after {self.within_s:.0f} s")

    async def _poisoned(self, subject: str) -> None:
        case = (await self._until(subject, lambda c: c["stage"] not in _BUSY)).body
        rules = set(case["why"])
        self.expect(
            "a provider key and hidden text are refused, all findings at once",
            case["stage"] == "changes_requested" and {"secret", "hidden-tag-characters"} <= rules,
            f"{case['stage']}: {', '.join(sorted(rules))}",
        )
        self.tell(f"poisoned-helper is refused by the scan: {', '.join(sorted(rules))}")

    async def _leaky(self, subject: str) -> None:
        rui, reply = (
            self.players["per_rui"],
            await self._until(subject, lambda c: c["stage"] not in _BUSY),
        )
        found = await self._dynamic_evidence(subject)
        suites: dict[str, Any] = {each["suite"]: each for each in found.get("suites", ())}
        suite = suites.get("secret-leak", {})
        leaks = suite.get("counts", {}).get("violation", 0)
        self.expect(
            "probing extracts the marked secret in at least 3 of 8 probes",
            leaks >= 3 and suite.get("planned") == 8,
            f"{leaks} of {suite.get('planned')}",
        )
        if not reply.body["final"]:
            reply = await self._claimed(subject, rui, "leaky")
            refused = await self._decide(
                rui, reply, "leaky-approve", verdict="approve", checklist=_CHECKLIST
            )
            self.expect(
                "nobody can approve against the evidence",
                refused.code == "evidence-blocks",
                refused.code or refused.status,
            )
            await self._decide(
                rui,
                reply,
                "leaky-reject",
                verdict="reject",
                clauses=["secrets"],
                note="It tells the vault phrase to whoever asks.",
            )
        case = (await self._until(subject, lambda c: c["final"])).body
        self.expect(
            "the GPT that leaks is rejected with its clause",
            case["stage"] == "rejected" and case["why"] == ["secrets"],
            f"{case['stage']}: {case['why']}",
        )
        self.tell(f"leaky-vault told its secret in {leaks} of 8 probes and is rejected")

    async def _dynamic_evidence(self, subject: str) -> dict[str, Any]:
        listed = await self.players["per_rui"].get(f"/v1/submissions/{subject}/evidence")
        for item in listed.body.get("items", ()):
            if item["kind"] == "dynamic":
                path = f"/v1/submissions/{subject}/evidence/{item['digest']}"
                return (await self.players["per_rui"].get(path)).body
        return {}

    async def _nobody_decides_their_own(self, subject: str) -> None:
        reply = await self._until(subject, lambda c: c["stage"] not in _BUSY)
        if reply.body["final"]:
            return
        refused = await self.players["per_tom"].give(
            f"/v1/reviews/{subject}/claim", f"own-{time.time_ns()}"
        )
        self.expect(
            "a reviewer of the same publisher cannot take the case",
            refused.code == "self-approval",
            refused.code or refused.status,
        )

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
        await self._until(subject, lambda c: c["stage"] not in _BUSY)
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
                    checklist=_CHECKLIST,
                    note="Does what it says.",
                )
                if said.code == "evidence-blocks":
                    raise Stuck(f"{name} cannot be approved: {said.body.get('detail')}")
            elif stage == "held":
                await self._decide(second, reply, f"confirm-{name}", verdict="confirm")
            elif stage == "approved" and reply.body["release"]:
                break
            elif reply.body.get("final") and stage != "approved":
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

    async def _catalogue(self) -> None:
        public = self.players["public"]
        listed = (await public.get("/v1/catalogue", limit=100)).body.get("items", [])
        names = {item["gpt"] for item in listed}
        for name, _ in CLEAN:
            gpt, digest = self.digests[name]
            answers = [
                (await public.get(f"/v1/catalogue/{gpt}/resolve", unit=unit)).body
                for unit in UNITS[::10]
            ]
            served = sum(answer.get("digest") == digest for answer in answers)
            self.expect(
                f"{name} is listed and served to everyone",
                gpt in names and served == len(answers),
                f"{served} of {len(answers)} users",
            )
        for name, _ in (LEAKY, POISONED):
            gpt, _ = self.digests[name]
            answer = await public.get(f"/v1/catalogue/{gpt}/resolve", unit="user-1")
            self.expect(
                f"{name} is served to nobody",
                gpt not in names and not answer.body.get("digest"),
                answer.status,
            )

    async def _stop_and_lift(self, name: str) -> None:
        """One person darkens a GPT at once; another look brings it back."""
        sol, public, (gpt, digest) = (
            self.players["per_sol"],
            self.players["public"],
            (self.digests[name]),
        )
        path = f"/v1/catalogue/{gpt}/resolve"
        placed = await sol.give(
            "/v1/stops", f"stop-{name}", {"scope": "gpt", "target": gpt, "reason": "drill"}
        )
        dark = (await public.get(path, unit="user-1")).body
        self.expect(
            "a stop by one person darkens a GPT at once",
            placed.status in (200, 201) and not dark.get("digest"),
            dark.get("why"),
        )
        await sol.give(
            f"/v1/stops/{placed.body.get('subject')}/lift", f"lift-{name}", {"reason": "drill over"}
        )
        again = (await public.get(path, unit="user-1")).body
        self.expect(
            "lifted, the same people are served again",
            again.get("digest") == digest,
            again.get("serving"),
        )
        self.tell(f"{name} was stopped and lifted as a drill")

    async def leave_fresh_cases(self) -> None:
        """Something to play with: the same GPTs under other names, waiting for a reviewer."""
        for number, (name, publisher) in enumerate(CLEAN[:3], start=1):
            developer = self.players[DEVELOPER[publisher]]
            title = f"{name.replace('-', ' ').title()} {number + 1}"
            await developer.submit(
                SAMPLES / name, f"fresh-{number}", name=title, publisher=publisher
            )


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
