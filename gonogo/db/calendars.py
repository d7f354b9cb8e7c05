"""Who reads launches in a calendar: secret addresses of feeds, and what insiders find there."""

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy import Engine, delete
from sqlmodel import Field, Session, SQLModel, col, select

from gonogo.db.codec import state_of
from gonogo.db.launches import LaunchPicture
from gonogo.db.people import PersonRow
from gonogo.db.session import reading, writing
from gonogo.db.tables import _time
from policies.lifecycle.launch_state import Launch

LAUNCHES_MOST = 200


class CalendarRow(SQLModel, table=True):
    """One secret address per person. `sha256` is all that stays of it; it names its person."""

    __tablename__ = "calendars"
    store_id: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    sha256: str = Field(unique=True)
    made_at: datetime = _time()


def make(engine: Engine, store: str, person: str) -> str:
    """A new secret for `person`; the one before is worth nothing from now on."""
    token = secrets.token_urlsafe(32)
    row = CalendarRow(
        store_id=store, person=person, sha256=_digest(token), made_at=datetime.now(UTC)
    )
    with writing(engine, beside=True) as session:
        session.merge(row)
    return token


def end(engine: Engine, store: str, person: str) -> None:
    with writing(engine, beside=True) as session:
        session.connection().execute(
            delete(CalendarRow).where(
                col(CalendarRow.store_id) == store, col(CalendarRow.person) == person
            )
        )


def made_at(engine: Engine, store: str, person: str) -> datetime | None:
    with reading(engine) as session:
        row = session.get(CalendarRow, (store, person))
    return row.made_at if row else None


def reader_of(session: Session, store: str, token: str) -> PersonRow | None:
    """Whose address it is; nobody's once they left."""
    return session.exec(
        select(PersonRow)
        .join(CalendarRow, col(CalendarRow.person) == col(PersonRow.id))
        .where(
            CalendarRow.store_id == store,
            PersonRow.store_id == store,
            CalendarRow.sha256 == _digest(token),
            col(PersonRow.left_at).is_(None),
        )
    ).first()


def launches(session: Session, store: str) -> list[Launch]:
    """The newest launches, as they stand inside."""
    rows = session.exec(
        select(LaunchPicture)
        .where(LaunchPicture.store_id == store)
        .order_by(col(LaunchPicture.id).desc())
        .limit(LAUNCHES_MOST)
    ).all()
    return [state_of("launch", row.state) for row in rows]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
