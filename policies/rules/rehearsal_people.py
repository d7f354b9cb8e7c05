"""What people would do for a launch in a rehearsal: the ordinary answer to each of their turns.

Nobody invents a date: where a new one is needed, a rehearsal ends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.lifecycle.kernel import SYSTEM, Actor, Role
from policies.lifecycle.launch_state import Launch
from policies.rules.launch_turns import Turn
from policies.rules.rehearsal_cast import Scenario, player

_LEAD = Role.PRODUCT_LEAD.value
_MARK = "rehearsal"


@dataclass(frozen=True)
class Deed:
    role: str
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    number: int = 1

    @property
    def actor(self) -> Actor:
        return player(self.role, self.number)


def deed(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    """None: nobody would, or not in a rehearsal."""
    act = _ACTS.get(turn.what)
    return act(scenario, s, turn) if act else None


def _narrow(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    if scenario.opening is None:
        return None
    return Deed(_LEAD, "narrow", {"target": scenario.opening.as_json()})


def _open_gates(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    return Deed(_LEAD, "open_gates")


def _answer_gate(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    gate = s.gate(turn.of)
    if gate is None or gate.kind == "measured":
        return None
    if gate.kind == "attested":
        return Deed(gate.owner_role, "attest", {"gate": gate.id, "evidence": _MARK})
    return Deed(gate.owner_role, "sign", {"gate": gate.id, "verdict": "yes"})


def _vote(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    """The next word of the role; with none left it says nothing more."""
    role = str(turn.of)
    said = sum(1 for vote in s.votes if vote.role == role and vote.round == s.rounds)
    before = sum(1 for vote in s.votes if vote.role == role and vote.by == player(role).id)
    words = scenario.votes.get(role, ("GO",))
    word = words[before] if before < len(words) else words[-1] if words and not said else None
    if word is None or role == SYSTEM:
        return None
    told = {"role": role, "vote": word, "round": s.rounds, "statement": _MARK}
    return Deed(role, "vote", told)


def _no_go(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    if scenario.accepts_risk and s.terms.risk_role in turn.who:
        told = {"role": turn.of, "round": s.rounds, "rationale": _MARK}
        return Deed(s.terms.risk_role, "override", told, number=2)
    return _vote(scenario, s, turn)


def _override_freeze(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    """Past what closes the whole store; windows over single items leave those dark."""
    if not scenario.overrides_freezes:
        return None
    return Deed(turn.who[0], "override_freeze", {"reason": _MARK, "note": None})


def _lead(kind: str) -> Callable[[Scenario, Launch, Turn], Deed | None]:
    return lambda scenario, s, turn: Deed(_LEAD, kind)


def _next_wave(scenario: Scenario, s: Launch, turn: Turn) -> Deed | None:
    more = any(item.wave > s.wave for item in scenario.items)
    return Deed(_LEAD, "next_wave" if more else "finish")


_ACTS: Mapping[str, Callable[[Scenario, Launch, Turn], Deed | None]] = {
    "narrow": _narrow,
    "open_gates": _open_gates,
    "answer_gate": _answer_gate,
    "renew_gate": _answer_gate,
    "vote": _vote,
    "answer_no_go": _no_go,
    "override_freeze": _override_freeze,
    "call_poll": _lead("call_poll"),
    "resume": _lead("resume"),
    "next_wave_or_finish": _next_wave,
}
