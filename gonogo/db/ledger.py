"""The record: `record` appends events and redraws the picture in one transaction.

It is the only code that changes anything about a subject. The workflow's activity calls it, and the
API for stops alone, which must not wait for an orchestrator.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, update
from sqlmodel import Session, select

from gonogo.db.codec import PICTURES, event_of, picture_values, row_of, state_of
from gonogo.db.limits import check_limits
from gonogo.db.session import reading, writing
from gonogo.db.tables import CommandRow, EventRow, LeaseRow, OutboxRow, StoreRow
from policies.errors import Forged, PolicyError, Refused
from policies.lifecycle.kernel import Command, Event, Fact, event_hash, instant, mac_holds
from policies.lifecycle.machines import MACHINES
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
        # The store's row is locked first: positions are handed out in commit order.
        self._lock(session, store)
        unseen = self._events(session, store, subject, request.expected_seq)
        picture = session.get(PICTURES[request.kind], (store, subject))
        state = state_of(request.kind, picture.state) if picture else None  # type: ignore[attr-defined]  # every picture has it
        if self._is_known(session, store, subject, command.id):
            return RecordAnswer("known", unseen, self._answer(session, request, state))
        seq = state.seq if state else 0
        if seq != request.expected_seq:
            return RecordAnswer("behind", unseen)
        self._verify(request)
        check_limits(session, request, state)
        events = self._append(session, request, seq)
        for event in events:
            state = machine.evolve(state, event)
        if events:
            self._draw(session, request.kind, state, picture)
            _move_lease(session, store, subject, state)
        answer = machine.answer(state) if state else {}
        self._remember(session, command, answer)
        return RecordAnswer("stored", events, answer)

    def _lock(self, session: Session, store: str) -> None:
        locked = session.exec(select(StoreRow).where(StoreRow.id == store).with_for_update())
        if locked.first() is None:
            raise UnknownStore(f"there is no store {store!r}")

    def _events(self, session: Session, store: str, subject: str, after: int) -> tuple[Event, ...]:
        rows = session.exec(
            select(EventRow)
            .where(EventRow.store_id == store, EventRow.subject == subject, EventRow.seq > after)
            .order_by(EventRow.seq)  # type: ignore[arg-type]  # SQLModel types columns by value
        )
        return tuple(event_of(row) for row in rows)

    def _is_known(self, session: Session, store: str, subject: str, command_id: str) -> bool:
        found = session.exec(
            select(EventRow.seq)
            .where(
                EventRow.store_id == store,
                EventRow.command_id == command_id,
                EventRow.subject == subject,
            )
            .limit(1)
        )
        return found.first() is not None

    def _answer(self, session: Session, request: RecordRequest, state: Any) -> dict[str, Any]:
        row = session.get(CommandRow, (request.command.store, request.command.id))
        if row is not None and row.answer is not None:
            return row.answer
        return MACHINES[request.kind].answer(state) if state else {}

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

    def _append(self, session: Session, request: RecordRequest, seq: int) -> tuple[Event, ...]:
        command, count = request.command, len(request.facts)
        if not count:
            return ()
        session.exec(
            update(StoreRow)
            .where(StoreRow.id == command.store)  # type: ignore[arg-type]  # see above
            .values(position=StoreRow.position + count)
        )
        last = session.exec(select(StoreRow.position).where(StoreRow.id == command.store)).one()
        previous = self._events(session, command.store, command.subject, seq - 1) if seq else ()
        prev = event_hash(previous[-1]) if previous else ""
        events: list[Event] = []
        for offset, fact in enumerate(request.facts, start=1):
            event = _event(request, fact, seq + offset, last - count + offset, prev)
            prev = event_hash(event)
            events.append(event)
            session.add(row_of(event))
            session.add(
                OutboxRow(
                    store_id=event.store,
                    position=event.position,
                    subject=event.subject,
                    type=event.type,
                    created_at=event.recorded_at,
                )
            )
        session.flush()
        return tuple(events)

    def _draw(self, session: Session, kind: str, state: Any, picture: Any) -> None:
        values = picture_values(kind, state)
        if picture is None:
            session.add(PICTURES[kind](**values))
            return
        for name, value in values.items():
            setattr(picture, name, value)

    def _remember(self, session: Session, command: Command, answer: dict[str, Any]) -> None:
        row = session.get(CommandRow, (command.store, command.id))
        if row is not None and row.status == "pending":
            row.status, row.answer = "recorded", answer


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


def _move_lease(session: Session, store: str, subject: str, state: Any) -> None:
    """Keep the lease row in step with the claim; renewals in between are the API's."""
    if not hasattr(state, "claimant"):
        return
    row = session.get(LeaseRow, (store, subject))
    if state.claimant is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(
            LeaseRow(
                store_id=store,
                subject=subject,
                claimant=state.claimant,
                claimed_at=state.claimed_at,
                until=instant(state.lease_until),
            )
        )
    elif row.claimed_at != state.claimed_at:
        row.claimant, row.claimed_at = state.claimant, state.claimed_at
        row.until = instant(state.lease_until)
