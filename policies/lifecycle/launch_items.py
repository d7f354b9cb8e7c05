"""The items of a launch, as they were observed: counts of one wave and what fails its precheck.

The observation is made outside and handed in; one that is missing or malformed is unknown, and on
the unknown nothing opens (I7).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.lifecycle.kernel import instant_or_none
from policies.lifecycle.launch_state import Launch

FAILING_MOST = 500
_KINDS = ("must", "should", "optional")


@dataclass(frozen=True)
class Items:
    """Of `wave`, one of `waves`. `failing`: release → codes of what of I6 does not hold. `tier` is
    the highest risk tier among them; `position` the store's when it was looked; at `holds_until`
    the first approval or evidence of a ready item ends."""

    wave: int
    waves: int
    must: int
    must_ready: int
    total: int
    ready: int
    failing: Mapping[str, tuple[str, ...]]
    failing_more: bool
    tier: str
    position: int
    holds_until: datetime | None


def items_of(observed: Mapping[str, Any]) -> Items | None:
    """`observed["items"]`, or None when nobody looked or what they saw makes no sense."""
    seen = observed.get("items")
    if not isinstance(seen, Mapping):
        return None
    try:
        counts = {kind: (seen[kind], seen[f"{kind}_ready"]) for kind in _KINDS}
        numbers = [n for pair in counts.values() for n in pair] + [seen["wave"], seen["waves"]]
        if not all(isinstance(n, int) and n >= 0 for n in numbers):
            return None
        if any(ready > count for count, ready in counts.values()):
            return None
        return Items(
            wave=seen["wave"],
            waves=seen["waves"],
            must=seen["must"],
            must_ready=seen["must_ready"],
            total=sum(count for count, _ in counts.values()),
            ready=sum(ready for _, ready in counts.values()),
            failing={str(r): tuple(codes) for r, codes in seen["failing"].items()},
            failing_more=bool(seen.get("failing_more")) or len(seen["failing"]) > FAILING_MOST,
            tier=str(seen.get("tier") or "high"),
            position=int(seen["position"]),
            holds_until=instant_or_none(seen.get("holds_until")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def in_the_way(state: Launch, items: Items | None) -> tuple[str, ...]:
    """Codes of what keeps the next wave from opening, as far as its items go."""
    if items is None:
        return ("items_unknown",)
    if items.wave != state.wave + 1:
        return ("items_of_another_wave",)
    why = []
    if items.failing_more:
        why.append("too_many_failing")
    if items.must_ready < items.must:
        why.append("must_failing")
    if state.mode == "atomic" and items.ready < items.total:
        why.append("not_all_ready")
    if not quorum_met(state, items):
        why.append("quorum")
    if items.ready == 0:
        why.append("nothing_ready")
    if state.musts is not None and items.must < state.musts:
        # It left so late that its leaving was not told yet: the opening does not outrun it (L12).
        why.append("must_left")
    return tuple(why)


def quorum_met(state: Launch, items: Items) -> bool:
    """Of the first wave; later ones add to it."""
    return state.mode != "quorum" or state.wave > 0 or items.ready >= (state.quorum or 1)
