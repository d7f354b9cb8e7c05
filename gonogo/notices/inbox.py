"""The inbox of one person and their preferences. Every method is one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Engine, update
from sqlmodel import Session, and_, col, func, or_, select

from gonogo.db.notices import DeliveryRow, NoticeRow, PreferenceRow
from gonogo.db.queries import decode_cursor, encode_cursor
from gonogo.db.session import reading, writing
from gonogo.notices.rendering import Sheet
from gonogo.notices.sheets import sheets
from policies.lifecycle.kernel import instant, iso
from policies.rules.notice_topics import (
    Channel,
    Preferences,
    preferences_of,
    preferences_value,
)

UNREAD_SHOWN = 99  # “99+”: counting further would cost and tell nothing


@dataclass(frozen=True)
class Entry:
    """One line of the inbox. Times are UTC."""

    id: str
    at: datetime
    read_at: datetime | None
    subject: str  # of the record
    topic: str
    sheet: Sheet


@dataclass(frozen=True)
class Entries:
    items: list[Entry]
    next: str | None


class Inbox:
    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self.store = engine, store

    def unread(self, person: str) -> int:
        """How many are unread, counted to one more than is shown."""
        query = (
            select(DeliveryRow.id)
            .where(*self._mine(person), col(DeliveryRow.read_at).is_(None))
            .limit(UNREAD_SHOWN + 1)
            .subquery()
        )
        with reading(self._engine) as session:
            return session.exec(select(func.count()).select_from(query)).one()

    def page(
        self, person: str, *, after: str | None = None, unread: bool = False, limit: int = 50
    ) -> Entries:
        """Newest first. Raises `ValueError` on a foreign cursor."""
        query = select(DeliveryRow, NoticeRow).where(
            *self._mine(person),
            NoticeRow.store_id == self.store,
            NoticeRow.id == DeliveryRow.notice_id,
        )
        if unread:
            query = query.where(col(DeliveryRow.read_at).is_(None))
        if after:
            query = query.where(_below(after))
        query = query.order_by(col(DeliveryRow.created_at).desc(), col(DeliveryRow.id).desc())
        with reading(self._engine) as session:
            rows = session.exec(query.limit(limit + 1)).all()
            shown = rows[:limit]
            made = sheets(session, [notice for _, notice in shown])
        items = [
            Entry(d.id, d.created_at, d.read_at, d.subject, d.topic, made[n.id]) for d, n in shown
        ]
        more = len(rows) > limit
        return Entries(items, encode_cursor(iso(items[-1].at), items[-1].id) if more else None)

    def entry(self, person: str, delivery: str) -> Entry | None:
        """One entry; None: this person has none of that id."""
        with reading(self._engine) as session:
            row = self._one(session, person, delivery)
            notice = session.get(NoticeRow, (self.store, row.notice_id)) if row else None
            if row is None or notice is None:
                return None
            made = sheets(session, [notice])
        return Entry(row.id, row.created_at, row.read_at, row.subject, row.topic, made[notice.id])

    def mark(self, person: str, delivery: str, *, read: bool) -> bool:
        """Mark as read, or as unread again. False: this person has none of that id."""
        with writing(self._engine) as session:
            row = self._one(session, person, delivery)
            if row is None:
                return False
            row.read_at = (row.read_at or datetime.now(UTC)) if read else None
            session.add(row)
        return True

    def mark_all(self, person: str, until: datetime) -> int:
        """Mark as read what came up to `until`: what came since has not been seen."""
        with writing(self._engine) as session:
            done = session.connection().execute(
                update(DeliveryRow)
                .where(
                    *self._mine(person),
                    col(DeliveryRow.read_at).is_(None),
                    col(DeliveryRow.created_at) <= until,
                )
                .values(read_at=datetime.now(UTC))
            )
            return done.rowcount

    def preferences(self, person: str) -> Preferences:
        with reading(self._engine) as session:
            row = session.get(PreferenceRow, (self.store, person))
            return preferences_of(row.value) if row else Preferences()

    def prefer(self, person: str, preferences: Preferences) -> None:
        now = datetime.now(UTC)
        with writing(self._engine) as session:
            session.merge(
                PreferenceRow(
                    store_id=self.store,
                    person=person,
                    value=preferences_value(preferences),
                    changed_at=now,
                )
            )

    def _mine(self, person: str) -> tuple[ColumnElement[bool], ...]:
        return (
            col(DeliveryRow.store_id) == self.store,
            col(DeliveryRow.recipient) == person,
            col(DeliveryRow.channel) == Channel.INBOX.value,
        )

    def _one(self, session: Session, person: str, delivery: str) -> DeliveryRow | None:
        row = session.get(DeliveryRow, (self.store, delivery))
        mine = row and row.recipient == person and row.channel == Channel.INBOX.value
        return row if mine else None


def _below(cursor: str) -> ColumnElement[bool]:
    try:
        at, last = decode_cursor(cursor)
        moment = instant(at)
    except (TypeError, ValueError) as fault:
        raise ValueError("this cursor was not made by this list") from fault
    created = col(DeliveryRow.created_at)
    return or_(created < moment, and_(created == moment, col(DeliveryRow.id) < last))
