"""The record (events, commands, outbox) and the picture that pages read, rebuildable from it.

Rows named *Picture are a function of the events alone; `gonogo rebuild` drops and redraws them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from gonogo.db.types import Json, UtcDateTime


def _time(index: bool = False, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime(), index=index, nullable=nullable))


class StoreRow(SQLModel, table=True):
    """One marketplace. `position` is its commit order: the number of its newest event."""

    __tablename__ = "stores"
    id: str = Field(primary_key=True)
    name: str
    position: int = 0


class EventRow(SQLModel, table=True):
    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("store_id", "position"),
        Index("ix_events_command", "store_id", "command_id"),
    )
    store_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    position: int
    schema_version: int = 1
    type: str = Field(index=True)
    actor_id: str
    on_behalf_of: str | None = None
    command_id: str
    caused_by: str | None = None
    occurred_at: datetime = _time()
    recorded_at: datetime = _time()
    pack: str
    rules: str
    evidence: list[str] = Field(default=[], sa_column=Column(Json, nullable=False))
    body: dict[str, Any] = Field(default={}, sa_column=Column(Json, nullable=False))
    prev: str


class CommandRow(SQLModel, table=True):
    """Every command meets this table before the orchestrator: a repeat gets the first answer."""

    __tablename__ = "commands"
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    subject: str = Field(index=True)
    actor_id: str
    body_hash: str
    received_at: datetime = _time()
    # The signed command itself, so that whoever finds it pending can send it again.
    command: dict[str, Any] = Field(default={}, sa_column=Column(Json, nullable=False))
    # pending → recorded (by the record) → done (its workflow knows, too); or refused
    status: str = Field(default="pending", index=True)
    answer: dict[str, Any] | None = Field(default=None, sa_column=Column(Json, nullable=True))


class OutboxRow(SQLModel, table=True):
    """What somebody is to be told; written with the event, delivered later."""

    __tablename__ = "outbox"
    store_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    subject: str
    type: str
    created_at: datetime = _time()
    delivered_at: datetime | None = _time(index=True, nullable=True)


class SubmissionPicture(SQLModel, table=True):
    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_queue", "store_id", "stage", "due_at"),
        Index("ix_submissions_gpt", "store_id", "gpt"),
        Index("ix_submissions_claimant", "store_id", "claimant"),
        Index("ix_submissions_publisher", "store_id", "publisher"),
    )
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    gpt: str
    publisher: str
    stage: str
    is_open: bool
    digest: str
    tier: str | None
    claimant: str | None
    due_at: datetime | None = _time(nullable=True)
    opened_at: datetime = _time()
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class ReleasePicture(SQLModel, table=True):
    __tablename__ = "releases"
    __table_args__ = (
        Index("ix_releases_gpt", "store_id", "gpt"),
        Index("ix_releases_launch", "store_id", "launch", "id"),
        Index("ix_releases_chosen", "store_id", "chosen_launch", "chosen_nth", "choice"),
    )
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    gpt: str
    publisher: str
    submission: str = Field(index=True)
    digest: str
    phase: str = Field(index=True)
    is_open: bool
    # The launch it is bound to, or was opened by.
    launch: str | None = None
    wave: int | None = None
    importance: str | None = None
    opens_as: str | None = None  # visibility of its last stage, which a launch opens
    # What its developer wants since a postponement of a launch; kept after it left that launch.
    chosen_launch: str | None = None
    chosen_nth: int | None = None
    choice: str | None = None
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class ListingPicture(SQLModel, table=True):
    __tablename__ = "listings"
    __table_args__ = (UniqueConstraint("store_id", "gpt"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    gpt: str
    publisher: str
    status: str
    stable: str | None
    candidate: str | None
    weight_bp: int
    visibility: str
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class StopPicture(SQLModel, table=True):
    __tablename__ = "stops"
    __table_args__ = (Index("ix_stops_active", "store_id", "status", "scope", "target"),)
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    scope: str
    target: str
    status: str
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class LeaseRow(SQLModel, table=True):
    """How long a reviewer holds a case. Renewal is no event: the API moves `until`."""

    __tablename__ = "leases"
    store_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    claimant: str
    claimed_at: datetime = _time()
    until: datetime = _time()


class GptRow(SQLModel, table=True):
    """A GPT on offer: the line its revisions belong to. Written at upload, not a picture."""

    __tablename__ = "gpts"
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    publisher: str = Field(index=True)
    name: str
    category: str | None
    created_at: datetime = _time()


class RevisionRow(SQLModel, table=True):
    """One digest of one GPT, with what a list shows of it. The bundle is in the object store."""

    __tablename__ = "revisions"
    store_id: str = Field(primary_key=True)
    gpt: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    name: str
    description: str
    category: str | None
    starters: list[str] = Field(default=[], sa_column=Column(Json, nullable=False))
    created_at: datetime = _time()


class ProseRow(SQLModel, table=True):
    """Text that people wrote, by salted digest: erasable without breaking a chain."""

    __tablename__ = "prose"
    digest: str = Field(primary_key=True)
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    text: str
    created_at: datetime = _time()


class PackRow(SQLModel, table=True):
    """A policy pack that some case pinned, as its merged value; by digest."""

    __tablename__ = "packs"
    digest: str = Field(primary_key=True)
    name: str
    value: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    first_seen_at: datetime = _time()
