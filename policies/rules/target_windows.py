"""A target under windows: whether it lies in a freeze, which part is free, and what comes next.

For people who plan: an instant is free or it is not; of an interval the free spans are told. What
is to be decided has no time that a window could meet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from policies.lifecycle.kernel import iso
from policies.rules.launch_windows import MOVES, STORE
from policies.rules.target import Target
from policies.rules.windows import Span, Window, Zones, closed_spans, gaps, next_legal

FREE_MOST = 12  # spans that are told


@dataclass(frozen=True)
class Met:
    """`windows` close all of the target (`wholly`) or parts of it; `next_legal` is the first moment
    from its beginning on that is free (UTC), None: not within two years. `free` are the first free
    spans of an interval; `more`: there are others."""

    windows: tuple[str, ...]
    wholly: bool
    next_legal: datetime | None
    free: tuple[Span, ...] = ()
    more: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "windows": list(self.windows),
            "wholly": self.wholly,
            "next_legal": iso(self.next_legal) if self.next_legal else None,
            "free": [{"start": iso(start), "end": iso(end)} for start, end in self.free],
            "more": self.more,
        }


def met(windows: Iterable[Window], zones: Zones, target: Target) -> Met | None:
    """What of the whole store's windows a launch would meet at `target`; None: it is free."""
    if target.start is None or target.end is None:
        return None
    known, scopes = list(windows), (STORE,)
    end = max(target.end, target.start + timedelta(microseconds=1))
    shut = closed_spans(known, zones, scopes, MOVES, target.start, end)
    if not shut:
        return None
    ids = tuple(sorted({one for _, by in shut for one in by}))
    soonest = next_legal(known, zones, scopes, MOVES, target.start)
    if target.is_instant:
        return Met(ids, True, soonest)
    free = list(gaps((span for span, _ in shut), target.start, target.end))
    return Met(ids, not free, soonest, tuple(free[:FREE_MOST]), len(free) > FREE_MOST)
