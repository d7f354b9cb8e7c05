"""Tables of purges, legal holds and tombstones: what was erased, when, by which request."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, Session, SQLModel, col, select

from gonogo.db.tables import _time
from gonogo.db.types import Json


class PurgePicture(SQLModel, table=True):
    __tablename__ = "purges"
    __table_args__ = (Index("ix_purges_step", "store_id", "step"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    scope: str
    target: str
    step: str
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class HoldPicture(SQLModel, table=True):
    __tablename__ = "holds"
    __table_args__ = (Index("ix_holds_active", "store_id", "status", "scope", "target"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    scope: str
    target: str
    status: str
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class TombstoneRow(SQLModel, table=True):
    """What stood under `digest` was erased (UTC). It is written before the bytes go."""

    __tablename__ = "tombstones"
    __table_args__ = (Index("ix_tombstones_purge", "store_id", "purge"),)
    digest: str = Field(primary_key=True)
    store_id: str
    purge: str
    kind: str  # prose or object
    erased_at: datetime = _time()


class SweptRow(SQLModel, table=True):
    """A closed case whose transcripts, bundles or texts (`kind`) the retention has let go."""

    __tablename__ = "swept"
    store_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    swept_at: datetime = _time()


def tombstones(session: Session, digests: Iterable[str]) -> dict[str, TombstoneRow]:
    """Those of `digests` that were erased."""
    wanted = sorted(set(digests))
    found: dict[str, TombstoneRow] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows = session.exec(select(TombstoneRow).where(col(TombstoneRow.digest).in_(part)))
        found |= {row.digest: row for row in rows}
    return found


def of_purge(session: Session, store: str, purge: str) -> list[TombstoneRow]:
    rows = session.exec(
        select(TombstoneRow)
        .where(TombstoneRow.store_id == store, TombstoneRow.purge == purge)
        .order_by(col(TombstoneRow.digest))
    )
    return list(rows)


def root_of(digests: Iterable[str]) -> str:
    """The `root` of a purge: SHA-256 over its sorted digests, each on a line."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(digests)).encode()).hexdigest()
