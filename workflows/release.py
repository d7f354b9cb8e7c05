"""One release: ready, scheduled, then stage by stage until everyone has it, or people say no.

prepare → wait for a person or a time → (precheck → expose → soak)* → promote
             ↘ bound: wait for its launch ↗
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.exposure import Exposure, ExposureCommand, SubjectInput
    from activities.launching import Launching, Seat, SeatRequest
    from activities.planning import FreezeRequest, Planning, PlanRequest, PrecheckRequest
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import SYSTEM_ACTOR, Command, instant
    from policies.lifecycle.release import MACHINE
    from policies.lifecycle.release_state import FINAL, Phase, Release
    from policies.lifecycle.release_windows import moves_for, thaws_at
    from policies.rules.window_plan import Covered
    from workflows.effects import surely
    from workflows.options import COMMAND
    from workflows.subject import Observe, Subject

# What of I6 does not hold is looked at again this often, growing to an hour.
_RECHECK_FIRST, _RECHECK_MOST = timedelta(seconds=30), timedelta(hours=1)
# A frozen release looks this often whether its windows are still there.
_THAW_LOOK = timedelta(minutes=30)
# Only these commands let exposure start or grow, so only they need a precheck.
_GROWING = frozenset({"start", "resume", "fire", "recheck", "advance"})


@workflow.defn(name="Rollout", failure_exception_types=[PolicyError])
class Rollout:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._release: Subject[Release] = Subject(MACHINE, start.store, start.subject)
        self._told: tuple[Any, ...] = ()  # what the listing was told last
        self._rechecks = 0
        self._moves = 0  # of its launch, that it was told of
        # The one it is bound to, to be told when it leaves, and how much it matters there.
        self._launch, self._importance = "", ""

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._release.load()
        if self._release.state is None:
            await self._prepare(start)
        while self.state.phase not in FINAL:
            await self._tell_launch()
            await self._tell_listing()
            if self._is_told() and self.state.phase in _TURNS:  # else a person changed it meanwhile
                await _TURNS[self.state.phase](self)
            self._renew_history(start)
        await self._tell_launch()
        await self._tell_listing()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.state.phase.value

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._release.apply(command, self._observer(command))

    @command.validator
    def _check(self, command: Command) -> None:
        self._release.check(command, looks=command.kind == "choose")

    @workflow.signal
    async def refresh(self) -> None:
        await self._release.refresh()

    @workflow.signal
    async def launch_moved(self) -> None:
        self._moves += 1

    @workflow.signal
    async def retimed(self, time: dict[str, Any]) -> None:
        """Newer zone data: the civil time it starts at is another instant now."""
        await self._release.own("retime", {"time": time})

    @workflow.signal
    async def superseded(self, by: str) -> None:
        await self._release.own("supersede", {"reason": "superseded", "note": by})

    @property
    def state(self) -> Release:
        assert self._release.state is not None  # run() prepares it first
        return self._release.state

    async def _prepare(self, start: SubjectInput) -> None:
        request = PlanRequest(start.store, start.submission, start.subject)
        plan = await surely(Planning.plan_release, request)
        self._release.pack = plan.pack
        await self._release.own("prepare", plan.body)

    def _observer(self, command: Command) -> Observe | None:
        if command.kind in _GROWING:
            return self._precheck(command.kind)
        if command.kind == "choose":
            return self._launch_row
        if command.kind == "schedule":
            return lambda: self._windows_at(command)
        return None

    async def _launch_row(self) -> Mapping[str, Any]:
        """What its launch asks, at this moment."""
        seat = await surely(Launching.seat, SeatRequest(self.state.store, self.state.id))
        return await _seen(seat)()

    def _precheck(self, kind: str) -> Observe:
        async def look() -> Mapping[str, Any]:
            s = self.state
            windows = self._asked(kind, workflow.now())
            report = await surely(
                Planning.precheck, PrecheckRequest(s.store, s.submission, s.digest, windows)
            )
            return {"precheck": report.failing, "freeze": report.freeze}

        return look

    async def _windows_at(self, command: Command) -> Mapping[str, Any]:
        """What windows say about the time somebody wants it to start at."""
        try:
            at = instant(command.body.get("at"))
        except ValueError:
            return {}  # the rules refuse it
        windows = self._asked("schedule", at)
        report = await surely(Planning.freeze, windows) if windows else None
        return {"freeze": report.freeze if report else None}

    def _asked(self, kind: str, at: datetime) -> FreezeRequest | None:
        s = self.state
        moves = moves_for(s, kind)
        of = Covered(s.store, s.gpt, s.publisher, s.digest, s.pack)
        passed = s.overridden if kind in ("fire", "recheck") else ()
        return FreezeRequest(of, moves, at, passed) if moves else None

    async def _await_person(self) -> None:
        await self._release.changed()

    async def _await_start(self) -> None:
        if not await self._release.changed(self.state.scheduled_at):
            await self._release.own("fire", observe=self._precheck("fire"))

    async def _await_launch(self) -> None:
        """Its launch alone says when. Nothing here has a time."""
        seq, moves = self._release.seq, self._moves
        seat = await surely(Launching.seat, SeatRequest(self.state.store, self.state.id))
        moved = seat.does is not None and self._release.seq == seq
        if moved and await self._release.own(str(seat.does), observe=_seen(seat)):
            return
        await workflow.wait_condition(lambda: self._release.seq != seq or self._moves != moves)

    async def _tell_launch(self) -> None:
        """An item that leaves is counted by its launch (L12)."""
        s, launch, importance = self.state, self._launch, self._importance
        self._launch, self._importance = (
            (s.launch or "", s.importance or "must") if s.is_bound else ("", "")
        )
        if not launch or s.is_bound or s.stage is not None:
            return
        try:
            handle = workflow.get_external_workflow_handle(f"launch/{launch}")
            await handle.signal("item_left", importance)
        except ApplicationError as gone:
            workflow.logger.info("launch %s is over already: %s", launch, gone.type)

    async def _await_clearing(self) -> None:
        if self.state.is_bound:
            await self._await_launch()
            return
        wait = min(_RECHECK_FIRST * 2 ** min(self._rechecks, 7), _RECHECK_MOST)
        self._rechecks += 1
        again = workflow.now() + wait
        if not await self._release.changed(self._thaw() if self.state.frozen_by else again):
            await self._release.own("recheck", observe=self._precheck("recheck"))

    async def _soak(self) -> None:
        self._rechecks = 0
        over = self._thaw() if self.state.frozen_by else self.state.stage_over_at
        if not await self._release.changed(over):
            await self._release.own("advance", observe=self._precheck("advance"))

    def _thaw(self) -> datetime:
        """When its windows end; looked at now and then, since people end windows early."""
        again = workflow.now() + _THAW_LOOK
        return min(thaws_at(self.state) or again, again)

    async def _await_pause_end(self) -> None:
        if not await self._release.changed(self.state.pause_until):
            await self._release.own("pause_over")

    async def _tell_listing(self) -> None:
        """Bring the listing to what this state means. Telling the same twice changes nothing."""
        kind, body = self._meaning()
        if kind is None or self._is_told():
            return
        s, told = self.state, (kind, self.state.stage)
        command = Command(
            id=f"{s.id}:{s.seq}:{kind}",
            kind=kind,
            store=s.store,
            subject=s.listing,
            actor=SYSTEM_ACTOR,
            at=workflow.now(),
            body={"release": s.id, "pack": s.pack, **body},
        )
        try:
            await workflow.execute_activity_method(
                Exposure.set_exposure, ExposureCommand(s.gpt, s.listing, command), **COMMAND
            )
            self._told = told
        except ActivityError as failure:
            cause = failure.cause
            await self._release.own("hold", {"cause": "listing", "why": _reasons(cause)})

    def _is_told(self) -> bool:
        kind, _ = self._meaning()
        return kind is None or (kind, self.state.stage) == self._told

    def _meaning(self) -> tuple[str | None, dict[str, Any]]:
        s = self.state
        if s.phase is Phase.ROLLING and s.step is not None:
            return "expose", {
                "digest": s.digest,
                "weight_bp": s.step.weight_bp,
                "gpt": s.gpt,
                "visibility": s.step.visibility,
                "publisher": s.publisher,
                "submission": s.submission,
            }
        if s.stage is None:
            return None, {}
        return _MEANING.get(s.phase), {}

    def _renew_history(self, start: SubjectInput) -> None:
        if workflow.info().is_continue_as_new_suggested() and workflow.all_handlers_finished():
            workflow.continue_as_new(start)


def _seen(seat: Seat) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    async def observed() -> Mapping[str, Any]:
        return {"launch": seat.row, "precheck": seat.precheck}

    return observed


def _reasons(cause: BaseException | None) -> list[str]:
    """The codes why a listing refused; unknown is a reason too."""
    if not isinstance(cause, ApplicationError):
        return ["listing_unavailable"]
    told = cause.details[0] if cause.details else {}
    reasons = told.get("detail", {}).get("reasons") if isinstance(told, Mapping) else None
    return list(reasons or [cause.type or "refused"])


# Pause and hold keep exposure (I9), so they tell the listing nothing.
_MEANING = {Phase.HALTED: "halt", Phase.COMPLETED: "promote", Phase.ROLLED_BACK: "retract"}
# Health gates bring a turn for `baking` along with the way into it.
_TURNS: dict[Phase, Callable[[Rollout], Awaitable[None]]] = {
    Phase.READY: Rollout._await_person,
    Phase.BOUND: Rollout._await_launch,
    Phase.SCHEDULED: Rollout._await_start,
    Phase.BLOCKED: Rollout._await_clearing,
    Phase.ROLLING: Rollout._soak,
    Phase.PAUSED: Rollout._await_pause_end,
    Phase.HELD: Rollout._await_person,
    Phase.HALTED: Rollout._await_person,
}
