"""A legal hold: what is covered by one is not erased. One person places it, another lifts it.

held → lifted
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from policies.errors import IllegalMove, Incomplete
from policies.lifecycle.kernel import Actor, Command, Event, Fact, Machine, Relation
from policies.lifecycle.purge import SCOPES
from policies.rules.access import allow


@dataclass(frozen=True)
class Hold:
    id: str
    store: str
    scope: str
    target: str
    reason: str
    placed_by: str
    placed_at: datetime
    seq: int = 0
    version: int = 1
    status: Literal["held", "lifted"] = "held"
    lifted_by: str | None = None
    lifted_at: datetime | None = None


def evolve(state: Hold | None, event: Event) -> Hold:
    if event.type == "hold:placed":
        b = event.body
        return Hold(
            id=event.subject,
            store=event.store,
            scope=b["scope"],
            target=b["target"],
            reason=b["reason"],
            placed_by=event.actor_id,
            placed_at=event.occurred_at,
            seq=event.seq,
        )
    if state is None or event.type != "hold:lifted" or state.status == "lifted":
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    return replace(
        state,
        status="lifted",
        lifted_by=event.actor_id,
        lifted_at=event.occurred_at,
        seq=event.seq,
        version=state.version + 1,
    )


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


def answer(state: Hold) -> dict[str, Any]:
    return {
        "hold": state.id,
        "scope": state.scope,
        "target": state.target,
        "status": state.status,
        "seq": state.seq,
        "version": state.version,
    }


MACHINE: Machine[Hold] = Machine(
    kind="hold",
    state=Hold,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=("place", "lift"),
    answer=answer,
    causes={"place": frozenset({"hold:placed"}), "lift": frozenset({"hold:lifted"})},
    human_facts=frozenset({"hold:placed", "hold:lifted"}),
)
