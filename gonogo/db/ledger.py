"""The record: `record` appends events and redraws the picture in one transaction.

It is the only code that changes anything about a subject. The workflow's activity calls it, and the
API for stops alone, which must not wait for an orchestrator.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from gonogo.db import launch_exclusions
from gonogo.db.codec import PICTURES, event_of, picture_values, state_of
from gonogo.db.handover import listing_event, project_owner
from gonogo.db.limits import check_limits
from gonogo.db.publishers import project
from gonogo.db.session import reading, writing
from gonogo.db.statements import Situation, append, claim, draw, look, settle
from gonogo.db.tables import EventRow
from policies.errors import Forged, PolicyError, Refused
from policies.lifecycle.kernel import Event, Fact, Machine, event_hash, instant, mac_holds
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.machines import MACHINES
from policies.lifecycle.publisher_state import Publisher
from policies.lifecycle.transfer import Transfer
from policies.wire import RecordAnswer, RecordRequest, Refusal


class UnknownStore(PolicyError):
    """No such store; `gonogo up` and `gonogo doctor` say how to create one."""


class Ledger:
    """`key` is the secret of the API's MAC on commands."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        self._engine = engine
        self._key = key

    def events(self, store: str, subject: str, after: int = 0) -> tuple[Event, ...]:
        """The events of a subject with `seq` above `after`, in order."""
        with reading(self._engine) as session:
            return self._events(session, store, subject, after)

    def record(self, request: RecordRequest) -> RecordAnswer:
        """Append, or say why not. Raises only when the database does not answer."""
        try:
            with writing(self._engine) as session:
                return self._record(session, request)
        except Refused as refused:
            return RecordAnswer(
                "refused", refusal=Refusal(refused.code, refused.because, dict(refused.detail))
            )

    def _record(self, session: Session, request: RecordRequest) -> RecordAnswer:
        command, machine = request.command, MACHINES[request.kind]
        store, subject = command.store, command.subject
        found = look(session, request.kind, store, subject, command.id)
        if found is None:
            raise UnknownStore(f"there is no store {store!r}")
        state = None if found.state is None else state_of(request.kind, found.state)
        if found.is_known:
            unseen = self._events(session, store, subject, request.expected_seq)
            first = found.answer if found.answer is not None else _answer(machine, state)
            return RecordAnswer("known", unseen, first)
        seq = state.seq if state else 0
        if seq != request.expected_seq:
            return RecordAnswer(
                "behind", self._events(session, store, subject, request.expected_seq)
            )
        self._verify(request)
        check_limits(session, request, state)
        events = _chained(request, found)
        for event in events:
            state = machine.evolve(state, event)
        if events:
            others = self._others(session, events, state)
            append(session, events + others)
            values = picture_values(request.kind, state)
            draw(session, request.kind, values, anew=found.state is None)
            _move_lease(session, store, subject, state, found.claimed_at)
            if isinstance(state, Publisher):
                project(session, state)
            if isinstance(state, Launch):
                launch_exclusions.project(session, state)
        answer = _answer(machine, state)
        if found.status == "pending":
            settle(session, store, command.id, answer)
        return RecordAnswer("stored", tuple(events), answer)

    def _others(self, session: Session, events: list[Event], state: Any) -> list[Event]:
        """What follows for another subject, in the same transaction: a GPT's listing changes hands
        with it. Draws owner and listing; the events are for the caller to append."""
        if not isinstance(state, Transfer) or events[-1].type != "transfer:accepted":
            return []
        project_owner(session, state)
        moved = listing_event(session, events[-1], state)
        if moved is None:
            return []
        row = session.get_one(PICTURES["listing"], (moved.store, moved.subject))
        was = state_of("listing", row.state)  # type: ignore[attr-defined]  # every picture has it
        now = MACHINES["listing"].evolve(was, moved)
        draw(session, "listing", picture_values("listing", now), anew=False)
        return [moved]

    def _events(self, session: Session, store: str, subject: str, after: int) -> tuple[Event, ...]:
        rows = session.exec(
            select(EventRow)
            .where(EventRow.store_id == store, EventRow.subject == subject, EventRow.seq > after)
            .order_by(EventRow.seq)  # type: ignore[arg-type]  # SQLModel types columns by value
        )
        return tuple(event_of(row) for row in rows)

    def _verify(self, request: RecordRequest) -> None:
        """A person's command carries the edge's MAC; only a person causes a person's facts."""
        command, machine = request.command, MACHINES[request.kind]
        if command.actor.is_system:
            human = [f.type for f in request.facts if f.type in machine.human_facts]
            if human:
                raise Forged(f"only a person can cause {human[0]}")
            return
        if not mac_holds(command, self._key):
            raise Forged("the command was not signed by this installation's API")
        allowed = machine.causes.get(command.kind, frozenset())
        foreign = [fact.type for fact in request.facts if fact.type not in allowed]
        if foreign:
            raise Forged(f"“{command.kind}” cannot cause {foreign[0]}")


def _answer(machine: Machine[Any], state: Any) -> dict[str, Any]:
    return machine.answer(state) if state else {}


def _chained(request: RecordRequest, found: Situation) -> list[Event]:
    """The facts as events: numbered, positioned, each with the hash of the one before it."""
    events: list[Event] = []
    last, seq = found.last, found.last.seq if found.last else 0
    for offset, fact in enumerate(request.facts, start=1):
        prev = event_hash(last) if last else ""
        last = _event(request, fact, seq + offset, found.position + offset, prev)
        events.append(last)
    return events


def _event(request: RecordRequest, fact: Fact, seq: int, position: int, prev: str) -> Event:
    command = request.command
    return Event(
        store=command.store,
        position=position,
        subject=command.subject,
        seq=seq,
        type=fact.type,
        actor_id=command.actor.id,
        on_behalf_of=command.on_behalf_of,
        command_id=command.id,
        caused_by=request.caused_by,
        occurred_at=request.occurred_at,
        recorded_at=datetime.now(UTC),
        pack=request.pack,
        rules=request.rules,
        body=fact.body,
        evidence=fact.evidence,
        prev=prev,
    )


def _move_lease(
    session: Session, store: str, subject: str, state: Any, claimed_at: datetime | None
) -> None:
    """Keep the lease row in step with the claim; renewals in between are the API's."""
    if not hasattr(state, "claimant"):
        return
    if state.claimant is None:
        if claimed_at is not None:
            claim(session, store, subject, None)
    elif claimed_at != state.claimed_at:
        until = instant(state.lease_until)
        lease = {"claimant": state.claimant, "claimed_at": state.claimed_at, "until": until}
        claim(session, store, subject, lease)
