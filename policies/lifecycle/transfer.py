"""A GPT changes hands: one publisher offers it, the other accepts, and it is theirs from then on.

    offered → accepted | declined | withdrawn | expired

Who of a publisher is an owner, and what stands in the way of the GPT, `record` looks up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotAllowed, NotYet
from policies.lifecycle.kernel import (
    Actor,
    Command,
    Event,
    Fact,
    Machine,
    Relation,
    instant,
    instant_or_none,
    iso,
)
from policies.rules.access import allow


class Step(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


NEXT: Mapping[Step, frozenset[Step]] = {
    Step.OFFERED: frozenset(Step) - {Step.OFFERED},
    Step.ACCEPTED: frozenset(),
    Step.DECLINED: frozenset(),
    Step.WITHDRAWN: frozenset(),
    Step.EXPIRED: frozenset(),
}
# Command → by which side of the transfer it is given.
GIVING, RECEIVING = "giving", "receiving"
SIDE_OF: Mapping[str, str] = {
    "offer": GIVING,
    "withdraw": GIVING,
    "accept": RECEIVING,
    "decline": RECEIVING,
}
PERSONS_COMMANDS = tuple(SIDE_OF)
SYSTEM_COMMANDS = frozenset({"warn", "expire"})


@dataclass(frozen=True)
class Transfer:
    """`publisher` gives, `to` receives. `until` (UTC) the offer stands; `warn_at` both are told
    that it ends, None once they were. `note` is a text by reference."""

    id: str
    store: str
    gpt: str
    publisher: str
    to: str
    step: Step
    since: datetime
    offered_by: str
    until: datetime
    warn_at: datetime | None = None
    note: str | None = None
    seq: int = 0
    version: int = 1
    ended_by: str | None = None

    @property
    def is_open(self) -> bool:
        return self.step is Step.OFFERED

    @property
    def target(self) -> str:
        """What notices call whoever it is meant for."""
        return self.to

    @property
    def next_at(self) -> datetime | None:
        """When the system does something by itself; None once it is over."""
        return (self.warn_at or self.until) if self.is_open else None


def evolve(state: Transfer | None, event: Event) -> Transfer:
    """Raises `ValueError` for an event or a move the table does not know."""
    b = event.body
    if event.type == "transfer:offered":
        return Transfer(
            id=event.subject,
            store=event.store,
            gpt=b["gpt"],
            publisher=b["publisher"],
            to=b["to"],
            step=Step.OFFERED,
            since=event.occurred_at,
            offered_by=event.actor_id,
            until=instant(b["until"]),
            warn_at=instant_or_none(b.get("warn_at")),
            note=b.get("note"),
            seq=event.seq,
        )
    if state is None:
        raise ValueError(f"{event.type} before transfer:offered on {event.subject}")
    new = replace(state, seq=event.seq, version=state.version + 1)
    if event.type == "transfer:warned":
        return replace(new, warn_at=None)
    to = _TO.get(event.type)
    if to is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    if to not in NEXT[state.step]:
        raise ValueError(f"{event.type}: {state.step} → {to} is not a move")
    return replace(new, step=to, since=event.occurred_at, warn_at=None, ended_by=event.actor_id)


_TO: Mapping[str, Step] = {
    "transfer:accepted": Step.ACCEPTED,
    "transfer:declined": Step.DECLINED,
    "transfer:withdrawn": Step.WITHDRAWN,
    "transfer:expired": Step.EXPIRED,
}


def side_of(state: Transfer, kind: str) -> str:
    """The publisher whose owner gives `kind`."""
    return state.publisher if SIDE_OF[kind] == GIVING else state.to


def permit(state: Transfer | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind not in SIDE_OF and kind not in SYSTEM_COMMANDS:
        raise IllegalMove(f"a transfer knows no command “{kind}”", command=kind)
    if kind in SYSTEM_COMMANDS and not actor.is_system:
        raise NotAllowed(f"“{kind}” is the system's own command", command=kind)
    if kind == "offer":
        if actor.is_system:
            raise NotAllowed("“offer” is a person's command", command=kind)
        if state is not None:
            raise IllegalMove("this was offered already")
        return  # who offers is asked by decide(), which sees for whom
    if state is None:
        raise IllegalMove("there is no such offer", command=kind)
    if kind in SIDE_OF:
        _allow(kind, actor, side_of(state, kind))
    if not state.is_open:
        raise IllegalMove(
            f"“{kind}” is not possible: the offer is {state.step.value}", step=state.step.value
        )
    if kind == "accept" and now >= state.until:
        raise IllegalMove("the offer has run out; ask for a new one", until=iso(state.until))
    if kind == "expire" and now < state.until:
        raise NotYet("the offer still stands", until=iso(state.until))
    if kind == "warn" and (state.warn_at is None or now < state.warn_at):
        raise NotYet("it is too early to warn")


def _allow(kind: str, actor: Actor, publisher: str) -> None:
    mine = publisher in actor.publishers
    allow("transfer", kind, actor, Relation.OWNER if mine else Relation.OTHER)


def decide(
    state: Transfer | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    permit(state, command.kind, command.actor, now)
    b = command.body
    if state is None:
        return _offered(command, now)
    if command.kind == "warn":
        return (Fact("transfer:warned", {"until": iso(state.until)}),)
    if command.kind == "accept":
        body = {"gpt": state.gpt, "publisher": state.publisher, "to": state.to}
        return (Fact("transfer:accepted", body),)
    if command.kind == "expire":
        return (Fact("transfer:expired", {}),)
    fact = "transfer:declined" if command.kind == "decline" else "transfer:withdrawn"
    return (Fact(fact, {"reason": b.get("reason")}),)


def _offered(c: Command, now: datetime) -> tuple[Fact, ...]:
    b = c.body
    _allow("offer", c.actor, str(b.get("publisher", "")))
    for name in ("gpt", "to"):
        if not b.get(name):
            raise Incomplete(f"{name} is missing", field=name)
    if b["to"] == b["publisher"]:
        raise IllegalMove("it is this publisher's already: name another one", to=b["to"])
    until = now + timedelta(seconds=b["offer_s"])
    warn_at = until - timedelta(seconds=b["warn_before_s"])
    body = {name: b.get(name) for name in ("gpt", "publisher", "to", "note")}
    body |= {"until": iso(until), "warn_at": iso(warn_at) if warn_at > now else None}
    return (Fact("transfer:offered", body),)


def answer(state: Transfer) -> dict[str, Any]:
    return {
        "transfer": state.id,
        "gpt": state.gpt,
        "publisher": state.publisher,
        "to": state.to,
        "step": state.step.value,
        "seq": state.seq,
        "version": state.version,
    }


_CAUSES = {
    "offer": frozenset({"transfer:offered"}),
    "accept": frozenset({"transfer:accepted"}),
    "decline": frozenset({"transfer:declined"}),
    "withdraw": frozenset({"transfer:withdrawn"}),
}
MACHINE: Machine[Transfer] = Machine(
    kind="transfer",
    state=Transfer,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=PERSONS_COMMANDS,
    answer=answer,
    causes=_CAUSES,
    human_facts=frozenset(fact for facts in _CAUSES.values() for fact in facts),
)
