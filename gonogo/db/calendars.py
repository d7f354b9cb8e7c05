"""Who reads launches in a calendar: secret addresses of feeds, and what each may show."""

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, func
from sqlmodel import Field, Session, SQLModel, col, select

from gonogo.db.codec import state_of
from gonogo.db.launches import LaunchPicture
from gonogo.db.memos import MemoPicture
from gonogo.db.people import PersonRow
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, _time
from policies.lifecycle.launch_state import Launch

LAUNCHES_MOST = 200
# Not `launch:time:resolved`: the date that everybody was told stays what it is.
# Until everybody was told of the newest of these, a date is nobody's outside.
_DATES = (
    "launch:planned",
    "launch:target:narrowed",
    "launch:postponed",
    "launch:replanned",
    "launch:brought_forward",
    "launch:cancelled",
)


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


def launches(session: Session, store: str, *, inside: bool) -> list[Launch]:
    """The newest launches; for people outside, those whose present date everybody was told."""
    rows = session.exec(
        select(LaunchPicture)
        .where(LaunchPicture.store_id == store)
        .order_by(col(LaunchPicture.id).desc())
        .limit(LAUNCHES_MOST)
    ).all()
    found: list[Launch] = [state_of("launch", row.state) for row in rows]
    if inside:
        return found
    ids = [one.id for one in found]
    dated = dict(
        session.exec(
            select(EventRow.subject, func.max(EventRow.seq))
            .where(
                EventRow.store_id == store,
                col(EventRow.subject).in_(ids),
                col(EventRow.type).in_(_DATES),
            )
            .group_by(EventRow.subject)
        ).all()
    )
    about = func.max(col(MemoPicture.state)["about"].as_integer())
    told = dict(
        session.exec(
            select(MemoPicture.launch, about)
            .where(
                MemoPicture.store_id == store,
                col(MemoPicture.launch).in_(ids),
                col(MemoPicture.public_at).is_not(None),
            )
            .group_by(MemoPicture.launch)
        ).all()
    )
    return [one for one in found if one.id in dated and told.get(one.id, 0) >= dated[one.id]]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
