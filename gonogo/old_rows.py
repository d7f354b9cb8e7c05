"""Rows that are over and old: ended sessions, told outbox rows, finished deliveries, their notices.

A delivery that was given up (`dead`) stays until a person sends it again or puts it aside; one that
waits stays, and so does the notice of either. An entry of an inbox arrived when it was written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete
from sqlmodel import Session, and_, col, exists, func, or_, select

from gonogo.db.notices import AttemptRow, DeliveryRow, NoticeRow
from gonogo.db.session import writing
from gonogo.db.signin import SessionRow
from gonogo.db.tables import OutboxRow
from policies.pack import Retention

ROWS = 5_000
FINISHED = ("sent", "put_aside")
_PART = 500


@dataclass(frozen=True)
class Old:
    """One kind of rows: `key` names a row within its store, `which` says which are old."""

    name: str
    table: Any
    key: Any
    which: Any


def old_rows(store: str, rules: Retention, now: datetime) -> list[Old]:
    """The kinds that `rules` let go, in the order in which they have to go."""
    found: list[Old] = []
    if rules.sessions_d is not None:
        before = now - timedelta(days=rules.sessions_d)
        ended = or_(col(SessionRow.expires_at) < before, col(SessionRow.revoked_at) < before)
        mine = col(SessionRow.store_id) == store
        found.append(Old("sessions", SessionRow, SessionRow.sha256, and_(mine, ended)))
    if rules.outbox_d is not None:
        before = now - timedelta(days=rules.outbox_d)
        found += [
            Old("outbox", OutboxRow, OutboxRow.position, _told(store, before)),
            Old("deliveries", DeliveryRow, DeliveryRow.id, _finished(store, before)),
            Old("notices", NoticeRow, NoticeRow.id, _undelivered(store, before)),
        ]
    return found


def count(session: Session, old: Old) -> int:
    return session.exec(select(func.count()).select_from(old.table).where(old.which)).one()


def let_go(engine: Engine, store: str, old: Old, *, most: int = ROWS) -> int:
    """Delete at most `most` of them, in one transaction; how many. The next sweep goes on."""
    with writing(engine) as session:
        keys = session.exec(select(old.key).where(old.which).limit(most)).all()
        for part in _parts(keys):
            if old.table is DeliveryRow:
                session.execute(
                    delete(AttemptRow).where(
                        col(AttemptRow.store_id) == store, col(AttemptRow.delivery).in_(part)
                    )
                )
            session.execute(
                delete(old.table).where(
                    col(old.table.store_id) == store, col(old.key).in_(part), old.which
                )
            )
    return len(keys)


def _parts(keys: Any) -> Iterator[list[Any]]:
    for start in range(0, len(keys), _PART):
        yield list(keys[start : start + _PART])


def _told(store: str, before: datetime) -> Any:
    """Outbox rows that were turned into notices; one that was not is never let go."""
    return and_(col(OutboxRow.store_id) == store, col(OutboxRow.delivered_at) < before)


def _finished(store: str, before: datetime) -> Any:
    return and_(
        col(DeliveryRow.store_id) == store,
        col(DeliveryRow.state).in_(FINISHED),
        col(DeliveryRow.finished_at) < before,
    )


def _undelivered(store: str, before: datetime) -> Any:
    """Notices that nobody is told of any more."""
    used = exists().where(
        col(DeliveryRow.store_id) == NoticeRow.store_id, col(DeliveryRow.notice_id) == NoticeRow.id
    )
    return and_(col(NoticeRow.store_id) == store, col(NoticeRow.created_at) < before, ~used)
