"""Which items of a launch are ready to open at one moment, and what keeps the others.

Pure: everything that had to be looked up is in `Item`. What is unknown keeps an item from opening.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.rules.approvals import Standing, exposure_may_grow

IMPORTANCE = ("must", "should", "optional")
TIERS = ("low", "medium", "high")
FAILING_MOST = 500


@dataclass(frozen=True)
class Item:
    """One bound release. `requires` are releases that have to be visible with it or before it;
    `offset_s` counts from the opening; `not_before` is its embargo in the plan of the launch,
    `embargo_ends` when the last embargo of its GPT ends, also where that is past (both UTC)."""

    release: str
    wave: int
    importance: str
    standing: Standing
    tier: str = "high"
    requires: tuple[str, ...] = ()
    offset_s: int = 0
    not_before: datetime | None = None
    embargo_ends: datetime | None = None
    erased: bool = False
    scopes: frozenset[str] = frozenset()  # narrower than the store, in the words of windows


@dataclass(frozen=True)
class Readiness:
    """`failing`: release → every reason as a code. `holds_until`: when the first evidence of a
    ready item ends (UTC), None when none is known to."""

    failing: Mapping[str, tuple[str, ...]]
    holds_until: datetime | None


def readiness(
    items: Collection[Item],
    visible: Collection[str],
    at: datetime,
    closed: Mapping[str, tuple[str, ...]],
    opens: datetime | None = None,
) -> Readiness:
    """Every item at `at` (UTC). `visible` are releases that people are served already, `closed` the
    scopes that windows close at the opening, each with those windows. `opens` is that opening, by
    which embargoes are judged: None where it is `at`.

    An item whose requirement fails, fails with it, over as many steps as it takes.
    """
    failing = {item.release: why for item in items if (why := _own(item, at, closed, opens or at))}
    there = set(visible) | {item.release for item in items}
    changed = True
    while changed:
        changed = False
        for item in items:
            lacking = [one for one in item.requires if one not in there or one in failing]
            if lacking and item.release not in failing:
                failing[item.release] = tuple(f"requires:{one}" for one in lacking)
                changed = True
    ends = [
        end
        for item in items
        if item.release not in failing and (end := item.standing.evidence_until) is not None
    ]
    return Readiness(failing, min(ends, default=None))


def _own(
    item: Item, at: datetime, closed: Mapping[str, tuple[str, ...]], opens: datetime
) -> tuple[str, ...]:
    why = list(exposure_may_grow(item.standing, at).why)
    if item.erased:
        why.append("erased")
    if any(opens < end for end in (item.not_before, item.embargo_ends) if end is not None):
        why.append("embargo")
    if item.offset_s > 0:
        why.append("after_the_opening")  # it opens with a later wave
    shut = {one for scope in item.scopes & closed.keys() for one in closed[scope]}
    why += [f"frozen:{window}" for window in sorted(shut)]
    return tuple(why)


def observed(
    items: Collection[Item], found: Readiness, *, wave: int, waves: int, position: int
) -> dict[str, Any]:
    """What a launch's decider is told of one wave: counts, and at most `FAILING_MOST` that fail."""
    of_wave = [item for item in items if item.wave == wave]
    failing = {i.release: found.failing[i.release] for i in of_wave if i.release in found.failing}
    counts: dict[str, int] = {}
    for kind in IMPORTANCE:
        mine = [item.release for item in of_wave if item.importance == kind]
        counts[kind] = len(mine)
        counts[f"{kind}_ready"] = sum(release not in failing for release in mine)
    named = sorted(failing)[:FAILING_MOST]
    return {
        **counts,
        "failing": {release: list(failing[release]) for release in named},
        "failing_more": len(failing) > FAILING_MOST,
        "tier": _highest(item.tier for item in of_wave),
        "position": position,
        "holds_until": found.holds_until.isoformat() if found.holds_until else None,
        "wave": wave,
        "waves": waves,
    }


def _highest(tiers: Iterable[str]) -> str:
    """An unknown tier is the highest."""
    ranks = [TIERS.index(tier) if tier in TIERS else len(TIERS) - 1 for tier in tiers]
    return TIERS[max(ranks, default=0)]
