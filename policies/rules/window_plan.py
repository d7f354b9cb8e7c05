"""A planned climb under windows: which freezes each stage would meet, and when it begins then."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.rules.windows import OPEN, Freeze, Window, Zones, verdict

FULL = 10_000


@dataclass(frozen=True)
class Covered:
    """What windows have to know of a release. `pack` is the digest of the one it is under."""

    store: str
    gpt: str
    publisher: str
    digest: str
    pack: str


@dataclass(frozen=True)
class Projected:
    """When a stage would begin (UTC), None when it never would; what keeps it back until then."""

    stage: int
    planned: datetime
    begins: datetime | None
    freeze: Freeze = OPEN


def moves_of(stage: int, weight_bp: int) -> tuple[str, ...]:
    """What entering stage `stage` is to windows."""
    first = ("start",) if stage == 0 else ()
    return (*first, "increase", *(("full",) if weight_bp >= FULL else ()))


def projected(
    windows: Iterable[Window],
    zones: Zones,
    scopes: Collection[str],
    stages: Sequence[tuple[int, int, int]],
    begins: datetime,
) -> list[Projected]:
    """The climb over `stages` of (index, weight in basis points, soak in seconds), if the first of
    them is entered at `begins`. Stops after a stage that could never be entered."""
    known, found, at = list(windows), [], begins
    for stage, weight_bp, soak_s in stages:
        freeze = verdict(known, zones, scopes, moves_of(stage, weight_bp), at)
        enters = at if freeze else freeze.until
        found.append(Projected(stage, at, enters, freeze))
        if enters is None:
            break
        at = enters + timedelta(seconds=soak_s)
    return found
