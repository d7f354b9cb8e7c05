"""Opening hours as a clock: how many business seconds have passed at a moment, and back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from policies.pack import Calendar
from policies.rules.deadlines import opening_of
from policies.stats.durations import Floats


class BusinessClock:
    """Piecewise linear from `start` (UTC) over `days` days; all numbers are seconds after `start`.

    `longer_s` extends the opening of a weekday (Monday is 0), to ask what that would change. Past
    the last day nothing is open: what is not done by then is done never (infinity).
    """

    def __init__(
        self,
        calendar: Calendar,
        start: datetime,
        days: int,
        longer_s: Mapping[int, float] | None = None,
    ) -> None:
        zone = ZoneInfo(calendar.zone)
        first = start.astimezone(zone).date() - timedelta(days=1)
        at, done = [0.0], [0.0]
        for number in range(days + 2):
            day = first + timedelta(days=number)
            opening = opening_of(calendar, zone, day)
            if opening is None:
                continue
            begins, ends = ((one - start).total_seconds() for one in opening)
            begins, ends = max(begins, at[-1]), ends + (longer_s or {}).get(day.weekday(), 0.0)
            if ends > begins:
                at += [begins, ends]
                done += [done[-1], done[-1] + ends - begins]
        self._at, self._done = np.asarray(at), np.asarray(done)

    @property
    def total_s(self) -> float:
        return float(self._done[-1])

    def business(self, seconds: Floats) -> Floats:
        found: Floats = np.interp(seconds, self._at, self._done)
        return found

    def calendar(self, business: Floats) -> Floats:
        """The earliest moment by which `business` seconds have passed."""
        piece = np.searchsorted(self._done, business, side="left")
        inside = np.minimum(piece, self._done.size - 1)
        found: Floats = np.where(
            piece == self._done.size, np.inf, self._at[inside] - (self._done[inside] - business)
        )
        return found
