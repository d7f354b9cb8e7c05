"""A recurring day, written as an RRULE (RFC 5545, section 3.3.10), in the part that windows need.

FREQ of DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, UNTIL, BYMONTH, BYMONTHDAY, BYDAY and WKST.
Each day is answered by itself: whether it is one of the rule's costs the same for every rule, and
no rule can explode or be searched for in vain. dateutil's iterator cannot be bounded (in search of
a day that never comes it runs to the year 9999, for seconds), so it is the oracle of the tests.
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from policies.errors import Incomplete

LONGEST = 200
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)


@dataclass(frozen=True)
class Rule:
    """`start` is the first day in question; `by_day` holds (n or 0, weekday from Monday = 0)."""

    frequency: str
    start: date
    interval: int = 1
    until: datetime | None = None  # civil, in the zone of the window; the last one possible
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    week_start: int = 0

    def includes(self, day: date) -> bool:
        return (
            day >= self.start
            and self._period(day) % self.interval == 0
            and (not self.by_month or day.month in self.by_month)
            and self._month_day(day)
            and self._weekday(day)
        )

    def between(self, first: date, last: date) -> Iterator[date]:
        """The days of the rule from `first` to `last`, both included."""
        day = max(first, self.start)
        while day <= last:
            if self.includes(day):
                yield day
            day += timedelta(days=1)

    def _period(self, day: date) -> int:
        """How many days, weeks, months or years after the first one `day` lies."""
        months = (day.year - self.start.year) * 12 + day.month - self.start.month
        if self.frequency == "DAILY":
            return (day - self.start).days
        if self.frequency == "WEEKLY":
            return (self._week(day) - self._week(self.start)).days // 7
        return months if self.frequency == "MONTHLY" else day.year - self.start.year

    def _week(self, day: date) -> date:
        return day - timedelta(days=(day.weekday() - self.week_start) % 7)

    def _month_day(self, day: date) -> bool:
        if self.by_month_day:
            size = calendar.monthrange(day.year, day.month)[1]
            return bool({day.day, day.day - size - 1} & set(self.by_month_day))
        if self.by_day or self.frequency in ("DAILY", "WEEKLY"):
            return True
        if self.frequency == "YEARLY" and not self.by_month and day.month != self.start.month:
            return False
        return day.day == self.start.day

    def _weekday(self, day: date) -> bool:
        if not self.by_day:
            return (
                self.frequency != "WEEKLY"
                or bool(self.by_month_day)
                or (day.weekday() == self.start.weekday())
            )
        return any(
            weekday == day.weekday() and (n == 0 or n in self._nth(day))
            for n, weekday in self.by_day
        )

    def _nth(self, day: date) -> tuple[int, int]:
        """The how-manieth of its weekday `day` is, from the start and from the end: of the month,
        or of the year where a yearly rule names no month."""
        if self.frequency == "YEARLY" and not self.by_month:
            index = day.timetuple().tm_yday
            size = 366 if calendar.isleap(day.year) else 365
        else:
            index, size = day.day, calendar.monthrange(day.year, day.month)[1]
        return (index - 1) // 7 + 1, -((size - index) // 7 + 1)


def rule_of(text: str, start: date) -> Rule:
    """Read `FREQ=WEEKLY;BYDAY=FR`. Raises `Incomplete` that names the part nobody can use."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise Incomplete(f"a rule is a text of at most {LONGEST} characters", field="rrule")
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        name, stroke, value = part.partition("=")
        if not stroke or not value or name in parts:
            raise _fault(f"{part[:30]!r} is no part of a rule")
        parts[name] = value
    frequency = parts.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise _fault(f"FREQ is one of {', '.join(FREQUENCIES)}; nothing comes more than once a day")
    values: dict[str, object] = {}
    for name, value in parts.items():
        reader = _READERS.get(name)
        if reader is None:
            raise _fault(f"{name[:20]!r} is not understood; {', '.join(sorted(_READERS))} are")
        field, read = reader
        try:
            values[field] = read(value)
        except (ValueError, OverflowError) as fault:
            raise _fault(f"{name}={value[:40]} cannot be") from fault
    rule = Rule(frequency, start, **values)  # type: ignore[arg-type]  # each reader returns its field's type
    if any(n for n, _ in rule.by_day) and (
        frequency not in ("MONTHLY", "YEARLY") or rule.by_month_day
    ):
        raise _fault("a numbered weekday like -1FR goes with MONTHLY or YEARLY and no BYMONTHDAY")
    return rule


def _fault(because: str) -> Incomplete:
    return Incomplete(f"{because}; a rule is like FREQ=WEEKLY;BYDAY=FR", field="rrule")


def _number(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,4}", text, re.ASCII):
        raise ValueError(text)
    number = int(text)
    if not least <= number <= most:
        raise ValueError(text)
    return number


def _interval(text: str) -> int:
    return _number(text, 1, 1000)


def _until(text: str) -> datetime:
    """Civil like everything of a window, so without Z; a day alone means all of it."""
    if not re.fullmatch(r"\d{8}(T\d{6})?", text, re.ASCII):
        raise ValueError(text)
    at = datetime.strptime(text[:8], "%Y%m%d")
    if len(text) == 8:
        return at.replace(hour=23, minute=59, second=59)
    return datetime.strptime(text, "%Y%m%dT%H%M%S")


def _months(text: str) -> tuple[int, ...]:
    return tuple(sorted({_number(one, 1, 12) for one in text.split(",")}))


def _month_days(text: str) -> tuple[int, ...]:
    days = {_number(one, -31, 31) for one in text.split(",")}
    if 0 in days:
        raise ValueError(text)
    return tuple(sorted(days))


def _by_day(text: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for one in text.split(","):
        match = _BYDAY.fullmatch(one)
        if match is None:
            raise ValueError(text)
        n = _number(match[1], -53, 53) if match[1] else 0
        if match[1] and n == 0:
            raise ValueError(text)
        found.add((n, _DAYS.index(match[2])))
    return tuple(sorted(found))


_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "INTERVAL": ("interval", _interval),
    "UNTIL": ("until", _until),
    "BYMONTH": ("by_month", _months),
    "BYMONTHDAY": ("by_month_day", _month_days),
    "BYDAY": ("by_day", _by_day),
    "WKST": ("week_start", _DAYS.index),
}
