"""A request to erase: one person asks, another confirms, then what nothing else needs is erased.

    asked → confirmed → done,  asked, confirmed → declined;  swept: done at once, by the retention

A confirmed one that a hold or a use keeps waiting can still be declined, until anything of it is
erased.

What is erased leaves tombstones by digest. `root` names all of them: SHA-256 over the sorted
digests, each on a line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotAllowed
from policies.lifecycle.kernel import Actor, Command, Event, Fact, Machine, Relation
from policies.rules.access import allow

SCOPES = ("submission", "gpt", "publisher", "person")


class Step(StrEnum):
    ASKED = "asked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    DONE = "done"


NEXT: Mapping[Step, frozenset[Step]] = {
    Step.ASKED: frozenset({Step.CONFIRMED, Step.DECLINED}),
    Step.CONFIRMED: frozenset({Step.DONE, Step.DECLINED}),
    Step.DECLINED: frozenset(),
    Step.DONE: frozenset(),
}
LEGAL: Mapping[str, frozenset[Step]] = {
    "confirm": frozenset({Step.ASKED}),
    "decline": frozenset({Step.ASKED, Step.CONFIRMED}),  # the record asks whether it has begun
    "finish": frozenset({Step.CONFIRMED}),
}
SYSTEM_COMMANDS = frozenset({"finish", "sweep"})
PERSONS_COMMANDS = ("ask", "confirm", "decline")


@dataclass(frozen=True)
class Purge:
    """`erased` and `kept` count by kind: prose, objects, rows."""

    id: str
    store: str
    scope: str
    target: str
    step: Step
    since: datetime
    asked_by: str
    asked_at: datetime
    reason: str
    note: str | None = None
    confirmed_by: str | None = None
    done_at: datetime | None = None
    erased: dict[str, int] | None = None
    kept: dict[str, int] | None = None
    root: str | None = None
    seq: int = 0
    version: int = 1


def evolve(state: Purge | None, event: Event) -> Purge:
    """Raises `ValueError` for an event or a move the table does not know."""
    b, at = event.body, event.occurred_at
    if event.type in ("purge:asked", "purge:swept"):
        swept = event.type == "purge:swept"
        return Purge(
            id=event.subject,
            store=event.store,
            scope="retention" if swept else b["scope"],
            target=event.store if swept else b["target"],
            step=Step.DONE if swept else Step.ASKED,
            since=at,
            asked_by=event.actor_id,
            asked_at=at,
            reason="retention" if swept else b["reason"],
            note=b.get("note"),
            done_at=at if swept else None,
            erased=b.get("erased"),
            kept=b.get("kept"),
            root=b.get("root"),
            seq=event.seq,
        )
    to = _TO.get(event.type)
    if state is None or to is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    if to not in NEXT[state.step]:
        raise ValueError(f"{event.type}: {state.step} → {to} is not a move")
    new = replace(state, step=to, since=at, seq=event.seq, version=state.version + 1)
    if to is Step.CONFIRMED:
        return replace(new, confirmed_by=event.actor_id)
    if to is Step.DONE:
        return replace(new, done_at=at, erased=b["erased"], kept=b["kept"], root=b["root"])
    return new


_TO: Mapping[str, Step] = {
    "purge:confirmed": Step.CONFIRMED,
    "purge:declined": Step.DECLINED,
    "purge:finished": Step.DONE,
}


def permit(state: Purge | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind not in LEGAL and kind not in ("ask", "sweep"):
        raise IllegalMove(f"a purge knows no command “{kind}”", command=kind)
    if kind in SYSTEM_COMMANDS and not actor.is_system:
        raise NotAllowed(f"“{kind}” is the system's own command", command=kind)
    if kind == "ask":
        allow("purge", kind, actor, Relation.OTHER)
    if kind in ("ask", "sweep"):
        if state is not None:
            raise IllegalMove("this was asked already")
        return
    if state is None:
        raise IllegalMove("there is no such request", command=kind)
    if kind not in SYSTEM_COMMANDS:
        asked = actor.id == state.asked_by
        allow("purge", kind, actor, Relation.DECIDER if asked else Relation.OTHER)
    if state.step not in LEGAL[kind]:
        raise IllegalMove(
            f"“{kind}” is not possible: the request is {state.step.value}", step=state.step.value
        )


def decide(
    state: Purge | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    permit(state, command.kind, command.actor, now)
    b = command.body
    if command.kind == "ask":
        if b.get("scope") not in SCOPES or not b.get("target") or not b.get("reason"):
            raise Incomplete("scope, target and reason are needed", scopes=list(SCOPES))
        body = {name: b.get(name) for name in ("scope", "target", "reason", "note")}
        return (Fact("purge:asked", body),)
    if command.kind == "confirm":
        return (Fact("purge:confirmed", {}),)
    if command.kind == "decline":
        return (Fact("purge:declined", {"reason": b.get("reason"), "note": b.get("note")}),)
    body = {"erased": dict(b["erased"]), "kept": dict(b["kept"]), "root": b["root"]}
    return (Fact("purge:finished" if command.kind == "finish" else "purge:swept", body),)


def answer(state: Purge) -> dict[str, Any]:
    return {
        "purge": state.id,
        "step": state.step.value,
        "seq": state.seq,
        "version": state.version,
    }


MACHINE: Machine[Purge] = Machine(
    kind="purge",
    state=Purge,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=PERSONS_COMMANDS,
    answer=answer,
    causes={
        "ask": frozenset({"purge:asked"}),
        "confirm": frozenset({"purge:confirmed"}),
        "decline": frozenset({"purge:declined"}),
    },
    human_facts=frozenset({"purge:asked", "purge:confirmed", "purge:declined"}),
)
