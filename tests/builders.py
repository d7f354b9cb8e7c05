"""What many tests need: people, commands, and a subject that lives without a database.

All times are UTC. `T0` is a Wednesday morning; a `Journal` moves its own clock.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from policies.errors import Refused
from policies.lifecycle.kernel import (
    RULES,
    SYSTEM_ACTOR,
    Actor,
    Command,
    Event,
    Fact,
    Machine,
    mac_of,
)

T0 = datetime(2026, 4, 1, 9, tzinfo=UTC)
KEY = b"k" * 32
STORE = "default"
PUBLISHER = "pub_a"

ADA = Actor("per_ada", ("developer",), (PUBLISHER,))
ALF = Actor("per_alf", ("developer",), (PUBLISHER,))  # of the same publisher as Ada
OLA = Actor("per_ola", ("senior_reviewer", "product_lead", "safety_oncall"), (PUBLISHER,))
EVE = Actor("per_eve", ("developer",), ("pub_e",))  # of another publisher
RUI = Actor("per_rui", ("reviewer",))
SENA = Actor("per_sena", ("senior_reviewer",))
TOM = Actor("per_tom", ("reviewer",))
LEA = Actor("per_lea", ("product_lead",))
MAX = Actor("per_max", ("product_lead",))
SOL = Actor("per_sol", ("safety_oncall",))
IDA = Actor("per_ida", ("auditor",))
AMY = Actor("per_amy", ("administrator",))
PIA = Actor("per_pia", ("policy_editor",))
GUS = Actor("per_gus", ())  # holds no role at all
CAST = (ADA, ALF, OLA, EVE, RUI, SENA, TOM, LEA, MAX, SOL, IDA, AMY, PIA, GUS, SYSTEM_ACTOR)

S = TypeVar("S")


def command(
    kind: str,
    subject: str,
    actor: Actor,
    body: Mapping[str, Any] | None = None,
    *,
    at: datetime = T0,
    id: str | None = None,
    due: Mapping[str, datetime] | None = None,
) -> Command:
    """An unsigned command. `due` is what the edge resolved: by default one and two days."""
    resolved = {"answer": at + timedelta(days=2), "second": at + timedelta(days=1)}
    return Command(
        id=id or f"cmd_{kind}_{at.isoformat()}",
        kind=kind,
        store=STORE,
        subject=subject,
        actor=actor,
        at=at,
        body=dict(body or {}),
        due=dict(resolved if due is None else due),
    )


def signed(unsigned: Command, key: bytes = KEY) -> Command:
    """The command as the API hands it on."""
    return replace(unsigned, mac=mac_of(unsigned, key))


def event_of(fact: Fact, order: Command, seq: int, at: datetime) -> Event:
    """The event that `fact` becomes when it is recorded at once."""
    return Event(
        store=STORE,
        position=seq,
        subject=order.subject,
        seq=seq,
        type=fact.type,
        actor_id=order.actor.id,
        command_id=order.id,
        occurred_at=at,
        recorded_at=at,
        pack="p" * 64,
        rules=RULES,
        body=fact.body,
        evidence=fact.evidence,
    )


class Journal(Generic[S]):
    """One subject and its events, in memory: decide, number the facts, fold."""

    def __init__(self, machine: Machine[S], subject: str) -> None:
        self.machine, self.subject, self.now = machine, subject, T0
        self.past: S | None = None
        self.events: list[Event] = []

    @property
    def state(self) -> S:
        assert self.past is not None
        return self.past

    def wait(self, **time: float) -> "Journal[S]":
        self.now += timedelta(**time)
        return self

    def decide(
        self, kind: str, actor: Actor, body: Mapping[str, Any] | None = None, **observed: Any
    ) -> tuple[Command, tuple[Fact, ...]]:
        order = command(kind, self.subject, actor, body, at=self.now)
        return order, self.machine.decide(self.past, order, self.now, observed)

    def give(
        self, kind: str, actor: Actor, body: Mapping[str, Any] | None = None, **observed: Any
    ) -> S:
        """Give the command and fold what it causes. Raises the refusal."""
        order, facts = self.decide(kind, actor, body, **observed)
        for fact in facts:
            event = event_of(fact, order, len(self.events) + 1, self.now)
            self.events.append(event)
            self.past = self.machine.evolve(self.past, event)
        return self.state

    def refused(
        self, kind: str, actor: Actor, body: Mapping[str, Any] | None = None, **observed: Any
    ) -> str:
        """The code of the refusal, or an empty string when the command would be taken."""
        try:
            self.decide(kind, actor, body, **observed)
        except Refused as refused:
            return refused.code
        return ""

    def copy(self) -> "Journal[S]":
        other = Journal(self.machine, self.subject)
        other.now, other.past, other.events = self.now, self.past, list(self.events)
        return other
