"""The freezes of a whole store as intervals: what a launch and people's calendars look ahead at."""

from datetime import datetime

from sqlmodel import Session

from gonogo.db.windows import in_force, zones_of
from policies.rules.launch_around import Span
from policies.rules.windows import spans

MOST = 1_000
# A launch opens to everybody: whatever stops a start, a growth or reaching everyone stops it.
_MOVES = ("start", "increase", "full")


def freezes(
    session: Session, store: str, pack: str, first: datetime, last: datetime
) -> tuple[Span, ...]:
    """Every occurrence that touches `[first, last)` (UTC) of what denies for the whole store, in
    order; the first `MOST` of them."""
    windows = [
        one
        for one in in_force(session, store, pack, ("store",), first)
        if one.kind == "deny" and one.stops(_MOVES)
    ]
    zones = zones_of(windows)
    found = [
        Span(one.id, begins, ends)
        for one in windows
        for begins, ends in spans(one, zones[one.tz], first, last)
    ]
    return tuple(sorted(found, key=lambda span: (span.start, span.id))[:MOST])
