"""Moving by civil time: ten in the morning stays ten in the morning, whatever clocks do meanwhile.

The difference of two instants is taken between what clocks showed (RFC 5545, section 3.3.6, calls
it nominal), and applied to what clocks showed. A time a clock change skips means the later one, a
time that comes twice the earlier one, as everywhere (`civil_time`).
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo


def civil_delta(start: datetime, end: datetime, zone: tzinfo) -> timedelta:
    """What clocks in `zone` show at `end`, minus what they show at `start`."""
    return _shown(end, zone) - _shown(start, zone)


def civil_shift(at: datetime, delta: timedelta, zone: tzinfo) -> datetime:
    """`at` moved by `delta` on the clocks of `zone`, in UTC."""
    return (_shown(at, zone) + delta).replace(tzinfo=zone, fold=0).astimezone(UTC)


def local_date(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _shown(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
