"""Business time: deadlines that count only the opening hours of the store's calendar (I5).

Zones are resolved here, so this never runs inside workflow code: activities and the edge call it.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.pack import Calendar, PolicyPack

_LONGEST_DAYS = 3660


def add_business(calendar: Calendar, at: datetime, seconds: float) -> datetime:
    """`at` plus `seconds` (0 or more) of opening time, in UTC. Raises `ValueError` if that never
    comes.

    Opening hours are civil hours of `calendar.zone`; a day with a DST change keeps its local
    opening and closing, so it may be an hour longer or shorter.
    """
    zone = ZoneInfo(calendar.zone)
    if seconds < 0:
        raise ValueError(f"a deadline lies ahead, not {seconds} s")
    left = timedelta(seconds=seconds)
    moment = at.astimezone(UTC)
    # Hours that pass midnight belong to the day they began on.
    day = moment.astimezone(zone).date() - timedelta(days=1)
    for _ in range(_LONGEST_DAYS):
        opening = opening_of(calendar, zone, day)
        if opening is not None:
            start, end = max(opening[0], moment), opening[1]
            if start < end:
                if left <= end - start:
                    return start + left
                left -= end - start
        day += timedelta(days=1)
    raise ValueError(f"the calendar has no {seconds} s of opening hours in ten years")


def review_due(pack: PolicyPack, tier: str, at: datetime) -> datetime:
    """When the review of a case that is queued at `at` is due. Raises `KeyError`: no such tier."""
    spent = pack.review.tiers[tier].due_business_s  # type: ignore[index]  # an unknown one must raise
    return add_business(pack.calendar, at, spent)


def opening_of(calendar: Calendar, zone: ZoneInfo, day: date) -> tuple[datetime, datetime] | None:
    """Opening and closing of `day` in UTC, or None when closed."""
    if day.weekday() not in calendar.days or day.isoformat() in calendar.holidays:
        return None
    begins = time.fromisoformat(calendar.open_from)
    ends = time.fromisoformat(calendar.open_until)
    last = day + timedelta(days=1) if ends <= begins else day
    return (
        datetime.combine(day, begins, zone).astimezone(UTC),
        datetime.combine(last, ends, zone).astimezone(UTC),
    )


def ladder_at(since: datetime, due: datetime, share: float) -> datetime:
    """The moment when `share` of the time from `since` to `due` has passed."""
    return since + (due - since) * share


def business_between(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Seconds of opening time in `[start, end)`; 0 if `end` is not after `start`."""
    zone = ZoneInfo(calendar.zone)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date()
    found = timedelta()
    for _ in range(_LONGEST_DAYS):
        if day > last or start >= end:
            return found.total_seconds()
        opening = opening_of(calendar, zone, day)
        if opening is not None:
            found += max(timedelta(), min(opening[1], end) - max(opening[0], start))
        day += timedelta(days=1)
    raise ValueError("more than ten years apart")


def begin_business(calendar: Calendar, due: datetime, seconds: float) -> datetime:
    """The latest moment (UTC) at which work of `seconds` of opening time may begin and be done by
    `due`: what `add_business` looks at from the other end. Raises `ValueError` if there is none in
    ten years."""
    zone = ZoneInfo(calendar.zone)
    if seconds < 0:
        raise ValueError(f"work takes time, not {seconds} s")
    left = timedelta(seconds=seconds)
    moment = due.astimezone(UTC)
    day = moment.astimezone(zone).date()
    for _ in range(_LONGEST_DAYS):
        opening = opening_of(calendar, zone, day)
        if opening is not None:
            start, end = opening[0], min(opening[1], moment)
            if start < end:
                if left <= end - start:
                    return end - left
                left -= end - start
        day -= timedelta(days=1)
    raise ValueError(f"the calendar has no {seconds} s of opening hours in ten years")
