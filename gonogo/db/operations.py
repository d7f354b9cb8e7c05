"""What an operator asks of the database: what waits, how long already, what is late. Times UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, case, func, text
from sqlmodel import Session, col, select

from gonogo.db.tables import CommandRow, OutboxRow, StopPicture, SubmissionPicture

UNANSWERED = ("pending", "recorded")


@dataclass(frozen=True)
class Lane:
    """Open cases of one stage: how many, how many are past due, the next date that is due."""

    stage: str
    count: int
    late: int
    due: datetime | None


@dataclass(frozen=True)
class Backlog:
    """Rows that wait to be dealt with, and since when the oldest does."""

    count: int
    since: datetime | None


@dataclass(frozen=True)
class Waiting:
    lanes: tuple[Lane, ...]
    commands: Backlog
    outbox: Backlog
    stops: int

    @property
    def late(self) -> int:
        return sum(lane.late for lane in self.lanes)

    @property
    def next_due(self) -> datetime | None:
        return min((lane.due for lane in self.lanes if lane.due), default=None)


def waiting(session: Session, store: str, now: datetime) -> Waiting:
    """What waits in `store`, in four queries."""
    late = func.sum(case((col(SubmissionPicture.due_at) < now, 1), else_=0))
    lanes = session.exec(
        select(
            SubmissionPicture.stage,
            func.count(),
            late,
            func.min(SubmissionPicture.due_at),
        )
        .where(SubmissionPicture.store_id == store, col(SubmissionPicture.is_open))
        .group_by(SubmissionPicture.stage)
        .order_by(SubmissionPicture.stage)
    ).all()
    stops = session.exec(
        select(func.count())
        .select_from(StopPicture)
        .where(StopPicture.store_id == store, StopPicture.status == "active")
    ).one()
    return Waiting(
        lanes=tuple(Lane(stage, count, late or 0, due) for stage, count, late, due in lanes),
        commands=_backlog(
            session,
            CommandRow.received_at,
            CommandRow.store_id == store,
            col(CommandRow.status).in_(UNANSWERED),
        ),
        outbox=_backlog(
            session,
            OutboxRow.created_at,
            OutboxRow.store_id == store,
            col(OutboxRow.delivered_at).is_(None),
        ),
        stops=stops,
    )


def _backlog(session: Session, since: Any, *where: Any) -> Backlog:
    count, oldest = session.exec(select(func.count(), func.min(since)).where(*where)).one()
    return Backlog(count, oldest)


def schema_version(session: Session) -> str | None:
    """The newest migration this database has seen."""
    row = session.connection().execute(text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def engine_version(engine: Engine, session: Session) -> str:
    """`SQLite 3.53.0`, `PostgreSQL 18.1`."""
    if engine.dialect.name == "sqlite":
        found = session.connection().execute(text("SELECT sqlite_version()")).scalar_one()
        return f"SQLite {found}"
    found = session.connection().execute(text("SHOW server_version")).scalar_one()
    return f"PostgreSQL {str(found).split()[0]}"
