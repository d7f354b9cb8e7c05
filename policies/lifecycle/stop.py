"""A stop: an append-only order “not served, now”. Placed by one person at once; lifted with care.

active → lifted
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from policies.errors import IllegalMove, Incomplete, SameVoice
from policies.lifecycle.kernel import Actor, Command, Event, Fact, Machine, Relation
from policies.lifecycle.order import Order, answer, lifted, placed
from policies.rules.access import allow

SCOPES = ("store", "category", "publisher", "gpt", "revision")
# Lifting what darkens many takes another person than the one who placed it (I3).
TWO_PEOPLE = frozenset({"store", "category", "publisher"})


@dataclass(frozen=True)
class Stop(Order):
    """`target` is a category, publisher, GPT or digest; the store's id for a store stop."""

    status: Literal["active", "lifted"] = "active"
    publisher: str | None = None  # of the GPT or revision, if whoever placed it knew


def evolve(state: Stop | None, event: Event) -> Stop:
    if event.type == "stop:placed":
        return placed(Stop, event, publisher=event.body.get("publisher"))
    return lifted(state, event, "stop:lifted")


def permit(state: Stop | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind == "place":
        allow("stop", "place", actor, Relation.OTHER)
        if state is not None:
            raise IllegalMove("this stop was placed already")
        return
    if kind != "lift" or state is None:
        raise IllegalMove(f"a stop knows no command “{kind}” here", command=kind)
    darkened = state.target if state.scope == "publisher" else state.publisher
    mine = darkened is not None and darkened in actor.publishers
    allow("stop", "lift", actor, Relation.OWNER if mine else Relation.OTHER)
    if state.status != "active":
        raise IllegalMove("this stop was lifted already", status=state.status)
    if state.scope in TWO_PEOPLE and actor.id == state.placed_by:
        raise SameVoice(f"a stop of scope {state.scope} is lifted by another person than placed it")


def decide(
    state: Stop | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    """A repeat of the placing command never gets here: `record` answers it."""
    permit(state, command.kind, command.actor, now)
    b = command.body
    if command.kind == "lift":
        if not b.get("reason"):
            raise Incomplete("a reason is missing", field="reason")
        return (Fact("stop:lifted", {"reason": b["reason"], "note": b.get("note")}),)
    if b.get("scope") not in SCOPES or not b.get("target") or not b.get("reason"):
        raise Incomplete("scope, target and reason are needed", scopes=list(SCOPES))
    return (
        Fact(
            "stop:placed",
            {
                "scope": b["scope"],
                "target": b["target"],
                "reason": b["reason"],
                "note": b.get("note"),
                "publisher": b.get("publisher"),
            },
        ),
    )


MACHINE: Machine[Stop] = Machine(
    kind="stop",
    state=Stop,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=("place", "lift"),
    answer=partial(answer, "stop"),
    causes={
        "place": frozenset({"stop:placed"}),
        "lift": frozenset({"stop:lifted"}),
    },
    human_facts=frozenset({"stop:placed", "stop:lifted"}),
)
