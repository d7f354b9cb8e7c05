"""Notices, their deliveries, and where people and programs want to be told.

A notice is one thing worth telling of one event; a delivery brings it to one recipient through one
channel. Ids follow from what they are about, so that doing it again is a repeat. All times UTC.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from gonogo.db.tables import _time
from gonogo.db.types import Json


class NoticeRow(SQLModel, table=True):
    """`facts` are ids, codes, digests, numbers and times; names are looked up when it is read."""

    __tablename__ = "notices"
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    notice: str  # folder of its template, or `event` for webhooks
    position: int  # of its event in the store
    subject: str
    type: str
    facts: dict[str, Any] = Field(default={}, sa_column=Column(Json, nullable=False))
    created_at: datetime = _time()


class DeliveryRow(SQLModel, table=True):
    """waiting → sent | dead; a person takes it from dead to waiting or put_aside.

    A claim moves `next_at` on, so what was claimed by a killed worker comes back by itself, with
    the same `message_id`.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "store_id", "channel", "state", "next_at"),
        Index("ix_deliveries_inbox", "store_id", "recipient", "channel", "created_at"),
        Index("ix_deliveries_unread", "store_id", "recipient", "channel", "read_at"),
        Index("ix_deliveries_subject", "store_id", "subject", "position"),
    )
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    notice_id: str = Field(index=True)
    channel: str  # inbox | mail | webhook
    recipient: str  # a person or a webhook
    subject: str
    position: int
    topic: str
    state: str = "waiting"
    attempts: int = 0
    created_at: datetime = _time()
    next_at: datetime | None = _time(nullable=True)
    finished_at: datetime | None = _time(nullable=True)
    message_id: str
    digest: str | None = None  # the day of the digest it is a part of
    receipt: str | None = None  # a code: `250`, `refused:550`, `timeout`, `410`
    read_at: datetime | None = _time(nullable=True)


class AttemptRow(SQLModel, table=True):
    """One try to deliver by mail or webhook. Of an answer only its status is kept."""

    __tablename__ = "delivery_attempts"
    store_id: str = Field(primary_key=True)
    delivery: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = _time(index=True)
    outcome: str
    status: int | None = None
    latency_ms: int


class AddressRow(SQLModel, table=True):
    """Where a person gets mail. Erasable, and nowhere else: no event, history or log holds it."""

    __tablename__ = "addresses"
    store_id: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    email: str
    set_at: datetime = _time()
    confirmed_at: datetime | None = _time(nullable=True)  # only then is mail sent there
    bounced_at: datetime | None = _time(nullable=True)


class PreferenceRow(SQLModel, table=True):
    """What a person chose; see `policies.rules.notice_topics`."""

    __tablename__ = "notice_preferences"
    store_id: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    value: dict[str, Any] = Field(default={}, sa_column=Column(Json, nullable=False))
    changed_at: datetime = _time()


class WebhookRow(SQLModel, table=True):
    """Where events are sent. `publisher` None: all of the store. Secrets are sealed."""

    __tablename__ = "webhooks"
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    publisher: str | None = Field(default=None, index=True)
    label: str
    url: str
    types: list[str] = Field(default=[], sa_column=Column(Json, nullable=False))
    state: str = "active"  # active | disabled
    why: str | None = None
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    signing_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    old_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    old_signing_key: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary, nullable=True)
    )
    old_until: datetime | None = _time(nullable=True)
    failing_since: datetime | None = _time(nullable=True)
    created_by: str
    created_at: datetime = _time()
    changed_at: datetime = _time()
