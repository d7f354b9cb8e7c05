"""One GPT's case: from a submission to a decision that has taken effect.

validate → test → (queue ⇄ review) → decision → settle: a release begins
   ↑____________ a new round, whenever the developer sends another digest
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.exposure import Exposure, SubjectInput
    from activities.intake import Intake, ScanRequest
    from activities.planning import DueRequest, LeaseRequest, Planning
    from activities.probing import ProbeRequest, Probing
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command, iso
    from policies.lifecycle.submission import MACHINE
    from policies.lifecycle.submission_state import FINAL, Stage, Submission
    from policies.rules.deadlines import ladder_at
    from workflows.effects import surely
    from workflows.ids import new_id
    from workflows.options import GLANCE, MODEL_CALL, PROBE_QUEUE, SCAN
    from workflows.subject import Subject


@workflow.defn(name="Case", failure_exception_types=[PolicyError])
class Case:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._case: Subject[Submission] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._case.load(start.past)
        if not await self._opened():
            return "never opened"
        while not await self._settled():
            await _TURNS[self.state.stage](self)
            self._renew_history()
        await self._begin_release()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.state.stage.value

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._case.apply(command)

    @workflow.signal
    async def refresh(self) -> None:
        await self._case.refresh()

    @command.validator
    def _check(self, command: Command) -> None:
        self._case.check(command)

    @property
    def state(self) -> Submission:
        assert self._case.state is not None  # run() waits for the opening
        return self._case.state

    async def _opened(self) -> bool:
        """The submitting Update comes with the start; one that was refused leaves nothing.

        An Update that was recorded and then lost with its workflow task is found in the record.
        """
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._case.state is None:
            await self._case.refresh()
        return self._case.state is not None or await self._case.changed(
            workflow.now() + timedelta(seconds=30)
        )

    async def _validate(self) -> None:
        s = self.state
        request = ScanRequest(s.store, s.id, s.digest, s.terms.pack)
        report = await self._unless_changed(
            workflow.start_local_activity_method(Intake.static_scan, request, **GLANCE)
        )
        if report is None:  # a large bundle, or a fault: what is asked at leisure can be cancelled
            report = await self._unless_changed(
                workflow.start_activity_method(
                    Intake.static_scan,
                    request,
                    schedule_to_close_timeout=timedelta(seconds=s.terms.testing_max_s),
                    **SCAN,
                )
            )
        if report is CHANGED:
            return
        if report is None:  # I7: no result is not a good result; a person will see it
            await self._case.own(
                "scanned",
                {
                    "evidence": [],
                    "blocking": 0,
                    "rules": [],
                    "tier": "high",
                    "reasons": ["static_scan_missing"],
                },
            )
            return
        await self._case.own(
            "scanned",
            {
                "evidence": [report.evidence],
                "blocking": report.blocking,
                "rules": list(report.rules),
                "tier": report.tier,
                "reasons": list(report.reasons),
            },
        )

    async def _test(self) -> None:
        s = self.state
        tier = s.tier or "high"
        request = ProbeRequest(s.store, s.id, s.round, s.digest, s.terms.pack, tier)
        report = await self._unless_changed(
            workflow.start_activity_method(
                Probing.probe,
                request,
                task_queue=PROBE_QUEUE,
                schedule_to_close_timeout=timedelta(seconds=s.terms.testing_max_s),
                **MODEL_CALL,
            )
        )
        if report is CHANGED:
            return
        incomplete = report is None
        if incomplete:  # S4: what was found out so far goes to a person, marked incomplete
            report = await self._unless_changed(
                workflow.start_activity_method(
                    Probing.conclude,
                    request,
                    task_queue=PROBE_QUEUE,
                    schedule_to_close_timeout=timedelta(minutes=2),
                    **SCAN,
                )
            )
            if report is CHANGED:
                return
        blocked = [code for code in s.tier_reasons if code == "static_scan_missing"]
        blocked += list(report.reasons) if report else ["tests_missing"]
        due_at = report.due_at if report else None
        if due_at is None:
            due = await surely(Planning.review_due, DueRequest(s.terms.pack, tier, workflow.now()))
            due_at = due.at
        await self._case.own(
            "tested",
            {
                "evidence": [report.evidence] if report else [],
                "blocked_by": blocked,
                "why": ["incomplete"] if incomplete else [],
                "due_at": iso(due_at),
                "incomplete": incomplete,
            },
        )

    async def _await_review(self) -> None:
        """Queued, in review or held: our clock runs. Late is counted and told, never approved."""
        s = self.state
        ladder, lease = self._next_ladder_step(), s.lease_until
        first = min((at for at in (ladder, lease) if at), default=None)
        if await self._case.changed(first):
            return
        if lease and lease <= workflow.now() and await self._lease_ended():
            await self._case.own("lease_over")
        elif ladder and ladder <= workflow.now():
            await self._case.own("overdue")

    async def _lease_ended(self) -> bool:
        """Renewals are no events: the row says how long the claim holds, at most `lease_max_s`."""
        s = self.state
        assert s.claimed_at is not None  # a lease has a claim
        longest = s.claimed_at + timedelta(seconds=s.terms.lease_max_s)
        while True:
            lease = await surely(Planning.lease_until, LeaseRequest(s.store, s.id))
            until = min(lease.until or workflow.now(), longest)
            if until <= workflow.now():
                return True
            if await self._case.changed(until):
                return False

    async def _await_developer(self) -> None:
        """The developer has the ball: warned, then expired; anything they do ends the wait."""
        s = self.state
        assert s.wait_until is not None  # the events of these stages carry it
        warnings = [
            at
            for b in s.terms.warn_before_s
            if (at := s.wait_until - timedelta(seconds=b)) > s.since
        ]
        warn_at = warnings[s.warnings] if s.warnings < len(warnings) else None
        if await self._case.changed(warn_at or s.wait_until):
            return
        await self._case.own("warn" if warn_at else "expire")

    async def _settled(self) -> bool:
        """Whether the case is over: a decision takes effect when it can no longer be undone."""
        while self.state.stage in FINAL:
            decision = self.state.decision
            if decision is None or self.state.settled:
                return True
            if not await self._case.changed(decision.effective_at):
                approved = self.state.stage is Stage.APPROVED
                await self._case.own("settle", {"release": new_id("rel") if approved else None})
        return False

    async def _begin_release(self) -> None:
        s = self.state
        if s.release is None:
            return
        await surely(
            Exposure.begin_release,
            SubjectInput(store=s.store, subject=s.release, gpt=s.gpt, submission=s.id),
        )

    async def _unless_changed(self, activity: asyncio.Task[Any]) -> Any:
        """The activity's report; None if it failed for good; CHANGED if the case moved on."""
        seq = self._case.seq
        await workflow.wait_condition(lambda: activity.done() or self._case.seq != seq)
        if self._case.seq != seq:
            activity.cancel()
            return CHANGED
        try:
            return activity.result()
        except (ActivityError, ApplicationError) as failure:  # a local one fails as the latter
            workflow.logger.warning("activity gave no result: %s", type(failure.cause).__name__)
            return None

    def _next_ladder_step(self) -> datetime | None:
        s = self.state
        begun = s.since if s.stage is Stage.HELD else s.queued_at
        if s.due_at is None or begun is None or s.ladder_steps >= len(s.terms.ladder):
            return None
        return ladder_at(begun, s.due_at, s.terms.ladder[s.ladder_steps])

    def _renew_history(self) -> None:
        if workflow.info().is_continue_as_new_suggested() and workflow.all_handlers_finished():
            workflow.continue_as_new(
                SubjectInput(store=self.state.store, subject=self.state.id, gpt=self.state.gpt)
            )


# Rows S6 and S18 bring a turn for `escalated` along with the way into it.
_TURNS: dict[Stage, Callable[[Case], Awaitable[None]]] = {
    Stage.VALIDATING: Case._validate,
    Stage.TESTING: Case._test,
    Stage.QUEUED: Case._await_review,
    Stage.IN_REVIEW: Case._await_review,
    Stage.HELD: Case._await_review,
    Stage.INFO_REQUESTED: Case._await_developer,
    Stage.CHANGES_REQUESTED: Case._await_developer,
}
CHANGED = object()
