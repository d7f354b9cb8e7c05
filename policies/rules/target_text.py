"""What people type for a target, read strictly: one form each, and an error that lists the forms.

2024-01-10T10:00 America/Los_Angeles   an instant; without a zone the one asked for
2024-01-10T18:00Z                      an instant with its offset
2024-01-10                             a day
2024-01-08/2024-01-12                  from the first to the last of these days
week of 2024-01-08, 2024-W02           Monday to Sunday
2024-01, 2024-Q1                       a month, a quarter
early 2024, mid 2024, late 2024        see `target_days`
summer 2024, southern summer 2024      in the north, in the south
tbd by 2024-03-15                      to be decided; a new date is owed by that day
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from policies.errors import Incomplete
from policies.rules.target import Wish
from policies.rules.target_days import SEASONS, days_of

LONGEST = 100
FORMS = (
    "2024-01-10T10:00 America/Los_Angeles",
    "2024-01-10T18:00Z",
    "2024-01-10",
    "2024-01-08/2024-01-12",
    "week of 2024-01-08",
    "2024-W02",
    "2024-01",
    "2024-Q1",
    "early 2024",
    "summer 2024",
    "southern summer 2024",
    "tbd by 2024-03-15",
)

_DAY = r"\d{4}-\d{2}-\d{2}"
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]{0,31}(?:/[A-Za-z0-9_+\-]{1,32}){0,2}")


def parse(text: str) -> Wish:
    """Read one target, with its zone if it names one. Raises `Incomplete` with the forms known."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise _unread("a target is a short text")
    body, zone = _split_zone(" ".join(text.split()))
    for form, reader in _READERS:
        found = form.fullmatch(body)
        if found:
            try:
                wish = reader(*found.groups())
                days_of(wish.label)
            except (Incomplete, ValueError, OverflowError) as fault:
                raise _unread(f"there is no {body}") from fault
            return replace(wish, tz=zone)
    raise _unread(f"nobody can read {body[:60]!r} as a target")


def _split_zone(text: str) -> tuple[str, str | None]:
    """The last word is a zone if it has a stroke between letters or is UTC."""
    body, _, last = text.rpartition(" ")
    if body and _ZONE.fullmatch(last) and ("/" in last or last == "UTC"):
        return body, last
    return text, None


def _unread(because: str) -> Incomplete:
    return Incomplete(f"{because}; write it like one of these", field="target", forms=list(FORMS))


def _instant(day: str, clock: str, offset: str | None) -> Wish:
    at = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
    label = f"instant:{at.replace(tzinfo=None).isoformat()}"
    return Wish("instant", label, at=at) if offset else Wish("instant", label, local=at)


def _window(first: str, last: str) -> Wish:
    return Wish("window", f"window:{first}/{last}")


def _week_of(day: str) -> Wish:
    return _week(date.fromisoformat(day))


def _iso_week(year: str, week: str) -> Wish:
    return _week(date.fromisocalendar(int(year), int(week), 1))


def _week(day: date) -> Wish:
    monday = day - timedelta(days=day.weekday())
    return _window(monday.isoformat(), (monday + timedelta(days=6)).isoformat())


def _season(south: str | None, name: str, year: str) -> Wish:
    name = {"fall": "autumn"}.get(name.lower(), name.lower())
    season = f"{name}-south" if south else name
    if season not in SEASONS:
        raise ValueError(season)
    return Wish("season", f"season:{year}-{season}")


_READERS: tuple[tuple[re.Pattern[str], Callable[..., Wish]], ...] = tuple(
    (re.compile(form, re.ASCII | re.IGNORECASE), reader)
    for form, reader in (
        (rf"({_DAY})[T ](\d{{2}}:\d{{2}}(?::\d{{2}})?)(Z|[+-]\d{{2}}:\d{{2}})?", _instant),
        (rf"({_DAY})", lambda day: Wish("day", f"day:{day}")),
        (rf"({_DAY}) ?/ ?({_DAY})", _window),
        (rf"week of ({_DAY})", _week_of),
        (r"(\d{4})-W(\d{2})", _iso_week),
        (r"(\d{4}-\d{2})", lambda month: Wish("month", f"month:{month}")),
        (r"(\d{4})[- ]Q([1-4])", lambda year, n: Wish("quarter", f"quarter:{year}-Q{n}")),
        (
            r"(southern )?(early|mid|late|spring|summer|autumn|fall|winter)[ -](\d{4})",
            _season,
        ),
        (rf"tbd by ({_DAY})", lambda day: Wish("tbd", f"tbd:{day}")),
    )
)
