"""A legal hold: what is covered by one is not erased. One person places it, another lifts it.

held → lifted
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from policies.errors import IllegalMove, Incomplete
from policies.lifecycle.kernel import Actor, Command, Event, Fact, Machine, Relation
from policies.lifecycle.order import Order, answer, lifted, placed
from policies.lifecycle.purge import SCOPES
from policies.rules.access import allow


@dataclass(frozen=True)
class Hold(Order):
    status: Literal["held", "lifted"] = "held"


def evolve(state: Hold | None, event: Event) -> Hold:
    if event.type == "hold:placed":
        return placed(Hold, event)
    return lifted(state, event, "hold:lifted")


def permit(state: Hold | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind == "place":
        allow("hold", "place", actor, Relation.OTHER)
        if state is not None:
            raise IllegalMove("this hold was placed already")
        return
    if kind != "lift" or state is None:
        raise IllegalMove(f"a hold knows no command “{kind}” here", command=kind)
    placed = actor.id == state.placed_by
    allow("hold", "lift", actor, Relation.DECIDER if placed else Relation.OTHER)
    if state.status != "held":
        raise IllegalMove("this hold was lifted already", status=state.status)


def decide(
    state: Hold | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    permit(state, command.kind, command.actor, now)
    b = command.body
    if not b.get("reason"):
        raise Incomplete("a reason is missing", field="reason")
    told = {"reason": b["reason"], "note": b.get("note")}
    if command.kind == "lift":
        return (Fact("hold:lifted", told),)
    if b.get("scope") not in SCOPES or not b.get("target"):
        raise Incomplete("scope and target are needed", scopes=list(SCOPES))
    return (Fact("hold:placed", {"scope": b["scope"], "target": b["target"], **told}),)


MACHINE: Machine[Hold] = Machine(
    kind="hold",
    state=Hold,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=("place", "lift"),
    answer=partial(answer, "hold"),
    causes={"place": frozenset({"hold:placed"}), "lift": frozenset({"hold:lifted"})},
    human_facts=frozenset({"hold:placed", "hold:lifted"}),
)
