"""Memos about launches, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from gonogo.db.tables import _time
from gonogo.db.types import Json
from policies.lifecycle.memo import Memo


class MemoPicture(SQLModel, table=True):
    """`public_at` (UTC) is when the public text was sent; until then only staff see the memo."""

    __tablename__ = "memos"
    __table_args__ = (
        Index("ix_memos_launch", "store_id", "launch", "id"),
        Index("ix_memos_corrects", "store_id", "corrects"),
    )
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    launch: str
    kind: str
    status: str
    public_at: datetime | None = _time(nullable=True)
    corrects: str | None = None
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


def memo_columns(s: Memo) -> dict[str, Any]:
    public = s.sent.get("public")
    return {
        "launch": s.launch,
        "kind": s.kind,
        "status": s.status,
        "public_at": public.at if public else None,
        "corrects": s.corrects,
    }
