"""The weeks around a launch's date, as a calendar: when it opens, what comes before, what is shut.

Days are those of the launch's zone; a day is marked with codes, and templates have the words.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from api.deps import Services
from api.pages.launch_parts import titles
from gonogo.db.launch_board import Bound
from gonogo.db.launch_freezes import freezes_bound
from gonogo.db.session import reading
from gonogo.zones import today_in, zone_named
from policies.lifecycle.launch_due import due
from policies.lifecycle.launch_state import FINAL, Launch, Status
from policies.rules.launch_around import Span
from policies.rules.target import deadline, first_day, last_day
from policies.rules.windows import gaps

WEEKS_MOST = 6
_OUTSIDE = frozenset({"opens", "opened", "owed"})


@dataclass(frozen=True)
class Note:
    """Something on a day. `kind`: opens, check, poll, closes, due, lapses, opened, owed, and of
    windows and embargoes freeze, thaw, lifts; `of` says which, and a scope that is narrower."""

    kind: str
    at: datetime
    of: str = ""


def calendar_of(
    svc: Services, s: Launch, now: datetime, *, staff: bool, bound: Iterable[Bound] = ()
) -> dict[str, Any]:
    """At most six whole weeks, Monday first, that hold the date and what leads to it. How the
    store comes to the date is for its `staff`."""
    zone, today = zone_named(s.tz), today_in(s.tz, now)
    notes: dict[date, list[Note]] = defaultdict(list)
    for note in sorted(_notes(svc, s), key=lambda one: one.at):
        if not staff and note.kind not in _OUTSIDE:
            continue
        notes[note.at.astimezone(zone).date()].append(note)
    first, last = _around(s, today)
    shut: list[Span] = []
    if staff:
        shut = _add_freezes(svc, s, bound, zone, first, last, notes)
    weeks = [
        [_day(svc, s, monday + timedelta(days=n), today, notes, zone, shut) for n in range(7)]
        for monday in (first + timedelta(weeks=k) for k in range(((last - first).days + 6) // 7))
    ]
    shown = [note for week in weeks for day in week for note in day["notes"]]
    return {"weeks": weeks, "first": first, "last": last - timedelta(days=1), "shown": shown,
            "frozen": any(day["frozen"] for week in weeks for day in week)}  # fmt: skip


def _around(s: Launch, today: date) -> tuple[date, date]:
    """From a Monday to a Monday. The day that matters most is always inside."""
    if s.target is None:
        wanted = (today, today + timedelta(days=27))
    elif s.target.precision in ("month", "day", "instant", "window"):
        wanted = (first_day(s.target) - timedelta(days=10), last_day(s.target) + timedelta(days=6))
    else:
        wanted = (first_day(s.target) - timedelta(days=14), first_day(s.target))
    start = wanted[0]
    if start < today <= wanted[1]:
        start = max(start, today - timedelta(days=7)) if s.target else start
    monday = start - timedelta(days=start.weekday())
    weeks = min(WEEKS_MOST, max(3, ((wanted[1] - monday).days // 7) + 1))
    return monday, monday + timedelta(weeks=weeks)


def _notes(svc: Services, s: Launch) -> Iterable[Note]:
    if s.opened_at:
        yield Note("opened", s.opened_at)
    if s.target is not None and s.target.start is None:
        yield Note("owed", deadline(s.target) - timedelta(seconds=1))
    if s.status in FINAL:
        return
    if s.opens_at and not s.opened_at:
        yield Note("opens", s.opens_at)
        yield Note("poll", s.opens_at - timedelta(seconds=s.terms.poll_open_before_s))
        yield from (
            Note("check", s.opens_at - timedelta(seconds=before))
            for before in s.terms.checks_s
            if before >= 3_600
        )
    if s.poll and s.status is Status.POLL:
        yield Note("closes", s.poll.closes_at)
    owed = due(s)
    if owed and owed.what not in ("open", "vote", "replan"):
        yield Note("due", owed.at, owed.what)
    if not s.opened_at:
        named = titles(svc, s)
        for mark in s.marks.values():
            if (mark.holds or mark.waived) and s.gate(mark.gate) is not None:
                yield Note("lapses", mark.until, named.get(mark.gate, mark.gate))


def _add_freezes(
    svc: Services,
    s: Launch,
    bound: Iterable[Bound],
    zone: tzinfo,
    first: date,
    last: date,
    notes: dict[date, list[Note]],
) -> list[Span]:
    """Freezes of the weeks shown: noted where they begin and end. Returns those of all items."""
    begins, ends = (_midnight(day, zone) for day in (first, last))
    own = [one.window() for one in svc.packs(s.terms.pack).windows if one.enabled]
    covered = {
        scope
        for one in bound
        for scope in (
            f"gpt:{one.gpt}",
            f"publisher:{one.publisher}",
            *(f"category:{category}" for category in one.categories),
        )
    }
    with reading(svc.engine) as session:
        found, scopes = freezes_bound(session, svc.store, s.id, own, covered, begins, ends)
    for span in found:
        scope, embargo = scopes.get(span.id.partition("+")[0]), span.id.startswith("emb_")
        of = f"{span.id} ({scope})" if scope and not embargo else span.id
        if begins <= span.start < ends and not embargo:
            notes[span.start.astimezone(zone).date()].append(Note("freeze", span.start, of))
        if begins <= span.end < ends:
            kind = "lifts" if embargo else "thaw"
            notes[span.end.astimezone(zone).date()].append(Note(kind, span.end, of))
    for listed in notes.values():
        listed.sort(key=lambda one: one.at)
    return [span for span in found if span.id.partition("+")[0] not in scopes]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _frozen(day: date, zone: tzinfo, shut: Iterable[Span]) -> str | None:
    """`wholly`, `partly`, or None: the store is open to a launch all day."""
    begins, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    met = [(span.start, span.end) for span in shut if span.start < ends and begins < span.end]
    if not met:
        return None
    return "partly" if any(gaps(sorted(met), begins, ends)) else "wholly"


def _day(
    svc: Services,
    s: Launch,
    day: date,
    today: date,
    notes: dict[date, list[Note]],
    zone: tzinfo,
    shut: Iterable[Span],
) -> dict[str, Any]:
    calendar = svc.pack.calendar
    target = s.target if s.target and s.target.start else None
    return {
        "date": day,
        "is_today": day == today,
        "is_past": day < today,
        "is_target": bool(target and first_day(target) <= day <= last_day(target)),
        "is_holiday": day.isoformat() in calendar.holidays,
        "is_closed": day.weekday() not in calendar.days,
        "frozen": _frozen(day, zone, shut),
        "notes": notes.get(day, []),
    }
