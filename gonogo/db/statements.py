"""What `record` reads and writes, as statements that are built once: one look, then inserts.

The look is one query over everything a decision may rest on. It is sound because a unit of work
that writes is alone (`gonogo.db.session.writing`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, Table, and_, bindparam, insert, select, update
from sqlmodel import Session

from gonogo.db.codec import PICTURES, event_of
from gonogo.db.tables import CommandRow, EventRow, LeaseRow, OutboxRow, StoreRow
from policies.lifecycle.kernel import Event


def _table(model: Any) -> Table:
    found: Table = model.__table__
    return found


STORES, EVENTS, COMMANDS = _table(StoreRow), _table(EventRow), _table(CommandRow)
OUTBOX, LEASES = _table(OutboxRow), _table(LeaseRow)
DRAWN = {kind: _table(model) for kind, model in PICTURES.items()}
# No column has these names: SQLAlchemy keeps the names of columns to itself.
_STORE: BindParameter[str] = bindparam("of_store")
_SUBJECT: BindParameter[str] = bindparam("of_subject")
_COMMAND: BindParameter[str] = bindparam("of_command")


@dataclass(frozen=True)
class Situation:
    """What the record holds when a request arrives. `position` is that of the store's last event.

    `state` is the picture's JSON, `last` the subject's newest event, `status` and `answer` the kept
    command's, `claimed_at` the lease's: each None where there is none.
    """

    position: int
    state: dict[str, Any] | None
    last: Event | None
    is_known: bool
    status: str | None
    answer: dict[str, Any] | None
    claimed_at: datetime | None


def _look(picture: Table) -> Select[Any]:
    known = (
        select(EVENTS.c.seq)
        .where(
            EVENTS.c.store_id == _STORE,
            EVENTS.c.command_id == _COMMAND,
            EVENTS.c.subject == _SUBJECT,
        )
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            STORES.c.position.label("store_position"),
            picture.c.seq.label("drawn"),
            picture.c.state,
            known.label("known"),
            COMMANDS.c.status,
            COMMANDS.c.answer,
            LEASES.c.claimed_at,
            *EVENTS.c,
        )
        .select_from(STORES)
        .outerjoin(picture, and_(picture.c.store_id == STORES.c.id, picture.c.id == _SUBJECT))
        .outerjoin(
            EVENTS,
            and_(
                EVENTS.c.store_id == STORES.c.id,
                EVENTS.c.subject == _SUBJECT,
                EVENTS.c.seq == picture.c.seq,
            ),
        )
        .outerjoin(COMMANDS, and_(COMMANDS.c.store_id == STORES.c.id, COMMANDS.c.id == _COMMAND))
        .outerjoin(LEASES, and_(LEASES.c.store_id == STORES.c.id, LEASES.c.subject == _SUBJECT))
        .where(STORES.c.id == _STORE)
    )


_LOOKS = {kind: _look(picture) for kind, picture in DRAWN.items()}
_ADVANCE = (
    update(STORES)
    .where(STORES.c.id == _STORE, STORES.c.position == bindparam("seen"))
    .values(position=bindparam("last"))
)
_REDRAW = {
    kind: update(picture).where(picture.c.store_id == _STORE, picture.c.id == _SUBJECT)
    for kind, picture in DRAWN.items()
}
_SETTLE = (
    update(COMMANDS)
    .where(COMMANDS.c.store_id == _STORE, COMMANDS.c.id == _COMMAND)
    .values(status="recorded", answer=bindparam("first"))
)
_CLAIM, _UNCLAIM = (
    insert(LEASES),
    LEASES.delete().where(LEASES.c.store_id == _STORE, LEASES.c.subject == _SUBJECT),
)
_APPEND, _TELL = insert(EVENTS), insert(OUTBOX)


def look(session: Session, kind: str, store: str, subject: str, command: str) -> Situation | None:
    """Everything about `subject` and `command` at once; None when there is no such store."""
    given = {"of_store": store, "of_subject": subject, "of_command": command}
    row = session.connection().execute(_LOOKS[kind], given).one_or_none()
    if row is None:
        return None
    found = row._mapping
    if found["drawn"] is not None and found["seq"] is None:
        raise LookupError(f"the picture of {subject} is ahead of its events: gonogo rebuild")
    return Situation(
        position=found["store_position"],
        state=found["state"],
        last=event_of(row) if found["seq"] is not None else None,
        is_known=found["known"] is not None,
        status=found["status"],
        answer=found["answer"],
        claimed_at=found["claimed_at"],
    )


def append(session: Session, events: list[Event]) -> None:
    """Insert events of one store, the next in its order, and what is to be told of them.

    Raises `RuntimeError` when somebody else moved the store's position meanwhile.
    """
    run, store = session.connection().execute, events[0].store
    moved = run(
        _ADVANCE,
        {"of_store": store, "seen": events[0].position - 1, "last": events[-1].position},
    )
    if moved.rowcount != 1:
        raise RuntimeError(f"two writers at once in store {store!r}")
    run(_APPEND, [_event_values(event) for event in events])
    run(
        _TELL,
        [
            {
                "store_id": event.store,
                "position": event.position,
                "subject": event.subject,
                "type": event.type,
                "created_at": event.recorded_at,
                "delivered_at": None,
            }
            for event in events
        ],
    )


def draw(session: Session, kind: str, values: dict[str, Any], *, anew: bool) -> None:
    """Insert or replace the picture whose columns are `values`."""
    run = session.connection().execute
    if anew:
        run(insert(DRAWN[kind]), values)
    else:
        run(_REDRAW[kind], {**values, "of_store": values["store_id"], "of_subject": values["id"]})


def claim(session: Session, store: str, subject: str, lease: dict[str, Any] | None) -> None:
    """Replace the lease of `subject`; None: nobody holds it."""
    run = session.connection().execute
    run(_UNCLAIM, {"of_store": store, "of_subject": subject})
    if lease is not None:
        run(_CLAIM, {"store_id": store, "subject": subject, **lease})


def settle(session: Session, store: str, command: str, answer: dict[str, Any]) -> None:
    """Keep the first answer with the command, which waits for its workflow to know, too."""
    session.connection().execute(
        _SETTLE, {"of_store": store, "of_command": command, "first": answer}
    )


def _event_values(event: Event) -> dict[str, Any]:
    return {
        "store_id": event.store,
        "subject": event.subject,
        "seq": event.seq,
        "position": event.position,
        "schema_version": event.schema,
        "type": event.type,
        "actor_id": event.actor_id,
        "on_behalf_of": event.on_behalf_of,
        "command_id": event.command_id,
        "caused_by": event.caused_by,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "pack": event.pack,
        "rules": event.rules,
        "evidence": list(event.evidence),
        "body": event.body,
        "prev": event.prev,
    }
