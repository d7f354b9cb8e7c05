"""Launches as `resolve`, the catalogue and the pages read them: one row each."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from gonogo.db.tables import _time
from gonogo.db.types import Json


class LaunchPicture(SQLModel, table=True):
    """`wave` counts the waves that are open; 0: nothing of it ever was. Times UTC."""

    __tablename__ = "launches"
    __table_args__ = (Index("ix_launches_status", "store_id", "status", "opens_at"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    status: str
    opens_at: datetime | None = _time(nullable=True)
    opened_at: datetime | None = _time(nullable=True)
    wave: int
    tz: str
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
