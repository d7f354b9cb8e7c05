"""A dress rehearsal: a launch as it stands runs ahead through the real deciders, nothing recorded.

A discrete-event simulation. The system does what `launch_due.timers` says when it says it, unless
an outage sleeps through it; people do what `launch_turns.turns` asks of their role, each after a
while drawn for that very task. Items become ready, are rejected, stopped, withdrawn as injected.

Every draw has a key of its own (seed, role, task, when it arose), so that two rehearsals with one
seed differ only by what was injected, not by a shifted sequence (common random numbers; Law,
Simulation Modeling and Analysis, chapter 11). Times UTC.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import log
from typing import Any

from policies.errors import Refused
from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Actor, Command, Event, iso
from policies.lifecycle.launch import decide
from policies.lifecycle.launch_due import timers
from policies.lifecycle.launch_fold import evolve
from policies.lifecycle.launch_items import items_of
from policies.lifecycle.launch_state import FINAL, Launch, Status
from policies.rules.launch_turns import Turn, turns
from policies.rules.rehearsal_cast import Away, Left, Outage, Scenario, Stopped
from policies.rules.rehearsal_people import Deed, deed
from policies.rules.rehearsal_sight import seen

STEPS_MOST = 5_000
RETRY = timedelta(hours=1)
SPREAD = 0.5  # of the logarithm of a person's delay: two thirds within a factor of 1.65
_Why = tuple[str, str, tuple[str, ...]]
_DONE = FINAL | {Status.LIVE, Status.POSTPONED}


@dataclass(frozen=True)
class Moment:
    """One fact that would have been recorded: when, what, by whom or which role, its body."""

    at: datetime
    type: str
    by: str
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Blocked:
    """`what` was tried from `at` until `until` and could not be done; None: to the very end."""

    what: str
    code: str
    why: tuple[str, ...]
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Wait:
    """How long the launch, or a part of it, waited for somebody."""

    who: tuple[str, ...]
    what: str
    of: str | None
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Rehearsed:
    """`in_time`: the first wave opened at its instant, within the lateness the pack allows."""

    moments: tuple[Moment, ...]
    blocked: tuple[Blocked, ...]
    waits: tuple[Wait, ...]
    status: Status
    opened_at: datetime | None
    in_time: bool
    finished: bool  # False: it ran into the horizon
    left: tuple[Turn, ...] = ()  # what it waited for at the end


def rehearse(scenario: Scenario) -> Rehearsed:
    """The same scenario gives the same rehearsal, to the microsecond."""
    return _Run(scenario).through()


class _Run:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.state, self.now = scenario.launch, scenario.start
        self.moments: list[Moment] = []
        self.blocked: dict[_Why, Blocked] = {}
        self.ended: list[Blocked] = []
        self.waits: dict[tuple[tuple[str, ...], str, str | None], Wait] = {}
        self.over: list[Wait] = []
        self.again: dict[str, datetime] = {}  # refused just now: not in a circle
        self.injected = sorted(scenario.injections, key=lambda one: one.at)
        self.promised = scenario.launch.opens_at
        self.known: tuple[Launch, datetime, tuple[Turn, ...]] | None = None  # the last `_turns`

    def through(self) -> Rehearsed:
        for _ in range(STEPS_MOST):
            if self._is_over() or self.now > self.scenario.until:
                break
            if self._happen() or self._system() or self._people():
                continue
            coming = self._next()
            if coming is None:
                break
            self.now = coming
        return self._told()

    def _is_over(self) -> bool:
        """Done, or nothing but a new date helps, and nobody invents one."""
        if self.state.status is Status.HOLD:
            asked = self._turns()
            helps = any(deed(self.scenario, self.state, turn) for turn in asked)
            return not helps and any(turn.what == "postpone" for turn in asked)
        return self.state.status in _DONE

    # What happens to it.

    def _happen(self) -> bool:
        """Whatever was injected for this moment. True when the launch changed."""
        changed = False
        while self.injected and self.injected[0].at <= self.now:
            one = self.injected.pop(0)
            if isinstance(one, Left):
                left = {"release": one.release, "importance": one.importance, "why": "withdrawn"}
                changed |= self._give("item_left", SYSTEM_ACTOR, left)
            elif one.command is not None:
                kind, actor, told = one.command
                changed |= self._give(kind, actor, told)
        return changed

    def _asleep_until(self) -> datetime | None:
        ends = [one.until for one in self.scenario.injections
                if isinstance(one, Outage) and one.at <= self.now < one.until]  # fmt: skip
        return max(ends) if ends else None

    # What the system does.

    def _system(self) -> bool:
        if self._asleep_until() is not None:
            return False
        for timer in timers(self.state):
            if timer.at <= self.now and self._may_try(timer.kind):
                if self._give(timer.kind, SYSTEM_ACTOR, {}):
                    return True
                self.again[timer.kind] = self.now + RETRY
        # All roles have spoken: the poll needs no clock.
        everybody = self.state.status is Status.POLL and self._turns()[0].what == "poll_over"
        return everybody and self._give("poll_over", SYSTEM_ACTOR, {})

    def _may_try(self, kind: str) -> bool:
        return self.again.get(kind, self.now) <= self.now

    # What people do.

    def _turns(self) -> tuple[Turn, ...]:
        """Asked several times at each moment; they differ by it and by the launch alone."""
        if self.known is None or self.known[0] is not self.state or self.known[1] != self.now:
            saw = seen(self.scenario, self.state, self.now)
            self.known = (self.state, self.now, turns(self.state, self.now, items_of(saw)))
        return self.known[2]

    def _people(self) -> bool:
        asked = {(turn.who, turn.what, turn.of): turn for turn in self._turns()}
        for name in [name for name in self.waits if name not in asked]:
            self.over.append(replace(self.waits.pop(name), until=self.now))
        for name, turn in asked.items():
            since = self.waits.setdefault(name, Wait(*name, at=self.now)).at
            done = deed(self.scenario, self.state, turn)
            if done is None or self._ready_at(done, turn, since) > self.now:
                continue
            if self._give(done.kind, done.actor, done.body):
                self.over.append(replace(self.waits.pop(name), until=self.now))
                return True
            self.again[_task(turn)] = self.now + RETRY
        return False

    def _ready_at(self, done: Deed, turn: Turn, since: datetime) -> datetime:
        """After the role's own time; whoever is away begins when they are back."""
        usual = self.scenario.delays_s.get(done.role, self.scenario.delay_s)
        draw = random.Random(f"{self.scenario.seed}:{done.role}:{_task(turn)}:{iso(since)}")
        after = draw.lognormvariate(log(usual), SPREAD) if usual > 0 else 0.0
        at = since + timedelta(seconds=after)
        for one in self.scenario.injections:
            if isinstance(one, Away) and one.role == done.role and one.at <= at < one.until:
                at = one.until
        return max(at, self.again.get(_task(turn), at))

    # The mechanics.

    def _give(self, kind: str, actor: Actor, body: Mapping[str, Any]) -> bool:
        """Through the real decider and the real fold. False when refused, or nothing changed."""
        order = Command(f"rehearsal_{len(self.moments)}_{kind}", kind, self.state.store,
                        self.state.id, actor, self.now, dict(body))  # fmt: skip
        try:
            facts = decide(self.state, order, self.now, seen(self.scenario, self.state, self.now))
        except Refused as refused:
            self._stuck(kind, refused)
            return False
        self._no_longer(kind)
        for fact in facts:
            event = Event(
                store=order.store, position=0, subject=order.subject, seq=self.state.seq + 1,
                type=fact.type, actor_id=actor.id, command_id=order.id, occurred_at=self.now,
                recorded_at=self.now, pack=self.state.terms.pack, rules=RULES, body=fact.body,
            )  # fmt: skip
            self.state = evolve(self.state, event)
            self.moments.append(Moment(self.now, fact.type, actor.id, fact.body))
        self.again.clear()
        return bool(facts)

    def _stuck(self, kind: str, refused: Refused) -> None:
        if refused.code == "not-yet" and kind != "resume":
            return  # its time has not come: nothing is wrong
        why = tuple(str(one) for one in refused.detail.get("reasons", ()))
        key = (kind, refused.code, why)
        self._no_longer(kind, but=key)
        self.blocked.setdefault(key, Blocked(kind, refused.code, why, self.now))

    def _no_longer(self, kind: str, but: _Why | None = None) -> None:
        for key in [key for key in self.blocked if key[0] == kind and key != but]:
            self.ended.append(replace(self.blocked.pop(key), until=self.now))

    def _next(self) -> datetime | None:
        """The next moment at which anything can be different."""
        asleep = self._asleep_until()
        own = [max(t.at, self.again.get(t.kind, t.at)) for t in timers(self.state)]
        coming = [max(at, asleep) if asleep else at for at in own]
        coming += [one.at for one in self.injected]
        coming += [one.until for one in self.scenario.injections
                   if isinstance(one, Outage | Stopped) and one.until]  # fmt: skip
        coming += [at for item in self.scenario.items for at in (item.ready_at, item.until) if at]
        for turn in self._turns():
            name = (turn.who, turn.what, turn.of)
            done = deed(self.scenario, self.state, turn)
            if done is not None and name in self.waits:
                coming.append(self._ready_at(done, turn, self.waits[name].at))
        return min((at for at in coming if at > self.now), default=None)

    def _told(self) -> Rehearsed:
        opened, late = self.state.opened_at, timedelta(seconds=self.state.terms.max_lateness_s)
        wanted = self.scenario.opening
        promised = self.promised or (wanted.start if wanted else None)
        in_time = opened is not None and promised is not None and opened <= promised + late
        waits = [*self.over, *self.waits.values()]
        return Rehearsed(
            moments=tuple(self.moments),
            blocked=tuple(sorted((*self.ended, *self.blocked.values()), key=lambda b: b.at)),
            waits=tuple(sorted(waits, key=lambda w: (w.at, w.what))),
            status=self.state.status,
            opened_at=opened,
            in_time=in_time,
            finished=self._is_over(),
            left=() if self.state.status in FINAL else self._turns(),
        )


def _task(turn: Turn) -> str:
    return f"{turn.what}/{turn.of or ''}"
