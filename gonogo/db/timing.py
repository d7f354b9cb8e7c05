"""Tables of what people declare about times: windows and embargoes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from gonogo.db.tables import _time
from gonogo.db.types import Json


class WindowPicture(SQLModel, table=True):
    """`over_at` (UTC): it never applies again afterwards; null while it has no end."""

    __tablename__ = "windows"
    __table_args__ = (Index("ix_windows_scope", "store_id", "status", "scope"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    scope: str
    kind: str
    status: str
    over_at: datetime | None = _time(nullable=True)
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class EmbargoPicture(SQLModel, table=True):
    """Nothing of `gpt` is public before `not_before` (UTC) while it is `active`."""

    __tablename__ = "embargoes"
    __table_args__ = (Index("ix_embargoes_gpt", "store_id", "gpt", "status"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    gpt: str
    publisher: str
    status: str
    set_at: datetime = _time()
    not_before: datetime = _time()
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
