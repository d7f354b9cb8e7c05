"""What answers to gates cause: evidence, signatures, measurements, waivers, and their end."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotAllowed, NotYet
from policies.lifecycle.kernel import Command, Fact, instant, iso
from policies.lifecycle.launch_bodies import digest, held, time
from policies.lifecycle.launch_due import look_due
from policies.lifecycle.launch_state import COMMITTED, Launch
from policies.rules.gates import Gate, until
from policies.rules.measures import NOT_LOOKED_AT

_WHY = re.compile(r"[a-z][a-z_]{0,39}")
Facts = tuple[Fact, ...]
Observed = Mapping[str, Any]


def _gate(s: Launch, c: Command, kind: str | None = None) -> Gate:
    gate = s.gate(c.body.get("gate"))
    if gate is None:
        raise Incomplete(
            "this launch has no such gate", field="gate", gates=[g.id for g in s.terms.gates]
        )
    if kind and gate.kind != kind:
        raise IllegalMove(f"“{gate.id}” is {gate.kind}, not {kind}", gate=gate.id, kind=gate.kind)
    return gate


def _own(gate: Gate, c: Command) -> None:
    if gate.owner_role not in c.actor.roles:
        raise NotAllowed(
            f"“{gate.id}” belongs to another role: {gate.owner_role}",
            gate=gate.id,
            roles=[gate.owner_role],
        )


def attest(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    gate = _gate(s, c, "attested")
    _own(gate, c)
    ends = time(c.body, "until")
    if ends is not None and ends <= now:
        raise Incomplete("this evidence has ended already", field="until", now=iso(now))
    body = {
        "gate": gate.id,
        "evidence": digest(c.body, "evidence", "the evidence"),
        "until": iso(until(gate, now, ends)),
    }
    return (Fact("launch:gate:attested", body),)


def sign(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """Yes or no. A no on the way to the opening stops it at once (I3)."""
    gate = _gate(s, c, "signed")
    _own(gate, c)
    verdict = c.body.get("verdict")
    if verdict not in ("yes", "no"):
        raise Incomplete("the verdict is yes or no", field="verdict")
    reason = c.body.get("reason")
    if verdict == "no" or reason is not None:
        reason = digest(c.body, "reason", "the reason")
    body = {"gate": gate.id, "verdict": verdict, "reason": reason, "until": iso(until(gate, now))}
    return _stopping(s, (Fact("launch:gate:signed", body),), verdict == "yes", gate, now)


def waive(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    gate = _gate(s, c)
    if gate.waivable_by is None:
        raise NotAllowed(f"nobody waives “{gate.id}”", gate=gate.id)
    if gate.waivable_by not in c.actor.roles:
        raise NotAllowed(
            f"“{gate.id}” is waived by another role: {gate.waivable_by}",
            gate=gate.id,
            roles=[gate.waivable_by],
        )
    reason = digest(c.body, "reason", "the reason")
    body = {"gate": gate.id, "reason": reason, "until": iso(until(gate, now))}
    return (Fact("launch:gate:waived", body),)


def measure(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """One gate, or without one all that are due: also what nobody could look at is recorded."""
    if c.body.get("gate") is None:
        return _measure_due(s, now, o)
    gate = _gate(s, c, "measured")
    fact = _measurement(gate, (o.get("gates") or {}).get(gate.id), now)
    holds: bool = fact.body["holds"]
    return _stopping(s, (fact,), holds or _is_accepted(s, gate, now), gate, now)


def _measure_due(s: Launch, now: datetime, o: Observed) -> Facts:
    due, seen = look_due(s), o.get("gates") or {}
    if due is None or now < due:
        raise NotYet("every measurement is new enough", until=iso(due) if due else None)
    looks = [
        _measurement(gate, seen.get(gate.id), now)
        for gate in s.terms.gates
        if gate.kind == "measured"
    ]
    facts = tuple(Fact(one.type, {**one.body, "routine": True}) for one in looks)
    for fact in facts:
        gate = s.gate(fact.body["gate"])
        if gate and not (fact.body["holds"] or _is_accepted(s, gate, now)):
            return _stopping(s, facts, False, gate, now)
    return facts


def _is_accepted(s: Launch, gate: Gate, now: datetime) -> bool:
    """Where the risk was accepted, a bad number is no news."""
    mark = s.marks.get(gate.id)
    return mark is not None and mark.waived and now < mark.until


def measured(s: Launch, now: datetime, o: Observed) -> Facts:
    """Every measured gate that was looked at just now."""
    seen = o.get("gates") or {}
    return tuple(
        _measurement(gate, seen[gate.id], now)
        for gate in s.terms.gates
        if gate.kind == "measured" and gate.id in seen
    )


def _measurement(gate: Gate, seen: Any, now: datetime) -> Fact:
    """A look that failed or makes no sense does not hold (I7); nor does one from the future."""
    value, holds, at = None, False, now
    why: Any = NOT_LOOKED_AT
    if isinstance(seen, Mapping):
        why = seen.get("why")
        try:
            at = min(instant(seen["at"]), now)
            value = None if seen.get("value") is None else float(seen["value"])
            holds = seen["holds"] is True
        except (KeyError, TypeError, ValueError):
            value, holds, at, why = None, False, now, NOT_LOOKED_AT
    if value is not None and not math.isfinite(value):
        value, holds, why = None, False, "not_a_number"
    body = {
        "gate": gate.id,
        "value": value,
        "holds": holds and gate.allows(value),
        "at": iso(at),
        "until": iso(until(gate, at)),
    }
    named = isinstance(why, str) and _WHY.fullmatch(why)
    return Fact("launch:gate:measured", body | ({"why": why} if named else {}))


def _stopping(s: Launch, facts: Facts, holds: bool, gate: Gate, now: datetime) -> Facts:
    if holds or s.status not in COMMITTED:
        return facts
    return (*facts, held(s, now, "gate_red", why=[f"{gate.id}:red"]))


def reopen_gate(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """Its owner is told once that an answer counts no longer."""
    lost = s.gates(now).lost
    if not lost:
        raise NotYet("every answer still counts")
    return lapsed(s, now)


def lapsed(s: Launch, now: datetime) -> Facts:
    return tuple(Fact("launch:gate:lapsed", {"gate": gate}) for gate in s.gates(now).lost)
