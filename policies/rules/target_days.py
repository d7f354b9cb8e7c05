"""What the label of a target means, in days: `season:2024-early` is 1 January to 31 March.

The parts of a year, one choice for everybody: early is January to March, mid May to August, late
October to December; spring, summer, autumn and winter are the meteorological ones (three whole
months, spring from 1 March), half a year apart in the south. Winter, and the southern summer, bear
the year they begin in.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from policies.errors import Incomplete

FIRST_YEAR, LAST_YEAR = 2000, 2199
WINDOW_DAYS = 366
# Part of a year → first month, number of months.
SEASONS: Mapping[str, tuple[int, int]] = {
    "early": (1, 3),
    "mid": (5, 4),
    "late": (10, 3),
    "spring": (3, 3),
    "summer": (6, 3),
    "autumn": (9, 3),
    "winter": (12, 3),
    "spring-south": (9, 3),
    "summer-south": (12, 3),
    "autumn-south": (3, 3),
    "winter-south": (6, 3),
}


def days_of(label: str) -> tuple[date, date]:
    """First day and the day after the last. Raises `Incomplete` for a label nobody writes."""
    kind, _, text = label.partition(":")
    try:
        first, after = _DAYS[kind](text)
        if first.year >= FIRST_YEAR and after.year <= LAST_YEAR + 1 and first < after:
            return first, after
    except (KeyError, ValueError, OverflowError):
        pass
    raise Incomplete(f"no target is called {label[:60]!r}", field="target")


def _day(text: str) -> tuple[date, date]:
    day = date.fromisoformat(text[:10])
    if day.isoformat() != text[:10]:  # Python also reads 2024-W02-3
        raise ValueError(text)
    return day, day + timedelta(days=1)


def _strictly_day(text: str) -> tuple[date, date]:
    if len(text) != 10:
        raise ValueError(text)
    return _day(text)


def _window(text: str) -> tuple[date, date]:
    first, _, last = text.partition("/")
    start, after = _strictly_day(first)[0], _strictly_day(last)[1]
    if (after - start).days > WINDOW_DAYS:
        raise ValueError(text)
    return start, after


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    last = year * 12 + month - 1 + count
    return date(year, month, 1), date(last // 12, last % 12 + 1, 1)


def _month(text: str) -> tuple[date, date]:
    year, month = text.split("-")
    return _months(_year(year), int(month), 1)


def _quarter(text: str) -> tuple[date, date]:
    year, quarter = text.split("-Q")
    return _months(_year(year), int(quarter) * 3 - 2, 3)


def _season(text: str) -> tuple[date, date]:
    year, _, name = text.partition("-")
    return _months(_year(year), *SEASONS[name])


def _year(text: str) -> int:
    if len(text) != 4 or not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return int(text)


_DAYS: Mapping[str, Any] = {
    "instant": _day,
    "day": _strictly_day,
    "window": _window,
    "month": _month,
    "quarter": _quarter,
    "season": _season,
    "tbd": _strictly_day,
}
