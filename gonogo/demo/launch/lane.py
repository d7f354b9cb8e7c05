"""The way of one GPT to a bound release: submitted, scanned, tested, reviewed, prepared, bound.

What a workflow would do is done here at the time of the story, with the same activities: the static
scan, the probes over HTTP, the plan of the release.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import openai
from temporalio.testing import ActivityEnvironment

from activities.intake import Intake, ScanRequest
from activities.planning import Planning, PlanRequest
from activities.probing import ProbeReport, ProbeRequest, Probing
from gonogo.db.probes import ProbeCases
from gonogo.db.prose import keep_prose
from gonogo.demo.launch.cast import FOUNDERS, SYSTEM
from gonogo.demo.launch.gpts import Candidate
from gonogo.demo.launch.recorded import MODEL
from gonogo.demo.launch.stage import Asked, Given, Stage
from gonogo.ids import new_id
from gonogo.uploads import take_in
from policies.lifecycle.kernel import iso
from policies.lifecycle.submission_state import Stage as Where
from policies.lifecycle.terms import terms_from
from policies.rules.deadlines import add_business, review_due

_HARNESS_KEY = b"the canaries of a story with recorded answers"


@dataclass
class Item:
    """One GPT on its way. `release` is None until its approval took effect."""

    name: str
    publisher: str
    gpt: str
    digest: str
    submission: str
    release: str | None = None


class Lane:
    """`client` asks where recorded answers are given; whoever made it closes it."""

    def __init__(self, stage: Stage, client: openai.AsyncOpenAI) -> None:
        self.stage, self.now = stage, datetime.min
        self._probing = Probing(
            client,
            MODEL,
            str(client.base_url),
            stage.objects,
            ProbeCases(stage.engine),
            stage.packs,
            harness_key=_HARNESS_KEY,
        )
        self._intake = Intake(stage.objects, stage.packs, clock=lambda: self.now)
        self._planning = Planning(stage.engine, stage.packs)

    async def enter(self, candidate: Candidate, at: datetime) -> Item:
        """Submit, scan and, where nothing blocks, test it. Takes five minutes of the story."""
        stage, self.now = self.stage, at
        upload = await asyncio.to_thread(
            take_in,
            stage.engine,
            stage.objects,
            stage.store,
            candidate.publisher,
            candidate.bundle,
            None,
        )
        item = Item(candidate.name, candidate.publisher, upload.gpt, upload.digest, new_id("sub"))
        stage.must(
            self._asked(
                item,
                FOUNDERS[item.publisher],
                "submit",
                at,
                {
                    "gpt": item.gpt,
                    "publisher": item.publisher,
                    "digest": item.digest,
                    "terms": terms_from(stage.pack),
                    "pack": stage.pack.digest,
                },
            )
        )
        await self._scan(item, at + timedelta(minutes=1))
        if self.case(item).stage is Where.TESTING:
            await self._test(item, at + timedelta(minutes=5))
        return item

    async def _scan(self, item: Item, at: datetime) -> None:
        stage, case = self.stage, self.case(item)
        report = await self._intake.static_scan(
            ScanRequest(stage.store, case.id, case.digest, stage.pack.digest)
        )
        body = {
            "evidence": [report.evidence],
            "blocking": report.blocking,
            "rules": list(report.rules),
            "tier": report.tier,
            "reasons": list(report.reasons),
        }
        stage.must(self._asked(item, SYSTEM, "scanned", at, body))

    async def _test(self, item: Item, at: datetime) -> None:
        stage, case = self.stage, self.case(item)
        request = ProbeRequest(
            stage.store, case.id, case.round, case.digest, stage.pack.digest, case.tier or "high"
        )
        report: ProbeReport = await ActivityEnvironment().run(self._probing.probe, request)
        body = {
            "evidence": [report.evidence],
            "blocked_by": list(report.reasons),
            "why": [],
            "due_at": iso(review_due(stage.pack, case.tier or "high", at)),
            "incomplete": False,
        }
        stage.must(self._asked(item, SYSTEM, "tested", at, body))

    def approve(self, item: Item, by: str, second: str, at: datetime) -> None:
        """Claimed and approved; a second person confirms what the tier demands two voices for."""
        stage = self.stage
        stage.must(self._asked(item, by, "claim", at))
        stage.must(self._judged(item, by, "approve", at + timedelta(minutes=20)))
        if self.case(item).stage is Where.HELD:
            stage.must(self._judged(item, second, "confirm", at + timedelta(minutes=50)))

    def try_to_approve(self, item: Item, by: str, at: datetime) -> Given:
        self.stage.must(self._asked(item, by, "claim", at))
        return self.stage.give(self._judged(item, by, "approve", at + timedelta(minutes=5)))

    def reject(self, item: Item, by: str, at: datetime, clause: str, why: str) -> None:
        note = keep_prose(self.stage.engine, why)
        self.stage.must(self._judged(item, by, "reject", at, clauses=[clause], note=note))

    async def prepare(self, item: Item) -> datetime:
        """Let the approval take effect and prepare its release. Returns when that was."""
        stage, decision = self.stage, self.case(item).decision
        assert decision is not None  # the caller had it approved
        at: datetime = decision.effective_at
        release = new_id("rel")
        stage.must(self._asked(item, SYSTEM, "settle", at, {"release": release}))
        plan = await self._planning.plan_release(PlanRequest(stage.store, item.submission, release))
        body = {**plan.body, "at": iso(at)}
        stage.must(Asked("release", release, SYSTEM, "prepare", at, body))
        item.release = release
        return at

    def bind(self, item: Item, launch: str, importance: str, by: str, at: datetime) -> Given:
        body = {"launch": launch, "wave": 1, "importance": importance, "requires": []}
        assert item.release is not None  # it was prepared
        return self.stage.must(Asked("release", item.release, by, "bind", at, body))

    def case(self, item: Item) -> Any:
        return self.stage.state("submission", item.submission)

    def _asked(
        self, item: Item, who: str, kind: str, at: datetime, body: dict[str, Any] | None = None
    ) -> Asked:
        return Asked("submission", item.submission, who, kind, at, body or {})

    def _judged(self, item: Item, who: str, kind: str, at: datetime, **more: Any) -> Asked:
        case, pack = self.case(item), self.stage.pack
        body = {
            "digest": case.digest,
            "version": case.version,
            "checklist": list(case.terms.checklist),
            **more,
        }
        second = add_business(pack.calendar, at, pack.review.second_due_business_s)
        return Asked("submission", item.submission, who, kind, at, body, due={"second": second})
