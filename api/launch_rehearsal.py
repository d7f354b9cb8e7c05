"""A rehearsal of a launch as it stands now: what is asked, what the record knows, what would be.

Nothing is recorded. The same question from the same start has the same answer as long as nothing
happens in the launch.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.bodies import Body, Flag, Instant, TargetText
from api.deps import PLAIN, Services
from api.errors import Problem
from api.launch_board import Board
from gonogo.db.launch_board import Bound
from gonogo.db.launch_gates import measure_of
from gonogo.db.session import reading
from gonogo.db.windows import declared, zones_of
from gonogo.zones import place_target
from policies.errors import Incomplete
from policies.lifecycle.kernel import Role
from policies.lifecycle.launch_state import Launch, Word
from policies.rules.deadlines import add_business
from policies.rules.launch_readiness import matrix
from policies.rules.rehearsal import Rehearsed, rehearse
from policies.rules.rehearsal_cast import (
    Away,
    Injection,
    Item,
    Left,
    Outage,
    Rejected,
    Scenario,
    Stopped,
    held,
)
from policies.rules.rehearsal_items import items_for
from policies.rules.rehearsal_many import Spread, spread
from policies.rules.target import Target, first_day, last_day
from policies.rules.windows import Window

EACH_MOST = 50  # things of one kind that go wrong
RUNS_MOST = 200
AFTER = timedelta(days=7)  # how far beyond the opening it looks
AHEAD_MOST = timedelta(days=1830)
_MONTH_S = 30 * 86_400.0
_RELATIVE = re.compile(r"T(?:([+-])(?:([0-9]{1,6})(m)|([0-9]{1,4})([hd])))?")
_UNIT = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _relative(text: str) -> str:
    if not _RELATIVE.fullmatch(text):
        raise ValueError("write a time with its offset, or T, T-2d, T+20m: before and after it")
    return text


When = Instant | Annotated[str, Field(max_length=8), AfterValidator(_relative)]
_Release = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
_Delay = Annotated[float, Field(ge=0, le=_MONTH_S)]


class Rejection(Body):
    """`again_at`: when it is ready again; without it, never."""

    release: _Release
    at: When
    again_at: When | None = None


class Leaving(Body):
    release: _Release
    at: When


class Stopping(Body):
    """A stop on `release`, without one on the whole store."""

    release: _Release | None = None
    at: When
    until: When | None = None


class Span(Body):
    at: When
    until: When


class Absence(Span):
    role: Role


class Holding(Body):
    role: Role = Role.SAFETY_ONCALL
    at: When


class RehearsalBody(Body):
    """Moments are instants, or relative to the opening: `T`, `T-2d`, `T+20m`. `opening`: what a
    date that is not exact is narrowed to. `delay_s` is the median time a person takes for one task,
    `delays_s` that of a role; `votes` what a role says, one word after another.
    `accepts_risk` and `overrides_freezes`: whoever may, accepts the risk of a NO-GO, or opens in
    spite of a freeze. `runs`: in how many rehearsals with other seeds it is looked how often it
    opens in time."""

    seed: Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)] | None = None
    start: Instant | None = None
    until: When | None = None
    opening: TargetText | None = None
    delay_s: _Delay = 4 * 3600.0
    delays_s: Annotated[dict[Role, _Delay], Field(max_length=20)] = Field(default={})
    votes: Annotated[
        dict[Role, Annotated[list[Word], Field(max_length=5)]], Field(max_length=20)
    ] = Field(default={})
    accepts_risk: Flag = False
    overrides_freezes: Flag = False
    rejected: Annotated[list[Rejection], Field(max_length=EACH_MOST)] = Field(default=[])
    left: Annotated[list[Leaving], Field(max_length=EACH_MOST)] = Field(default=[])
    stopped: Annotated[list[Stopping], Field(max_length=EACH_MOST)] = Field(default=[])
    outages: Annotated[list[Span], Field(max_length=EACH_MOST)] = Field(default=[])
    away: Annotated[list[Absence], Field(max_length=EACH_MOST)] = Field(default=[])
    holds: Annotated[list[Holding], Field(max_length=EACH_MOST)] = Field(default=[])
    runs: Annotated[int, Field(ge=0, le=RUNS_MOST, strict=True)] = 0


@dataclass(frozen=True)
class Played:
    """One rehearsal with what it was made of. `opening` is the T of relative moments; `spread` is
    None where nobody asked for more than one run."""

    seen: Board
    scenario: Scenario
    opening: datetime
    result: Rehearsed
    spread: Spread | None


def played(svc: Services, seen: Board, asked: RehearsalBody, now: datetime) -> Played:
    """Raises `Incomplete` for what cannot be meant."""
    launch = seen.launch
    start = asked.start or now.replace(second=0, microsecond=0)
    if start < launch.since.replace(second=0, microsecond=0) or start > now + AHEAD_MOST:
        raise Incomplete("a rehearsal begins after what has happened last", field="start")
    target = _opening(launch, asked.opening, now)
    clock = _Clock(target.start or now)
    until = clock(asked.until) if asked.until else max(clock.opening, start) + AFTER
    if not start < until <= start + AHEAD_MOST:
        raise Incomplete("it goes on for at most five years", field="until")
    wrong = _wrong(seen, asked, clock)
    windows = _windows(svc, launch, now)
    scenario = Scenario(
        launch=launch,
        windows=windows,
        zones=zones_of(windows),
        start=start,
        until=until,
        items=_items(svc, seen, start, until, wrong, windows),
        opening=target,
        injections=wrong,
        votes={role.value: tuple(words) for role, words in asked.votes.items()},
        accepts_risk=asked.accepts_risk,
        overrides_freezes=asked.overrides_freezes,
        delay_s=asked.delay_s,
        delays_s={role.value: delay for role, delay in asked.delays_s.items()},
        seed=asked.seed or f"{launch.id}:{launch.seq}",
        **_gates(svc, launch, now),
    )
    many = [f"{scenario.seed}/{number}" for number in range(asked.runs)]
    return Played(
        seen, scenario, clock.opening, rehearse(scenario), spread(scenario, many) if many else None
    )


class _Clock:
    """Relative moments as instants."""

    def __init__(self, opening: datetime) -> None:
        self.opening = opening

    def __call__(self, when: datetime | str) -> datetime:
        if isinstance(when, datetime):
            return when.astimezone(UTC)
        found = _RELATIVE.fullmatch(when)
        assert found is not None  # the body was validated
        sign, minutes, minute, count, unit = found.groups()
        if not sign:
            return self.opening
        away = int(minutes or count) * _UNIT[minute or unit]
        return self.opening - away if sign == "-" else self.opening + away

    def span(self, at: datetime | str, until: datetime | str) -> tuple[datetime, datetime]:
        begin, end = self(at), self(until)
        if not begin < end:
            raise Incomplete("it ends before it begins", field="until")
        return begin, end


def _opening(launch: Launch, asked: str | None, now: datetime) -> Target:
    """The exact time: its own, the one that was asked for, else ten o'clock on the first day of
    the date that is still to come."""
    if launch.target is None or (launch.target.start is None and asked is None):
        raise Incomplete("there is no date to rehearse yet; give it one first", field="target")
    if launch.opens_at is not None:
        if asked:
            raise Incomplete("its opening is exact already; postpone it instead", field="opening")
        return launch.target
    days = (first_day(launch.target), last_day(launch.target))
    texts = [asked] if asked else [f"{day.isoformat()}T10:00" for day in days]
    placed = [place_target(text, launch.tz).target for text in texts]
    found = next((one for one in placed if one.start and one.start > now), placed[-1])
    if not found.is_instant:
        raise Incomplete("an opening has its time, as in 2030-05-04T09:00", field="opening")
    return found


def _wrong(seen: Board, asked: RehearsalBody, clock: _Clock) -> tuple[Injection, ...]:
    named = [no.release for no in asked.rejected] + [gone.release for gone in asked.left]
    for release in (*named, *(stop.release for stop in asked.stopped)):
        if release is not None and release not in seen.items:
            raise Problem("bad-request", f"{release} does not belong to this launch")
    found: list[Injection] = []
    for no in asked.rejected:
        again = clock(no.again_at) if no.again_at else None
        found.append(Rejected(clock(no.at), release=no.release, again_at=again))
    for gone in asked.left:
        importance = seen.items[gone.release].item.importance.value
        found.append(Left(clock(gone.at), release=gone.release, importance=importance))
    for stop in asked.stopped:
        until = clock(stop.until) if stop.until else None
        found.append(Stopped(clock(stop.at), release=stop.release or "", until=until))
    for span in asked.outages:
        begin, end = clock.span(span.at, span.until)
        found.append(Outage(begin, until=end))
    for absent in asked.away:
        begin, end = clock.span(absent.at, absent.until)
        found.append(Away(begin, until=end, role=absent.role.value))
    found += [held(clock(one.at), one.role.value) for one in asked.holds]
    return tuple(found)


def _windows(svc: Services, launch: Launch, now: datetime) -> tuple[Window, ...]:
    """Those of its own pack and those that people declared."""
    with reading(svc.engine) as session:
        people = declared(session, svc.store, now)
    return (*svc.packs(launch.terms.pack).windows_in_force(), *people)


def _items(
    svc: Services,
    seen: Board,
    start: datetime,
    until: datetime,
    wrong: tuple[Injection, ...],
    windows: tuple[Window, ...],
) -> tuple[Item, ...]:
    pack = svc.packs(seen.launch.terms.pack)
    settled = {
        str(tier): add_business(pack.calendar, start, float(rules.due_business_s))
        for tier, rules in pack.review.tiers.items()
    }
    tiers = {name: seen.items[name].tier or "high" for name in seen.plan.items}
    judged = matrix(seen.plan, seen.known, start)
    named = {getattr(one, "release", "") for one in wrong}
    shut = {window.scope for window in windows}
    scopes = {
        name: tuple(scope for scope in _scopes(seen.items[name]) if scope in shut)
        for name in seen.plan.items
    }
    return items_for(
        seen.plan, judged, seen.known, tiers, settled, named=named, horizon=until, scopes=scopes
    )


def _scopes(one: Bound) -> tuple[str, ...]:
    categories = (f"category:{category}" for category in sorted(one.categories))
    return f"gpt:{one.gpt}", f"publisher:{one.publisher}", *categories


def _gates(svc: Services, launch: Launch, now: datetime) -> dict[str, Any]:
    """What the measured gates show now; one that nobody can measure does not hold (I7), nor does
    one that Prometheus would have to be asked about."""
    with reading(svc.engine) as session:
        found = measure_of(session, launch, now, svc.pack).gates
    measured = {gate.id for gate in launch.terms.gates if gate.kind == "measured"}
    values = {gate: look["value"] for gate, look in found.items() if look["value"] is not None}
    return {"measures": values, "unmeasured": frozenset(measured - set(values))}
