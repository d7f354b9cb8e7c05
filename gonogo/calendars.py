"""Entries as an iCalendar feed (RFC 5545), by the library `icalendar`: it folds and escapes.

No time floats: instants are written in UTC, whole days as dates. Titles are one line without
control characters, whatever a launch is called.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event, Todo

from gonogo.notices.rendering import SUBJECT_MOST, one_line
from policies.rules.launch_calendar import Entry

ENTRIES_MOST = 2_000
_STANDING = {"tentative": "TENTATIVE", "confirmed": "CONFIRMED", "cancelled": "CANCELLED"}
_AGAIN = timedelta(hours=1)


def feed(entries: Iterable[Entry], *, name: str, base: str, host: str, now: datetime) -> bytes:
    """At most `ENTRIES_MOST` entries, in the order given. `host` makes keys unique in the world;
    `base` is how the pages are reached from outside; `now` stamps what has no time of change."""
    made = Calendar()
    made.add("prodid", "-//gonogo//launches//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("name", one_line(name, SUBJECT_MOST))
    made.add("x-wr-calname", one_line(name, SUBJECT_MOST))
    made.add("refresh-interval", _AGAIN, parameters={"VALUE": "DURATION"})
    for entry in list(entries)[:ENTRIES_MOST]:
        made.add_component(_component(entry, base, host, now))
    return bytes(made.to_ical())


def _component(entry: Entry, base: str, host: str, now: datetime) -> Event | Todo:
    one: Event | Todo = Event() if entry.what == "event" else Todo()
    one.add("uid", f"{one_line(entry.key, 200)}@{host}")
    one.add("dtstamp", _utc(entry.changed_at or now))
    one.add("summary", one_line(entry.title, SUBJECT_MOST) or "(no name)")
    one.add("sequence", entry.revision)
    if entry.what == "event":
        one.add("dtstart", _moment(entry.start))
        if entry.end is not None:
            one.add("dtend", _moment(entry.end))
        one.add("status", _STANDING[entry.standing])
        # Nobody is busy because a store opens.
        one.add("transp", "TRANSPARENT")
    else:
        one.add("due", _moment(entry.start))
        one.add("status", "NEEDS-ACTION")
    if entry.path:
        one.add("url", base.rstrip("/") + entry.path)
    if entry.category:
        one.add("categories", [entry.category])
    return one


def _moment(at: object) -> object:
    return _utc(at) if isinstance(at, datetime) else at


def _utc(at: datetime) -> datetime:
    """Raises `ValueError` for a time without zone: it would float."""
    if at.tzinfo is None:
        raise ValueError(f"a time without zone: {at}")
    return at.astimezone(UTC).replace(microsecond=0)
