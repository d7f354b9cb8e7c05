"""One launch: planned, polled, counted down, open, closed. People decide; it waits for time.

plan → gates → poll (T-48 h) → countdown (checks at T-24 h, T-1 h, T-5 min) → open → waves → close

What opens is one row of the record. Its items look at it when they are told, at their leisure.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.forecasting import Forecasting, ForetellRequest, ForwardRequest
    from activities.launching import Launching, LookRequest, TellRequest
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.launch import MACHINE
    from policies.lifecycle.launch_due import Timer, timers
    from policies.lifecycle.launch_state import Launch, Status
    from policies.lifecycle.release_launch import OVER
    from policies.rules.forecast_points import forecast_point
    from workflows.options import ASIDE, COMMAND, LASTING
    from workflows.subject import Subject

# So long before the opening all items are looked at, so that the opening itself is short.
_WARM = timedelta(seconds=15)
# What was refused is tried again after this long, growing to a quarter of an hour.
_AGAIN_FIRST, _AGAIN_MOST = timedelta(seconds=15), timedelta(minutes=15)
_LATER_STEPS = frozenset({"measure", "remind_duties"})
_LOOKS = 5  # at items that change while they are looked at
# Commands that are decided on what the items and the measured gates are at this moment.
_LOOKING = frozenset(
    {
        "begin_poll",
        "check",
        "open_wave",
        "next_wave",
        "item_left",
        "measure",
        "resume",
        "restore",
        "override",
        "override_freeze",
    }
)


@dataclass(frozen=True)
class LaunchInput:
    """`told`: what its items were told last, so that a renewed history does not tell it again;
    `foretold`: the last point at which a forecast was kept."""

    store: str
    subject: str
    gpt: str = ""
    submission: str = ""
    past: bool = True
    told: str = ""
    foretold: str = ""


@workflow.defn(name="Launch", failure_exception_types=[PolicyError])
class LaunchWorkflow:
    @workflow.init
    def __init__(self, start: LaunchInput) -> None:
        self._launch: Subject[Launch] = Subject(MACHINE, start.store, start.subject)
        self._told = start.told
        self._foretold = start.foretold
        self._aside: set[asyncio.Task[None]] = set()  # what nothing waits for
        self._telling = False
        self._left = False  # since it counted its items last
        self._must_left = False
        self._warm: Mapping[str, Any] | None = None
        self._refused: dict[str, tuple[int, int, datetime]] = {}  # kind → seq, times, not before

    @workflow.run
    async def run(self, start: LaunchInput) -> str:
        await self._launch.load(start.past)
        await workflow.wait_condition(lambda: self._launch.state is not None)
        while self.state.is_open:
            await self._keep_told()
            self._keep_forecast()
            await self._count_who_left()
            await self._next_step()
            self._renew_history(start)
        await self._keep_told()
        await workflow.wait_condition(self._is_at_rest)
        return self.state.status.value

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._launch.apply(command, self._observing(command))

    @command.validator
    def _check(self, command: Command) -> None:
        self._launch.check(command, looks=self._observing(command) is not None)

    def _observing(self, command: Command) -> Callable[[], Awaitable[Mapping[str, Any]]] | None:
        if command.kind == "bring_forward":
            return partial(self._look_forward, command)
        return self._look if command.kind in _LOOKING else None

    @workflow.signal
    async def refresh(self) -> None:
        await self._launch.refresh()

    @workflow.signal
    async def retimed(self, told: dict[str, Any]) -> None:
        """Newer zone data: its civil date means other instants now. Its timers follow the state."""
        await self._launch.own("retime", told)

    @workflow.signal
    async def item_left(self, importance: str = "") -> None:
        """Signals from before they said how much the item mattered say nothing of it."""
        self._left = True
        self._must_left |= importance == "must"

    @property
    def state(self) -> Launch:
        assert self._launch.state is not None  # run() waits for its first event
        return self._launch.state

    async def _next_step(self) -> None:
        """Wait for the next of the system's own steps, or until somebody changes something."""
        timer = self._due()
        if timer is not None and timer.kind == "open_wave":
            await self._wait(timer.at - _WARM)
            if self._due() == timer and not self._left:
                self._warm = await self._look(timer.at)
        if timer == self._due() and not await self._wait(timer.at if timer else None):
            assert timer is not None  # without a time there is nothing that could come first
            await self._give(timer.kind)
        self._warm = None

    def _due(self) -> Timer | None:
        """The earliest step; one that was refused is put off, unless something changed since."""
        steps = []
        for timer in timers(self.state):
            # Histories from before these steps waited for the next of the others.
            if timer.kind in _LATER_STEPS and not workflow.patched("launch-looks-ahead"):
                continue
            seq, _, again = self._refused.get(timer.kind, (0, 0, timer.at))
            late = seq == self._launch.seq and again > timer.at
            steps.append(replace(timer, at=again) if late else timer)
        return min(steps, key=lambda timer: timer.at, default=None)

    async def _wait(self, until: datetime | None) -> bool:
        """True: something changed. False: the time came first."""
        seq = self._launch.seq
        left = None if until is None else max(until - workflow.now(), timedelta(0))
        if left == timedelta(0):
            return False
        try:
            await workflow.wait_condition(
                lambda: self._launch.seq != seq or self._left, timeout=left
            )
        except TimeoutError:
            return False
        return True

    async def _give(self, kind: str, body: dict[str, Any] | None = None) -> None:
        """The system's own command. Refused because items changed meanwhile, it looks again."""
        observe = self._seen if kind in _LOOKING else None
        for _ in range(_LOOKS):
            seq = self._launch.seq
            try:
                await self._launch.apply(self._launch.own_command(kind, body), observe)
                self._refused.pop(kind, None)
                return
            except ApplicationError as refused:
                self._warm = None
                if self._launch.seq != seq or not _is_stale(refused):
                    workflow.logger.info("own command %s refused: %s", kind, refused.type)
                    break
        self._put_off(kind)

    def _put_off(self, kind: str) -> None:
        seq, times, _ = self._refused.get(kind, (self._launch.seq, 0, workflow.now()))
        times = times + 1 if seq == self._launch.seq else 1
        now, wait = workflow.now(), min(_AGAIN_FIRST * 2 ** min(times - 1, 6), _AGAIN_MOST)
        again, freeze = now + wait, self.state.freeze
        if freeze and freeze.waits and freeze.until and freeze.until > now:
            again = min(again, freeze.until)  # windows ended early are noticed in between
        self._refused[kind] = (self._launch.seq, times, again)

    async def _seen(self) -> Mapping[str, Any]:
        return self._warm if self._warm is not None else await self._look()

    async def _look(self, at: datetime | None = None) -> Mapping[str, Any]:
        """Items and gates as they are: of the next wave, or of all that a return would show."""
        s = self.state
        opened = s.status is Status.SUSPENDED
        now, wave = workflow.now(), s.wave if opened else s.wave + 1
        items_at = at or now
        # Windows are asked about the opening, which may be days ahead.
        opens = items_at if opened else max(items_at, s.opens_at or items_at)
        request = LookRequest(s.store, s.id, wave, opened, items_at, now, opens)
        look = await workflow.execute_activity_method(Launching.look, request, **LASTING)
        windows = {"freeze": look.freeze, "narrow": look.narrow}
        return {"items": look.items, "gates": look.gates, **windows}

    async def _look_forward(self, command: Command) -> Mapping[str, Any]:
        """The same, and what the earlier date that `command` names would meet."""
        s, wanted = self.state, command.body.get("target")
        if not isinstance(wanted, dict):
            return {}  # refused for that, without a look
        if not workflow.patched("looks-forward"):
            # A history from before there was this look: it was decided, and goes on, without.
            return {"forward": {"target": wanted, "why": []}}
        request = ForwardRequest(s.store, s.id, s.terms.pack, wanted, workflow.now())
        ahead = await workflow.execute_activity_method(Forecasting.look_forward, request, **LASTING)
        return {**await self._look(), "forward": ahead.forward}

    async def _count_who_left(self) -> None:
        if not self._left:
            return
        body = {"importance": "must"} if self._must_left else None
        self._left = self._must_left = False
        await self._give("item_left", body)

    def _news(self) -> str | None:
        """What items were not told yet: a wave opened, nothing will ever open, or the time to
        choose is over. They look for themselves."""
        s = self.state
        chosen = f":{s.asked.nth}" if s.asked and s.asked.closed else ""
        news = f"{s.wave}:{s.status.value if s.status.value in OVER else ''}{chosen}"
        is_news = s.wave > 0 or s.status.value in OVER or chosen
        return news if is_news and news != self._told else None

    async def _keep_told(self) -> None:
        """Aside: the next wave opens at its time while thousands of this one still follow."""
        if self._news() is None or self._telling:
            return
        if not workflow.patched("tells-aside"):
            await self._tell_items()
            return
        self._telling = True
        self._set_aside(self._tell_all_news())

    async def _tell_all_news(self) -> None:
        while self._news() is not None:
            try:
                await self._tell_items()
            except ActivityError as fault:
                workflow.logger.error("items could not be told: %s", fault.cause)
                await workflow.sleep(_AGAIN_MOST)
        self._telling = False

    async def _tell_items(self) -> None:
        news = self._news()
        last: str | None = ""
        while last is not None:
            told = await workflow.execute_activity_method(
                Launching.tell, TellRequest(self.state.store, self.state.id, last), **COMMAND
            )
            last = told.last
        self._told = news or self._told

    def _keep_forecast(self) -> None:
        """At every earnest point of its way, aside: no opening waits for a simulation."""
        point = forecast_point(self.state)
        if point is None or point == self._foretold or not workflow.patched("kept-forecasts"):
            return
        self._foretold = point
        self._set_aside(self._foretell(point))

    def _set_aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _foretell(self, point: str) -> None:
        s = self.state
        request = ForetellRequest(s.store, s.id, s.terms.pack, point, workflow.now())
        try:
            await workflow.execute_activity_method(Forecasting.keep, request, **ASIDE)
        except ActivityError as fault:
            workflow.logger.warning("no forecast kept at %s: %s", point, fault.cause)

    def _is_at_rest(self) -> bool:
        return workflow.all_handlers_finished() and not self._aside

    def _renew_history(self, start: LaunchInput) -> None:
        if workflow.info().is_continue_as_new_suggested() and self._is_at_rest():
            workflow.continue_as_new(
                replace(start, past=True, told=self._told, foretold=self._foretold)
            )


def _is_stale(refused: ApplicationError) -> bool:
    """Whether the items changed since they were looked at."""
    told = refused.details[0] if refused.details else {}
    reasons = (told.get("detail") or {}).get("reasons") if isinstance(told, Mapping) else None
    return bool({"changed", "items_stale"} & set(reasons or ()))
