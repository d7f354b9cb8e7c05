"""Lists of releases and stops, and of what a case's record names as evidence."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, case, col, func, or_, select

from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import (
    EventRow,
    GptRow,
    ListingPicture,
    ReleasePicture,
    RevisionRow,
    StopPicture,
    SubmissionPicture,
)
from policies.lifecycle.submission_state import Submission


@dataclass(frozen=True)
class Named:
    """A piece of evidence as the record names it. `at` is when it was recorded (UTC)."""

    digest: str
    round: int
    at: datetime


def releases(
    session: Session,
    store: str,
    *,
    publishers: tuple[str, ...] | None = None,
    phases: tuple[str, ...] = (),
    gpt: str | None = None,
    after: str | None = None,
    limit: int,
) -> Page:
    """Newest first; `publishers` None: everybody's. Raises `ValueError` on a foreign cursor."""
    query = select(ReleasePicture).where(ReleasePicture.store_id == store)
    if publishers is not None:
        query = query.where(col(ReleasePicture.publisher).in_(publishers))
    if phases:
        query = query.where(col(ReleasePicture.phase).in_(phases))
    if gpt:
        query = query.where(ReleasePicture.gpt == gpt)
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(ReleasePicture.id) < last)
    rows = session.exec(query.order_by(col(ReleasePicture.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def stops(session: Session, store: str, *, after: str | None = None, limit: int) -> Page:
    """Active ones first, then the newest. Raises `ValueError` on a foreign cursor."""
    lifted = case((StopPicture.status == "active", 0), else_=1)
    query = select(StopPicture).where(StopPicture.store_id == store)
    if after:
        group, last = decode_cursor(after)
        rank = {"0": 0, "1": 1}.get(group)
        if rank is None:
            raise ValueError("this cursor was not made by this list")
        query = query.where(or_(lifted > rank, and_(lifted == rank, col(StopPicture.id) < last)))
    rows = session.exec(query.order_by(lifted, col(StopPicture.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: ("0" if row.status == "active" else "1", row.id))


def active_stop_on(session: Session, store: str, scope: str, target: str) -> str | None:
    """The id of an active stop of exactly this scope and target."""
    return session.exec(
        select(StopPicture.id)
        .where(
            StopPicture.store_id == store,
            StopPicture.status == "active",
            StopPicture.scope == scope,
            StopPicture.target == target,
        )
        .limit(1)
    ).first()


def evidence_of(session: Session, case_: Submission) -> list[Named]:
    """Everything the case's events name as evidence, once each, in the order it came."""
    rows = session.exec(
        select(EventRow)
        .where(EventRow.store_id == case_.store, EventRow.subject == case_.id)
        .order_by(col(EventRow.seq))
    )
    found: dict[str, Named] = {}
    round_ = 1
    for row in rows:
        if row.type == "submission:round:opened":
            round_ = row.body["round"]
        for digest in row.evidence:
            found.setdefault(digest, Named(digest, round_, row.occurred_at))
    return list(found.values())


def stages_entered(session: Session, store: str, release: str) -> list[EventRow]:
    """The events by which a release entered its stages, in order."""
    rows = session.exec(
        select(EventRow)
        .where(
            EventRow.store_id == store,
            EventRow.subject == release,
            EventRow.type == "release:stage:entered",
        )
        .order_by(col(EventRow.seq))
    )
    return list(rows)


def last_approved(session: Session, case_: Submission) -> str | None:
    """The digest of this GPT that another case got approved last."""
    return session.exec(
        select(SubmissionPicture.digest)
        .where(
            SubmissionPicture.store_id == case_.store,
            SubmissionPicture.gpt == case_.gpt,
            SubmissionPicture.stage == "approved",
            SubmissionPicture.id != case_.id,
        )
        .order_by(col(SubmissionPicture.id).desc())
        .limit(1)
    ).first()


def rounds_of(session: Session, case_: Submission) -> list[str]:
    """The digest of each round of a case, in order."""
    rows = session.exec(
        select(EventRow.body)
        .where(
            EventRow.store_id == case_.store,
            EventRow.subject == case_.id,
            col(EventRow.type).in_(("submission:opened", "submission:round:opened")),
        )
        .order_by(col(EventRow.seq))
    )
    return [str(body["digest"]) for body in rows]


def last_revision(session: Session, store: str, gpt: str) -> str | None:
    """The digest that was sent last."""
    return session.exec(
        select(RevisionRow.digest)
        .where(RevisionRow.store_id == store, RevisionRow.gpt == gpt)
        .order_by(col(RevisionRow.created_at).desc(), col(RevisionRow.digest))
        .limit(1)
    ).first()


def is_revision(session: Session, store: str, gpt: str, digest: str) -> bool:
    return session.get(RevisionRow, (store, gpt, digest)) is not None


def target_exists(session: Session, store: str, scope: str, target: str) -> bool:
    """Whether a stop of `scope` (gpt, revision, category) has something to bite on."""
    if scope == "gpt":
        return session.get(GptRow, (store, target)) is not None
    column = RevisionRow.digest if scope == "revision" else RevisionRow.category
    return (
        session.exec(
            select(RevisionRow.gpt).where(RevisionRow.store_id == store, column == target).limit(1)
        ).first()
        is not None
    )


def owner_of(session: Session, store: str, scope: str, target: str) -> str | None:
    """The publisher of the GPT or revision a stop of `scope` is about; None for wider scopes."""
    if scope == "revision":
        gpt = session.exec(
            select(RevisionRow.gpt)
            .where(RevisionRow.store_id == store, RevisionRow.digest == target)
            .limit(1)
        ).first()
    else:
        gpt = target if scope == "gpt" else None
    row = session.get(GptRow, (store, gpt)) if gpt else None
    return row.publisher if row else None


def listed_as(session: Session, store: str, gpts: set[str]) -> dict[str, ListingPicture]:
    """The listings of these GPTs by GPT."""
    if not gpts:
        return {}
    rows = session.exec(
        select(ListingPicture).where(
            ListingPicture.store_id == store, col(ListingPicture.gpt).in_(gpts)
        )
    )
    return {row.gpt: row for row in rows}


def events_of(session: Session, store: str, subjects: set[str]) -> list[EventRow]:
    """All events of subjects that have few, such as stops: at most `MOST` subjects at a time."""
    if not subjects:
        return []
    rows = session.exec(
        select(EventRow)
        .where(EventRow.store_id == store, col(EventRow.subject).in_(subjects))
        .order_by(col(EventRow.subject), col(EventRow.seq))
    )
    return list(rows)


def gpts_of_digests(session: Session, store: str, digests: set[str]) -> dict[str, str]:
    """Which GPT each of these revisions belongs to; the first, where two GPTs sent the same."""
    if not digests:
        return {}
    rows = session.exec(
        select(RevisionRow.digest, func.min(RevisionRow.gpt))
        .where(RevisionRow.store_id == store, col(RevisionRow.digest).in_(digests))
        .group_by(RevisionRow.digest)
    )
    return dict(rows.all())
