"""An embargo: nothing of a GPT is public before a moment, whoever asks.

active → lifted (by two, before its time); at its time it is over by itself

Setting one and moving it later need one person and no orchestrator for the first: they are safer
(I3). Making it end earlier is lifting it, which takes a lead and a second one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from policies.errors import IllegalMove, Incomplete
from policies.lifecycle.kernel import Actor, Command, Event, Fact, Machine, Relation, iso
from policies.rules.access import allow
from policies.rules.target import Target, of_json

COMMANDS = ("set", "move", "lift")


@dataclass(frozen=True)
class Embargo:
    """`target` is an instant or a day, as people said it; its start is when the embargo is over."""

    id: str
    store: str
    gpt: str
    publisher: str
    target: Target
    reason: str
    set_by: str
    set_at: datetime
    seq: int = 0
    version: int = 1
    status: Literal["active", "lifted"] = "active"
    proposed_by: str | None = None  # first of the two who lift it
    lifted_by: str | None = None

    @property
    def not_before(self) -> datetime:
        assert self.target.start is not None  # `_moment` saw to it
        return self.target.start


def evolve(state: Embargo | None, event: Event) -> Embargo:
    b = event.body
    if event.type == "embargo:set":
        return Embargo(
            id=event.subject,
            store=event.store,
            gpt=b["gpt"],
            publisher=b["publisher"],
            target=of_json(b["target"]),
            reason=b["reason"],
            set_by=event.actor_id,
            set_at=event.occurred_at,
            seq=event.seq,
        )
    if state is None or state.status == "lifted":
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    changes: Mapping[str, Any] = {
        "embargo:moved": lambda: {"target": of_json(b["target"]), "proposed_by": None},
        "embargo:resolved": lambda: {"target": of_json(b["target"])},
        "embargo:lift:proposed": lambda: {"proposed_by": event.actor_id},
        "embargo:lifted": lambda: {"status": "lifted", "lifted_by": event.actor_id},
    }
    if event.type not in changes:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    changed = changes[event.type]()
    return replace(state, **changed, seq=event.seq, version=state.version + 1)


def relation_of(publisher: str, proposed_by: str | None, actor: Actor) -> Relation:
    if publisher in actor.publishers:
        return Relation.OWNER
    return Relation.SPOKE if proposed_by == actor.id else Relation.OTHER


def permit(state: Embargo | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind == "set" and state is not None:
        raise IllegalMove("this embargo was set already")
    if kind == "set":
        return  # whose GPT it is comes with the command
    if state is None or kind not in (*COMMANDS, "resolve"):
        raise IllegalMove(f"an embargo knows no command “{kind}” here", command=kind)
    if kind != "resolve":
        allow("embargo", kind, actor, relation_of(state.publisher, state.proposed_by, actor))
    if state.status != "active":
        raise IllegalMove("this embargo was lifted already", status=state.status)
    if now >= state.not_before:
        raise IllegalMove("this embargo is over already", not_before=iso(state.not_before))


def decide(
    state: Embargo | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    permit(state, command.kind, command.actor, now)
    b = command.body
    if command.kind == "resolve":
        assert state is not None
        if not command.actor.is_system:
            raise IllegalMove("“resolve” is the system's own command", command="resolve")
        target = of_json(b["target"])
        # Newer zone data moves the instant of a civil time; what people said stays.
        same = target.label == state.target.label and target.start == state.target.start
        return () if same else (Fact("embargo:resolved", {"target": target.as_json()}),)
    if not b.get("reason"):
        raise Incomplete("a reason is missing", field="reason")
    told = {"reason": b["reason"], "note": b.get("note")}
    if command.kind == "lift":
        assert state is not None
        first = state.proposed_by is None
        return (Fact("embargo:lift:proposed" if first else "embargo:lifted", told),)
    target = _moment(b, now)
    if state is None:
        publisher = str(b.get("publisher"))
        allow("embargo", "set", command.actor, relation_of(publisher, None, command.actor))
        return (
            Fact(
                "embargo:set",
                {
                    "gpt": b["gpt"],
                    "publisher": publisher,
                    "target": target.as_json(),
                    **told,
                },
            ),
        )
    if target.start is None or target.start <= state.not_before:
        raise IllegalMove(
            "that is earlier: lift it instead, which takes two", not_before=iso(state.not_before)
        )
    return (Fact("embargo:moved", {"target": target.as_json(), **told}),)


def _moment(body: Mapping[str, Any], now: datetime) -> Target:
    target = of_json(body["target"])
    if target.precision not in ("instant", "day") or target.start is None:
        raise Incomplete("an embargo lasts until an instant or a day", field="not_before")
    if target.start <= now:
        raise Incomplete("that time is past", field="not_before", now=iso(now))
    return target


def answer(state: Embargo) -> dict[str, Any]:
    return {
        "embargo": state.id,
        "gpt": state.gpt,
        "not_before": iso(state.not_before),
        "status": state.status,
        "proposed_by": state.proposed_by,
        "seq": state.seq,
        "version": state.version,
    }


MACHINE: Machine[Embargo] = Machine(
    kind="embargo",
    state=Embargo,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=COMMANDS,
    answer=answer,
    causes={
        "set": frozenset({"embargo:set"}),
        "move": frozenset({"embargo:moved"}),
        "lift": frozenset({"embargo:lift:proposed", "embargo:lifted"}),
    },
    human_facts=frozenset(
        {"embargo:set", "embargo:moved", "embargo:lift:proposed", "embargo:lifted"}
    ),
)
