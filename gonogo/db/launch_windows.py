"""What windows say about the opening of a launch: asked once for all of its items, by their scopes.

The windows of the pack that the launch pins bind it with everything bound to it: a bound release
has no time of its own, so the pack of its case does not say when it opens.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlmodel import Session

from gonogo.db.launches import LaunchPicture
from gonogo.db.windows import of_store, zones_of
from policies.lifecycle.kernel import iso
from policies.rules.launch_windows import Closed, closed_at
from policies.rules.target import Target
from policies.rules.target_windows import Met, met


def windows_over(
    session: Session, store: str, pack: str, at: datetime, overridden: Collection[str] = ()
) -> Closed:
    """What is closed at `at` (UTC), the windows in `overridden` left aside."""
    windows = [one for one in of_store(session, store, pack, at) if one.id not in overridden]
    return closed_at(windows, zones_of(windows), at)


def windows_of_launch(session: Session, store: str, launch: str, at: datetime) -> Closed:
    """What is closed to this launch at `at` (UTC), by its own pack and overrides."""
    row = session.get(LaunchPicture, (store, launch))
    if row is None:
        return Closed()  # nothing is bound to what is not there
    passed = row.state.get("overridden") or ()
    return windows_over(session, store, row.state["terms"]["pack"], at, passed)


def windows_met(
    session: Session, store: str, pack: str, target: Target, now: datetime
) -> Met | None:
    """What a launch under this pack would meet at `target`, by the store's windows of now."""
    windows = of_store(session, store, pack, now)
    return met(windows, zones_of(windows), target)


def as_observed(closed: Closed) -> dict[str, Any]:
    """`observed["freeze"]` and `observed["narrow"]` of a launch's decider."""
    whole = closed.whole
    until = iso(whole.until) if whole.until else None
    freeze = {"windows": list(whole.windows), "until": until, "roles": list(whole.roles)}
    return {"freeze": None if whole else freeze, "narrow": dict(closed.roles)}
