"""Forecasts that somebody kept, to be scored when the launch is over; and what the report needs."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, func, select

from gonogo.db.tables import EventRow, ReleasePicture, _time
from policies.rules.launch_report import Foretold, Incident

KEPT_MOST = 1_000  # of one launch
INCIDENTS_MOST = 500
_INCIDENTS = {
    "stop:placed": "stop",
    "release:halted": "halt",
    "release:rolled_back": "rollback",
    "listing:quarantined": "quarantine",
}


class ForecastRow(SQLModel, table=True):
    """What was said at `made_at`: that approvals are there by `due` with `probability`. `seed` and
    `runs` repeat it on the same record. Times UTC."""

    __tablename__ = "forecasts"
    __table_args__ = (Index("ix_forecasts_launch", "store_id", "launch", "made_at"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    launch: str
    made_at: datetime = _time()
    due: datetime = _time()
    probability: float
    seed: str
    runs: int
    by: str


def kept(session: Session, store: str, launch: str) -> list[ForecastRow]:
    """The oldest first."""
    rows = session.exec(
        select(ForecastRow)
        .where(ForecastRow.store_id == store, ForecastRow.launch == launch)
        .order_by(col(ForecastRow.made_at), col(ForecastRow.id))
        .limit(KEPT_MOST)
    )
    return list(rows)


def count(session: Session, store: str, launch: str) -> int:
    return session.exec(
        select(func.count())
        .select_from(ForecastRow)
        .where(ForecastRow.store_id == store, ForecastRow.launch == launch)
    ).one()


def foretold(session: Session, store: str, launch: str) -> tuple[Foretold, ...]:
    rows = kept(session, store, launch)
    return tuple(Foretold(row.made_at, row.due, row.probability) for row in rows)


def approved_at(session: Session, store: str, launch: str) -> datetime | None:
    """When the last item of the launch got its approval; None while there is none."""
    mine = select(ReleasePicture.submission).where(
        ReleasePicture.store_id == store, ReleasePicture.launch == launch
    )
    return session.exec(
        select(func.max(EventRow.occurred_at)).where(
            EventRow.store_id == store,
            EventRow.type == "submission:review:approved",
            col(EventRow.subject).in_(mine),
        )
    ).one()


def incidents(
    session: Session, store: str, launch: str, since: datetime | None, until: datetime
) -> tuple[Incident, ...]:
    """Stops and quarantines of the store, halts and rollbacks of its items, from `since`, when it
    opened, up to `until`, its closing or now (UTC)."""
    if since is None:
        return ()
    mine = select(ReleasePicture.id).where(
        ReleasePicture.store_id == store, ReleasePicture.launch == launch
    )
    rows = session.exec(
        select(EventRow.type, EventRow.subject, EventRow.occurred_at)
        .where(
            EventRow.store_id == store,
            col(EventRow.type).in_(list(_INCIDENTS)),
            col(EventRow.occurred_at) >= since,
            col(EventRow.occurred_at) <= until,
            col(EventRow.subject).in_(mine) | col(EventRow.type).not_like("release:%"),
        )
        .order_by(col(EventRow.position))
        .limit(INCIDENTS_MOST)
    )
    return tuple(Incident(_INCIDENTS[kind], subject, at) for kind, subject, at in rows)
