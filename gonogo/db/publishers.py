"""Publishers as the record knows them: their picture, and the tables of people it is read into.

`publishers` and `members` hold what pages and tokens ask on every request. Once the record knows a
publisher they are drawn from its state alone; rows from before are adopted into the record.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, func
from sqlmodel import Field, Session, SQLModel, col, select

from gonogo.db.people import MemberRow, PublisherRow
from gonogo.db.tables import (
    EventRow,
    ListingPicture,
    ProseRow,
    ReleasePicture,
    SubmissionPicture,
    _time,
)
from gonogo.db.transfers import of_publishers
from gonogo.db.types import Json
from policies.lifecycle.publisher_state import HOLDS, Publisher

ERASED = "(erased)"
IN_THE_WAY_MOST = 20


class PublisherPicture(SQLModel, table=True):
    """`domain` is the reference of the proven domain; `recheck_at` (UTC) is None while unproven."""

    __tablename__ = "publisher_pictures"
    __table_args__ = (
        Index("ix_publisher_pictures_recheck", "store_id", "recheck_at"),
        Index("ix_publisher_pictures_founder", "store_id", "founder"),
    )
    store_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    standing: str
    founder: str | None = None
    domain: str | None = None
    recheck_at: datetime | None = _time(nullable=True)
    seq: int
    version: int
    state: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class DomainRow(SQLModel, table=True):
    """A domain somebody wants to prove. `ref` is what the record calls it, `token` what has to be
    found there. Punycode; erased together with its prose."""

    __tablename__ = "publisher_domains"
    __table_args__ = (Index("ix_publisher_domains_domain", "store_id", "domain"),)
    store_id: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    publisher: str = Field(index=True)
    domain: str
    token: str
    created_at: datetime = _time()


class InvitationRow(SQLModel, table=True):
    """Who is invited where, so that people find their invitations. Drawn from the record."""

    __tablename__ = "publisher_invitations"
    store_id: str = Field(primary_key=True)
    publisher: str = Field(primary_key=True)
    person: str = Field(primary_key=True, index=True)
    until: datetime = _time()


def project(session: Session, state: Publisher) -> bool:
    """Draw name, verification, members and invitations from `state`. True: something differed."""
    key = (state.store, state.id)
    row = session.get(PublisherRow, key)
    if row is None:
        row = PublisherRow(store_id=state.store, id=state.id, name=ERASED, created_at=state.since)
        session.add(row)
    prose = session.get(ProseRow, state.name) if state.name else None
    name = row.name if state.name is None else prose.text if prose else ERASED
    verified_at = state.verified_at if state.holds else None
    differs = (row.name, row.verified_at) != (name, verified_at)
    row.name, row.verified_at = name, verified_at
    members = session.exec(select(MemberRow).where(*_of(MemberRow, state))).all()
    differs |= {one.person for one in members} != set(state.members)
    for gone in members:
        if gone.person not in state.members:
            session.delete(gone)
    for person in set(state.members) - {one.person for one in members}:
        session.add(MemberRow(store_id=state.store, publisher=state.id, person=person))
    return _invitations(session, state) or differs


def _invitations(session: Session, state: Publisher) -> bool:
    rows = session.exec(select(InvitationRow).where(*_of(InvitationRow, state))).all()
    drawn = {one.person: one for one in rows}
    differs = {p: one.until for p, one in drawn.items()} != {
        p: one.until for p, one in state.invited.items()
    }
    for person, row in drawn.items():
        if person in state.invited:
            row.until = state.invited[person].until
        else:
            session.delete(row)
    for person in state.invited.keys() - drawn.keys():
        until = state.invited[person].until
        session.add(
            InvitationRow(store_id=state.store, publisher=state.id, person=person, until=until)
        )
    return differs


def _of(table: Any, s: Publisher) -> tuple[Any, ...]:
    return (table.store_id == s.store, table.publisher == s.id)


def is_verified(session: Session, store: str, publisher: str) -> bool:
    """What I6 asks. The record decides; a row it has not adopted yet speaks for itself."""
    picture = session.get(PublisherPicture, (store, publisher))
    if picture is not None:
        return picture.standing in HOLDS
    row = session.get(PublisherRow, (store, publisher))
    return bool(row and row.verified_at)


def verified_among(session: Session, store: str, publishers: set[str]) -> set[str]:
    """`is_verified` for all of them."""
    found: set[str] = set()
    wanted = sorted(publishers)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        adopted = dict(
            session.exec(
                select(PublisherPicture.id, PublisherPicture.standing).where(
                    PublisherPicture.store_id == store, col(PublisherPicture.id).in_(part)
                )
            ).all()
        )
        found |= {one for one, standing in adopted.items() if standing in HOLDS}
        found |= {
            row.id
            for row in session.exec(
                select(PublisherRow).where(
                    PublisherRow.store_id == store, col(PublisherRow.id).in_(part)
                )
            )
            if row.id not in adopted and row.verified_at
        }
    return found


def founded_by(session: Session, store: str, person: str) -> int:
    """How many publishers of theirs are not closed."""
    return session.exec(
        select(func.count())
        .select_from(PublisherPicture)
        .where(
            PublisherPicture.store_id == store,
            PublisherPicture.founder == person,
            PublisherPicture.standing != "closed",
        )
    ).one()


def is_taken(session: Session, store: str, publisher: str, ref: str) -> bool:
    """Whether another publisher is verified by the domain that `ref` names."""
    mine = session.get(DomainRow, (store, ref))
    if mine is None:
        return False
    other = session.exec(
        select(PublisherPicture.id)
        .join(
            DomainRow,
            (col(DomainRow.store_id) == PublisherPicture.store_id)
            & (col(DomainRow.ref) == PublisherPicture.domain),
        )
        .where(
            PublisherPicture.store_id == store,
            PublisherPicture.id != publisher,
            col(PublisherPicture.standing).in_(HOLDS),
            DomainRow.domain == mine.domain,
        )
        .limit(1)
    )
    return other.first() is not None


def is_barred(session: Session, store: str, publisher: str, ref: str) -> bool:
    """Whether staff took the verification by the domain that `ref` names away from another
    publisher, and nobody of them gave it back. Closing that publisher gives nothing back."""
    mine = session.get(DomainRow, (store, ref))
    if mine is None:
        return False
    others = session.exec(
        select(DomainRow.ref, PublisherPicture)
        .join(
            PublisherPicture,
            (col(PublisherPicture.store_id) == DomainRow.store_id)
            & (col(PublisherPicture.id) == DomainRow.publisher),
        )
        .where(
            DomainRow.store_id == store,
            DomainRow.domain == mine.domain,
            DomainRow.publisher != publisher,
        )
    )
    return any(
        picture.state.get("revoked_by") and _last_domain(session, picture) == other
        for other, picture in others
    )


def _last_domain(session: Session, picture: PublisherPicture) -> str | None:
    """The reference of the domain by which it was verified last; None if it was by its name."""
    body = session.exec(
        select(EventRow.body)
        .where(
            EventRow.store_id == picture.store_id,
            EventRow.subject == picture.id,
            col(EventRow.type).in_(("publisher:verified", "publisher:name:attested")),
        )
        .order_by(col(EventRow.seq).desc())
        .limit(1)
    ).first()
    return body.get("domain") if body else None


def in_the_way(session: Session, store: str, publisher: str) -> list[str]:
    """What of a publisher is still open or visible, so that it cannot close; at most twenty."""
    found: list[str] = []
    for table, still in (
        (SubmissionPicture, col(SubmissionPicture.is_open)),
        (ReleasePicture, col(ReleasePicture.is_open)),
        (ListingPicture, ListingPicture.status != "unlisted"),
    ):
        rows = session.exec(
            select(table.id)
            .where(table.store_id == store, table.publisher == publisher, still)
            .limit(IN_THE_WAY_MOST)
        )
        found += rows
    found += [one.id for one in of_publishers(session, store, (publisher,), IN_THE_WAY_MOST)]
    return found[:IN_THE_WAY_MOST]


def due(session: Session, store: str, now: datetime, limit: int) -> list[PublisherPicture]:
    """Publishers whose proof is to be looked at again, the longest due first."""
    rows = session.exec(
        select(PublisherPicture)
        .where(
            PublisherPicture.store_id == store,
            col(PublisherPicture.recheck_at).is_not(None),
            col(PublisherPicture.recheck_at) <= now,
        )
        .order_by(col(PublisherPicture.recheck_at), col(PublisherPicture.id))
        .limit(limit)
    )
    return list(rows)
