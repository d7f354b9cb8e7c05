"""The next weeks of the store as a calendar: what windows close or leave open, which embargoes end.

Days are those of the store's zone; a day is marked with codes, and templates have the words.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gonogo.zones import today_in, zone_named
from policies.lifecycle.embargo import Embargo
from policies.rules.windows import Span, Window, spans

WEEKS = 5
_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True)
class Note:
    """Something on a day. `kind`: deny, allow, embargo; `id` is whose."""

    kind: str
    id: str


def ahead(window: Window, zone: str, now: datetime) -> list[Span]:
    """Its occurrences (UTC) that are not over, of the weeks that the calendar shows."""
    until = _midnight(_monday(zone, now) + timedelta(weeks=WEEKS), zone)
    return spans(window, zone_named(window.tz), now, until)


def calendar_of(
    windows: Iterable[Window], embargoes: Iterable[Embargo], zone: str, now: datetime
) -> dict[str, Any]:
    """Whole weeks, Monday first, from this one on."""
    there, today = zone_named(zone), today_in(zone, now)
    notes: dict[date, list[Note]] = defaultdict(list)
    closed: set[date] = set()
    for window in windows:
        for begins, ends in ahead(window, zone, now):
            day, last = (at.astimezone(there).date() for at in (begins, ends - _LEAST))
            day, last = max(day, today), min(last, today + timedelta(weeks=WEEKS))
            while day <= last:
                notes[day].append(Note(window.kind, window.id))
                if window.kind == "deny" and window.scope == "store":
                    closed.add(day)
                day += timedelta(days=1)
    for embargo in embargoes:
        if embargo.status == "active" and embargo.not_before > now:
            notes[embargo.not_before.astimezone(there).date()].append(Note("embargo", embargo.id))
    first = _monday(zone, now)
    weeks = [
        [_day(first + timedelta(weeks=k, days=n), today, notes, closed) for n in range(7)]
        for k in range(WEEKS)
    ]
    return {"weeks": weeks, "first": first, "last": first + timedelta(weeks=WEEKS, days=-1)}


def _day(
    day: date, today: date, notes: dict[date, list[Note]], closed: set[date]
) -> dict[str, Any]:
    return {
        "date": day,
        "is_today": day == today,
        "is_past": day < today,
        "is_closed": day in closed,
        "notes": list(dict.fromkeys(notes.get(day, ()))),
    }


def _monday(zone: str, now: datetime) -> date:
    today = today_in(zone, now)
    return today - timedelta(days=today.weekday())


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone_named(zone))
