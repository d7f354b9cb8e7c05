"""The picture of a forecast: from today on, when a launch was promised and when its approvals will
be there. Places are percentages of the width, so nothing is stretched."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from policies.stats.forecast import Forecast

_MARGIN = 1.5  # per cent, left and right
_TICKS_MOST = 5  # dates that a phone has room for
_LEAST = 0.8  # per cent: what is narrower cannot be seen
_DAY = timedelta(days=1)
_STEPS = (1, 2, 7, 14, 28, 91, 182, 365, 730)  # days between ticks


@dataclass(frozen=True)
class Band:
    """`open`: it goes on beyond the picture."""

    x: float
    width: float
    open: bool = False


@dataclass(frozen=True)
class Chart:
    """`likely`: from where one run in ten is ready to where nine are; `core`: from five to eight.
    None where so many never are. `promised` is None while there is no date."""

    promised: Band | None
    likely: Band | None
    core: Band | None
    half: float | None
    today: float
    ticks: tuple[tuple[float, str], ...]


def chart(told: Forecast, start: datetime | None, end: datetime | None, zone: tzinfo) -> Chart:
    """`start` and `end` of the promise, UTC; equal for an instant."""
    tenth, half, most, last = (told.date(p) for p in (0.1, 0.5, 0.8, 0.9))
    known = [one for one in (told.now, start, end, tenth, half, most, last) if one is not None]
    left, right = min(known), max(*known, min(known) + timedelta(hours=1))
    right += (right - left) / 20

    def x(at: datetime) -> float:
        return round(_MARGIN + (at - left) / (right - left) * (100 - 2 * _MARGIN), 2)

    def band(first: datetime | None, until: datetime | None) -> Band | None:
        if first is None:
            return None
        return Band(x(first), max(_LEAST, round(x(until or right) - x(first), 2)), until is None)

    return Chart(
        promised=band(start, end) if start and end else None,
        likely=band(tenth, last),
        core=band(half, most),
        half=None if half is None else x(half),
        today=x(told.now),
        ticks=tuple((x(at), label) for at, label in _ticks(left, right, zone)),
    )


def _ticks(left: datetime, right: datetime, zone: tzinfo) -> Iterator[tuple[datetime, str]]:
    """Midnights of `zone`, as many as have room; within a day its hours."""
    span = right - left
    if span < 2 * _DAY:
        yield from (
            (left + span * part, _hour(left + span * part, zone)) for part in (0.1, 0.5, 0.9)
        )
        return
    fitting = (one for one in _STEPS if span / (one * _DAY) <= _TICKS_MOST)
    step = next(fitting, _STEPS[-1])
    form = "%b %Y" if step > 182 else "%-d %b"
    day = left.astimezone(zone).date() + _DAY
    while (at := datetime.combine(day, time(), zone).astimezone(UTC)) < right:
        if 0.05 <= (at - left) / span <= 0.95:
            yield at, day.strftime(form)
        day += step * _DAY


def _hour(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%H:%M")
