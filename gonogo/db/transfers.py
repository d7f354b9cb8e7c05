"""Transfers of GPTs: their picture, who owns a GPT now, whom that puts in conflict."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Select, or_
from sqlmodel import Field, Session, SQLModel, col, select

from gonogo.db.tables import GptRow, _time
from gonogo.db.types import Json

OPEN, ACCEPTED = "offered", "accepted"


class TransferPicture(SQLModel, table=True):
    """`publisher` gives, `receiver` gets; `until` (UTC) the offer stands."""

    __tablename__ = "transfers"
    __table_args__ = (
        Index("ix_transfers_gpt", "store_id", "gpt"),
        Index("ix_transfers_publisher", "store_id", "publisher"),
        Index("ix_transfers_receiver", "store_id", "receiver"),
    )
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    gpt: str
    publisher: str
    receiver: str
    step: str
    until: datetime = _time()
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


def owner_of(session: Session, store: str, gpt: str, first: str) -> str:
    """Who owns `gpt` by the record: the newest that accepted it, else `first`, who offered it."""
    found = session.exec(
        select(TransferPicture.receiver)
        .where(
            TransferPicture.store_id == store,
            TransferPicture.gpt == gpt,
            TransferPicture.step == ACCEPTED,
        )
        .order_by(col(TransferPicture.id).desc())
        .limit(1)
    ).first()
    return found or first


def owners_of(session: Session, store: str, gpts: Select[Any]) -> dict[str, str]:
    """GPT → its owner, for those of `gpts` (which selects ids) that ever changed hands."""
    rows = session.execute(
        select(col(TransferPicture.gpt), col(TransferPicture.receiver))
        .where(
            TransferPicture.store_id == store,
            TransferPicture.step == ACCEPTED,
            col(TransferPicture.gpt).in_(gpts),
        )
        .order_by(col(TransferPicture.id))
    )
    found: dict[str, str] = dict(rows.all())
    return found


def open_offer(session: Session, store: str, gpt: str) -> TransferPicture | None:
    return session.exec(
        select(TransferPicture).where(
            TransferPicture.store_id == store,
            TransferPicture.gpt == gpt,
            TransferPicture.step == OPEN,
        )
    ).first()


def gpt_and_offer(
    session: Session, store: str, gpt: str
) -> tuple[GptRow | None, TransferPicture | None]:
    """A GPT and the open offer of it, in one query."""
    row = session.exec(
        select(GptRow, TransferPicture)
        .outerjoin(
            TransferPicture,
            (col(TransferPicture.store_id) == GptRow.store_id)
            & (col(TransferPicture.gpt) == GptRow.id)
            & (col(TransferPicture.step) == OPEN),
        )
        .where(GptRow.store_id == store, GptRow.id == gpt)
    ).first()
    return (row[0], row[1]) if row else (None, None)


def sides_of(
    session: Session, store: str, gpts: Collection[str], publishers: Collection[str]
) -> set[str]:
    """Those of `gpts` that one of `publishers` owned before a transfer, or got, or is offered now
    (I2)."""
    rows = session.exec(
        select(TransferPicture.gpt)
        .where(
            TransferPicture.store_id == store,
            col(TransferPicture.gpt).in_(gpts),
            col(TransferPicture.step).in_((OPEN, ACCEPTED)),
            or_(
                col(TransferPicture.publisher).in_(publishers),
                col(TransferPicture.receiver).in_(publishers),
            ),
        )
        .distinct()
    )
    return set(rows)


def of_publishers(
    session: Session, store: str, publishers: Iterable[str], limit: int
) -> list[TransferPicture]:
    """Open offers that these publishers give or are given, the first to end first."""
    named = sorted(set(publishers))
    if not named:
        return []
    rows = session.exec(
        select(TransferPicture)
        .where(
            TransferPicture.store_id == store,
            TransferPicture.step == OPEN,
            or_(
                col(TransferPicture.publisher).in_(named),
                col(TransferPicture.receiver).in_(named),
            ),
        )
        .order_by(col(TransferPicture.until), col(TransferPicture.id))
        .limit(limit)
    )
    return list(rows)


def of_gpt(session: Session, store: str, gpt: str, limit: int) -> list[TransferPicture]:
    """The transfers of one GPT, the newest first."""
    rows = session.exec(
        select(TransferPicture)
        .where(TransferPicture.store_id == store, TransferPicture.gpt == gpt)
        .order_by(col(TransferPicture.id).desc())
        .limit(limit)
    )
    return list(rows)
