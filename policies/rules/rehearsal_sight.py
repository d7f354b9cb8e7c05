"""What the system would see of the items and the measured gates at a moment of a rehearsal."""

from datetime import datetime
from typing import Any

from policies.lifecycle.kernel import iso
from policies.lifecycle.launch_items import FAILING_MOST
from policies.lifecycle.launch_state import Launch
from policies.rules.launch_windows import Closed, closed_at
from policies.rules.rehearsal_cast import Item, Left, Rejected, Scenario, Stopped

_TIERS = ("low", "medium", "high")
_KINDS = ("must", "should", "optional")
_OPEN = Closed()


def seen(scenario: Scenario, state: Launch, now: datetime) -> dict[str, Any]:
    """Windows are asked about the announced instant until it has come, then about now."""
    ahead = state.wave == 0 and state.opens_at is not None and now < state.opens_at
    closed = _closed(scenario, state, state.opens_at if ahead and state.opens_at else now)
    whole = closed.whole
    until = iso(whole.until) if whole.until else None
    freeze = {"windows": list(whole.windows), "until": until, "roles": list(whole.roles)}
    return {
        "items": _items(scenario, state, now, closed),
        "gates": _gates(scenario, state, now),
        "freeze": None if whole else freeze,
        "narrow": dict(closed.roles),
    }


def _closed(scenario: Scenario, state: Launch, at: datetime) -> Closed:
    """The windows that people got past for this opening are open."""
    windows = [one for one in scenario.windows if one.id not in state.overridden]
    return closed_at(windows, scenario.zones, at)


def why_not(
    scenario: Scenario, item: Item, now: datetime, closed: Closed = _OPEN
) -> tuple[str, ...]:
    """Codes of what keeps `item` from opening at `now`; none: it is ready."""
    why = [f"frozen:{window}" for scope in item.scopes for window in closed.scopes.get(scope, ())]
    if item.ready_at is None or now < item.ready_at:
        why.append(item.why)
    elif item.until is not None and now >= item.until:
        why.append("evidence_stale")
    for one in scenario.injections:
        if now < one.at:
            continue
        if isinstance(one, Rejected) and one.release == item.id:
            if one.again_at is None or now < one.again_at:
                why.append("rejected")
        elif isinstance(one, Stopped) and _stands(one, now) and one.release in ("", item.id):
            why.append("stopped:revision" if one.release else "stopped:store")
    return tuple(why)


def _stands(one: Stopped, now: datetime) -> bool:
    return one.at <= now and (one.until is None or now < one.until)


def _items(scenario: Scenario, state: Launch, now: datetime, closed: Closed) -> dict[str, Any]:
    gone = {one.release for one in scenario.injections if isinstance(one, Left) and one.at <= now}
    there = [item for item in scenario.items if item.id not in gone]
    wave = [item for item in there if item.wave == state.wave + 1]
    failing = {item.id: list(why) for item in wave if (why := why_not(scenario, item, now, closed))}
    found: dict[str, Any] = {}
    for kind in _KINDS:
        mine = [item for item in wave if item.importance == kind]
        found[kind] = sum(item.count for item in mine)
        found[f"{kind}_ready"] = sum(item.count for item in mine if item.id not in failing)
    fail = sum(item.count for item in wave if item.id in failing)
    return found | {
        "failing": dict(list(failing.items())[:FAILING_MOST]),
        "failing_more": fail > FAILING_MOST,
        "position": 0,
        "holds_until": None,
        "wave": state.wave + 1,
        "waves": max((item.wave for item in there), default=1),
        "tier": max((item.tier for item in wave), key=_TIERS.index, default="low"),
    }


def _gates(scenario: Scenario, state: Launch, now: datetime) -> dict[str, Any]:
    stops = sum(1 for one in scenario.injections
                if isinstance(one, Stopped) and not one.release and _stands(one, now))  # fmt: skip
    values = {gate.id: scenario.measures.get(gate.id, 0.0) for gate in state.terms.gates
              if gate.kind == "measured" and gate.id not in scenario.unmeasured}  # fmt: skip
    if "no_stop" in values:
        values["no_stop"] += stops
    return {gate: {"holds": True, "value": value, "at": iso(now)} for gate, value in values.items()}
