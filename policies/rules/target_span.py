"""What every language needs to say a target: its days beside today, and the name of its clock."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_time

from policies.rules.target import Target

_LOCALE_CHARS = 40


@dataclass(frozen=True)
class Span:
    """Days of a target beside `today`, the day it is in the target's own zone."""

    first: date
    last: date
    today: date

    @property
    def now(self) -> bool:
        return self.first <= self.today <= self.last

    @property
    def is_past(self) -> bool:
        return self.last < self.today

    @property
    def goes_on(self) -> bool:
        """Some of it is still to come after today."""
        return self.first <= self.today < self.last

    @property
    def weeks_ahead(self) -> int | None:
        """0: this week, 1: the next; None when it does not fit into one week (Monday to Sunday)."""
        monday = self.first - timedelta(days=self.first.weekday())
        if self.last > monday + timedelta(days=6):
            return None
        return (monday - (self.today - timedelta(days=self.today.weekday()))).days // 7

    def needs_year(self) -> bool:
        return self.is_past or {self.first.year, self.last.year} != {self.today.year}


def locale_of(tag: str) -> Locale:
    return _parsed(tag if len(tag) <= _LOCALE_CHARS else "en")


@cache
def _parsed(tag: str) -> Locale:
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return Locale("en")


def place_of(zone: str, locale: str) -> str:
    """How people call the clock of IANA zone `zone`: its city, or UTC."""
    if "/" not in zone or zone.startswith("Etc/"):
        return zone.removeprefix("Etc/").replace("_", " ")
    known = locale_of(locale).time_zones.get(zone, {}).get("city")
    return str(known or zone.rpartition("/")[2].replace("_", " "))


def clock(target: Target, locale: Locale) -> str:
    assert target.local is not None  # an instant
    at = datetime.fromisoformat(target.local.local)
    form = "HH:mm:ss" if at.second or at.microsecond else "HH:mm"
    clock = format_time(at.time(), form, locale=locale)
    return f"{clock} ({place_of(target.tz, str(locale))})"


def two_years(span: Span, stroke: str) -> str:
    if span.first.year == span.last.year:
        return str(span.first.year)
    return f"{span.first.year}{stroke}{span.last.year}"
