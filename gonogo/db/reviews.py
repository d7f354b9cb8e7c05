"""The review desk: what waits for a reviewer, and how long one holds a case."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Engine
from sqlmodel import Session, and_, col, or_, select, union_all

from gonogo.db.codec import state_of
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.session import writing
from gonogo.db.tables import LeaseRow, SubmissionPicture
from policies.errors import IllegalMove, NotClaimed
from policies.lifecycle.kernel import iso
from policies.lifecycle.submission_state import Submission

WAITING = ("queued", "in_review", "held")


@dataclass(frozen=True)
class Renewal:
    """Until when the claim holds now, and the latest it can ever hold (UTC)."""

    until: datetime
    longest: datetime


def queue(
    session: Session,
    store: str,
    *,
    stages: tuple[str, ...] = WAITING,
    tier: str | None = None,
    claimant: str | None = None,
    after: str | None = None,
    limit: int,
) -> Page:
    """Cases of `stages`, the next due first. These stages always carry a due date.

    The index brings each stage in order, so the first few of each are enough: a page does not sort
    all that is open. Raises `ValueError` for a cursor that no queue wrote.
    """
    mine: list[ColumnElement[bool] | bool] = [
        SubmissionPicture.store_id == store,
        col(SubmissionPicture.due_at).is_not(None),
    ]
    if tier:
        mine.append(col(SubmissionPicture.tier) == tier)
    if claimant:
        mine.append(col(SubmissionPicture.claimant) == claimant)
    if after:
        due, last = decode_cursor(after)
        at = datetime.fromisoformat(due)
        if at.tzinfo is None:
            raise ValueError("this cursor was not made by the queue")
        mine.append(
            or_(
                col(SubmissionPicture.due_at) > at,
                and_(col(SubmissionPicture.due_at) == at, col(SubmissionPicture.id) > last),
            )
        )
    order = (col(SubmissionPicture.due_at), col(SubmissionPicture.id))
    firsts = [
        select(SubmissionPicture.id)
        .where(*mine, SubmissionPicture.stage == stage)
        .order_by(*order)
        .limit(limit + 1)
        .subquery()
        for stage in stages
    ]
    ids = union_all(*(select(first.c.id) for first in firsts))
    rows = session.exec(
        select(SubmissionPicture)
        .where(SubmissionPicture.store_id == store, col(SubmissionPicture.id).in_(ids))
        .order_by(*order)
        .limit(limit + 1)
    ).all()
    return page_of(list(rows), limit, lambda row: (iso(row.due_at), row.id))


def leases(session: Session, store: str, subjects: set[str]) -> dict[str, datetime]:
    """Until when each claimed case is held, renewals included."""
    if not subjects:
        return {}
    rows = session.exec(
        select(LeaseRow).where(LeaseRow.store_id == store, col(LeaseRow.subject).in_(subjects))
    )
    return {row.subject: row.until for row in rows}


def renew_lease(engine: Engine, store: str, subject: str, person: str) -> Renewal:
    """Move the end of `person`'s claim to one lease from now, at most `lease_max_s` after it began.

    Renewal is no event, so this row is all that changes. Raises `NotClaimed`, and `IllegalMove`
    when the claim has lasted as long as it may.
    """
    now = datetime.now(UTC)
    with writing(engine) as session:
        row = session.get(LeaseRow, (store, subject))
        picture = session.get(SubmissionPicture, (store, subject))
        if row is None or picture is None or row.claimant != person or row.until <= now:
            raise NotClaimed("you do not hold this case; claim it")
        case: Submission = state_of("submission", picture.state)
        longest = row.claimed_at + timedelta(seconds=case.terms.lease_max_s)
        until = min(now + timedelta(seconds=case.terms.lease_s), longest)
        if until <= row.until and until == longest:
            raise IllegalMove(
                "the claim has been renewed for as long as it may; decide, ask, or release it",
                until=iso(row.until),
                longest=iso(longest),
            )
        row.until = max(row.until, until)
        return Renewal(row.until, longest)
