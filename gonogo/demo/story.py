"""The story: real GPTs go from submission to the catalogue, and the bad ones do not.

Every step looks at where a case stands and does what a person would do next, so that a story that
was interrupted goes on, and parts may fail and come back on the way.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

from gonogo.demo.people import BRICK, LUMEN
from gonogo.demo.walk import BUSY, CHECKLIST, UNITS, Stuck, Walk

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


class Story(Walk):
    """The whole story. Judged by its expectations."""

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

    async def _poisoned(self, subject: str) -> None:
        case = (await self._until(subject, lambda c: c["stage"] not in BUSY)).body
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
            await self._until(subject, lambda c: c["stage"] not in BUSY),
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
                rui, reply, "leaky-approve", verdict="approve", checklist=CHECKLIST
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
        reply = await self._until(subject, lambda c: c["stage"] not in BUSY)
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
