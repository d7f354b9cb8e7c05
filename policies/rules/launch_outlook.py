"""What a launch meets if it opens at a target: times of items, freezes, holidays, what lapses
before, which reviews must begin by when, and whether there are reviewers enough. Pure.

A target that is no instant is judged twice: nothing may lapse before its end, the latest opening;
every review must be done by its start, the earliest. One “to be decided” is judged at the day a
new date is owed, and says so. The caller hands in the zone and freezes as intervals: this is for
the edge and activities, never for workflow code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from policies.pack import Calendar
from policies.rules.deadlines import begin_business, business_between
from policies.rules.launch_around import Aim, Around
from policies.rules.launch_plan import Importance, Plan
from policies.rules.launch_readiness import Known, approval_lapses
from policies.rules.postponing_times import local_date

_FARTHEST = timedelta(days=3650)  # hours of reviewers beyond it are nobody's plan


@dataclass(frozen=True)
class Hit:
    """`what`: freeze, holiday, closed (a day without opening hours). `wholly`: no moment of the
    target is free. `item` is set if it opens at a time of its own."""

    what: str
    id: str
    wholly: bool = True
    item: str | None = None


@dataclass(frozen=True)
class Broken:
    """`why`: `lifts_before_opening` (an embargo outside), or `opens_before_embargo` (of a must
    item)."""

    why: str
    id: str
    at: datetime


@dataclass(frozen=True)
class Lapse:
    """`what`: approval, evidence, sign_off. `id` is an item, for a sign-off its gate."""

    what: str
    id: str
    at: datetime


@dataclass(frozen=True)
class Case:
    """A review that must be done before the opening. Begun before `begin_from` its evidence would
    be too old again at the end of the target; begun after `begin_by` it is not done in time."""

    item: str
    tier: str
    why: tuple[str, ...]
    begin_from: datetime
    begin_by: datetime
    effort_s: float
    late: bool


@dataclass(frozen=True)
class Capacity:
    """Truthy if the work fits. Seconds of reviewers' work; `short_s` is what is missing."""

    needed_s: float
    available_s: float
    short_s: float

    def __bool__(self) -> bool:
        return self.short_s <= 0


@dataclass(frozen=True)
class Outlook:
    """`times` are those of items, where the target is an instant. `until` is the latest moment
    that was judged; `open_ended` says the opening may be later than that."""

    aim: Aim
    until: datetime
    open_ended: bool
    times: Mapping[str, datetime]
    hits: tuple[Hit, ...]
    broken: tuple[Broken, ...]
    lapses: tuple[Lapse, ...]
    cases: tuple[Case, ...]
    capacity: Capacity


def outlook(plan: Plan, aim: Aim, around: Around, now: datetime) -> Outlook:
    """`now` in UTC: what must begin before it is late, and no hours before it count.

    Raises `ValueError` for a target without any time.
    """
    first, until = aim.start or aim.replan_by, aim.end or aim.replan_by
    if first is None or until is None:
        raise ValueError("a target without a time, and without a day for a new one")
    times = (
        {name: item.opens_at(first) for name, item in plan.items.items()}
        if aim.precision == "instant"
        else {}
    )
    lapses = tuple(_lapses(plan, around, times, until))
    cases = tuple(_cases(lapses, around, times, first, until, now))
    return Outlook(
        aim=aim,
        until=until,
        open_ended=aim.end is None,
        times=times,
        hits=tuple(_hits(plan, aim, around, times)),
        broken=tuple(_broken(plan, aim, around)),
        lapses=lapses,
        cases=cases,
        capacity=capacity_for(cases, around, first, now),
    )


def _lapses(
    plan: Plan, around: Around, times: Mapping[str, datetime], until: datetime
) -> Iterable[Lapse]:
    """What nobody looked up is not here: the readiness matrix says that it is unknown."""
    for name in plan.items:
        known = around.known.get(name, Known())
        opens = times.get(name, until)
        if known.approval_until is not None:
            at = approval_lapses(known.approval_until, known.bound_at, around.still_most_s)
            if at is not None and at <= opens:
                yield Lapse("approval", name, at)
        if known.evidence_until is not None and known.evidence_until <= opens:
            yield Lapse("evidence", name, known.evidence_until)
    for signed in around.sign_offs:
        if signed.fresh_until <= until:
            yield Lapse("sign_off", signed.gate, signed.fresh_until)


def _cases(
    lapses: Iterable[Lapse],
    around: Around,
    times: Mapping[str, datetime],
    first: datetime,
    until: datetime,
    now: datetime,
) -> Iterable[Case]:
    """One review for an item, whatever lapses. A tier nobody knows is treated as the longest."""
    why: dict[str, list[str]] = {}
    for lapse in lapses:
        if lapse.what != "sign_off":
            why.setdefault(lapse.id, []).append(lapse.what)
    longest = max(around.due_business_s.values(), default=0.0)
    dearest = max(around.effort_s.values(), default=0.0)
    begins: dict[tuple[datetime, float], datetime] = {}
    for name, what in why.items():
        tier = around.tiers.get(name, "")
        takes = around.due_business_s.get(tier, longest)
        due, last = times.get(name, first), times.get(name, until)
        if (due, takes) not in begins:
            begins[due, takes] = begin_business(around.calendar, due, takes)
        by = begins[due, takes]
        life = timedelta(seconds=around.evidence_life_s)
        yield Case(
            name,
            tier,
            tuple(what),
            last - life,
            by,
            around.effort_s.get(tier, dearest),
            late=by < now or by < last - life,
        )


def capacity_for(cases: Sequence[Case], around: Around, due: datetime, now: datetime) -> Capacity:
    """Does the work fit? All of it is due by the opening, so with work that may be interrupted it
    fits exactly if, for every moment, what may not begin before it fits between it and the
    opening. The queue before ours begins now."""
    needed = sum(case.effort_s for case in cases)
    due = min(due, now + _FARTHEST)
    available = around.hours.reviewers * business_between(around.calendar, now, due)
    released: dict[datetime, float] = {}
    for case in cases:
        begin = min(max(now, case.begin_from), due)
        released[begin] = released.get(begin, 0.0) + case.effort_s
    if cases:
        released[now] = released.get(now, 0.0) + around.hours.queued_s
    work = fits = short = 0.0
    later = due
    for begin in sorted(released, reverse=True):
        work += released[begin]
        fits += around.hours.reviewers * business_between(around.calendar, begin, later)
        later = min(later, begin)
        short = max(short, work - fits)
    return Capacity(needed, max(0.0, available - around.hours.queued_s), short)


def _hits(plan: Plan, aim: Aim, around: Around, times: Mapping[str, datetime]) -> Iterable[Hit]:
    if aim.start is None or aim.end is None:
        return
    store = [freeze for freeze in around.freezes if freeze.items is None]
    for freeze in store:
        if aim.start == aim.end:
            if freeze.start <= aim.start < freeze.end:
                yield Hit("freeze", freeze.id)
        elif freeze.start < aim.end and aim.start < freeze.end:
            yield Hit("freeze", freeze.id, freeze.start <= aim.start and aim.end <= freeze.end)
    if aim.precision in ("instant", "day"):
        yield from _closed(around.calendar, aim.start)
    for name, at in times.items():
        if at != aim.start:
            for freeze in store:
                if freeze.start <= at < freeze.end:
                    yield Hit("freeze", freeze.id, item=name)
    for freeze in around.freezes:
        for name in sorted((freeze.items or frozenset()) & plan.items.keys()):
            begins, ends = times.get(name, aim.start), times.get(name, aim.end)
            if begins == ends and freeze.start <= begins < freeze.end:
                yield Hit("freeze", freeze.id, item=name)
            elif begins != ends and freeze.start < ends and begins < freeze.end:
                whole = freeze.start <= begins and ends <= freeze.end
                yield Hit("freeze", freeze.id, whole, item=name)


def _closed(calendar: Calendar, at: datetime) -> Iterable[Hit]:
    day = local_date(at, calendar.zone)
    if day.isoformat() in calendar.holidays:
        yield Hit("holiday", day.isoformat())
    elif day.weekday() not in calendar.days:
        yield Hit("closed", day.isoformat())


def _broken(plan: Plan, aim: Aim, around: Around) -> Iterable[Broken]:
    """An embargo is broken for certain if it lifts before the earliest opening; for an interval
    that it merely touches, it is as good as broken, and is told."""
    latest = aim.end or datetime.max.replace(tzinfo=UTC)
    for embargo in around.embargoes:
        if embargo.lifts_at < latest:
            yield Broken("lifts_before_opening", embargo.id, embargo.lifts_at)
    if aim.start is None:
        return
    for name, item in plan.items.items():
        if item.importance is Importance.MUST and item.not_before is not None:
            opens = aim.start + timedelta(seconds=item.offset_s)
            if opens < item.not_before:
                yield Broken("opens_before_embargo", name, item.not_before)
