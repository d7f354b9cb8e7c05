"""Publishers, people, their roles and tokens. A token is stored as its SHA-256 only."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from gonogo.db.tables import _time
from gonogo.db.types import Json


class PublisherRow(SQLModel, table=True):
    """Who offers GPTs. `verified_at` is None until domain or name is verified."""

    __tablename__ = "publishers"
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    organisation: str | None = None
    verified_at: datetime | None = _time(nullable=True)
    created_at: datetime = _time()


class PersonRow(SQLModel, table=True):
    __tablename__ = "people"
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    roles: list[str] = Field(default=[], sa_column=Column(Json, nullable=False))
    created_at: datetime = _time()
    left_at: datetime | None = _time(nullable=True)


class MemberRow(SQLModel, table=True):
    __tablename__ = "members"
    store_id: str = Field(primary_key=True)
    publisher: str = Field(primary_key=True)
    person: str = Field(primary_key=True, index=True)


class TokenRow(SQLModel, table=True):
    """A token is shown once; `sha256` is all that stays. `hint` are its last four characters."""

    __tablename__ = "tokens"
    sha256: str = Field(primary_key=True)
    store_id: str
    person: str = Field(index=True)
    label: str
    hint: str
    created_at: datetime = _time()
    expires_at: datetime | None = _time(nullable=True)
    revoked_at: datetime | None = _time(nullable=True)
    last_used_at: datetime | None = _time(nullable=True)
