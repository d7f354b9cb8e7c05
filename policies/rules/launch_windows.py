"""Windows over a launch: what closes all of it at a moment, and what closes some of its items.

A launch opens to everybody at once, so to windows it is a start, a growth and the whole. The scope
`store` binds the launch itself; a narrower one binds the items that it covers, and they are passed
over like others that are not ready. Each scope is answered once, whatever the number of items.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from policies.rules.windows import OPEN, Freeze, Window, Zones, verdict

MOVES = ("start", "increase", "full")
STORE = "store"


@dataclass(frozen=True)
class Closed:
    """`scopes`: a narrower scope that is closed → the windows that close it; `roles`: each of those
    windows → who may override it, None where nobody may."""

    whole: Freeze = OPEN
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, str | None] = field(default_factory=dict)


def closed_at(windows: Iterable[Window], zones: Zones, at: datetime) -> Closed:
    """What is closed at `at` (UTC). `zones` has the zone of every window by its name."""
    known = list(windows)
    scopes = {
        scope: shut.windows
        for scope in sorted({window.scope for window in known} - {STORE})
        if not (shut := verdict(known, zones, (scope,), MOVES, at))
    }
    shutting = {one for ids in scopes.values() for one in ids}
    roles = {window.id: window.override_role for window in known if window.id in shutting}
    return Closed(verdict(known, zones, (STORE,), MOVES, at), scopes, roles)
