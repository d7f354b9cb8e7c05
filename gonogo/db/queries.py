"""What lists and pages ask of the picture. Every list is bounded and ordered, cursors opaque."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from gonogo.db.codec import state_of
from gonogo.db.launches import LaunchPicture
from gonogo.db.tables import EventRow, GptRow, ReleasePicture, RevisionRow, SubmissionPicture
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.release_state import Release
from policies.lifecycle.submission_state import Submission

PAGE = 50
MOST = 200


@dataclass(frozen=True)
class Page:
    """`next` is the cursor of the following page, None on the last."""

    rows: list[Any]
    next: str | None


def encode_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[Any]:
    """Raises `ValueError` for anything `encode_cursor` did not write."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, UnicodeDecodeError) as fault:
        raise ValueError("this cursor was not made by a list") from fault
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("this cursor was not made by a list")
    return parts


def page_of(rows: list[Any], limit: int, key: Any) -> Page:
    """Cut `limit + 1` fetched rows to a page."""
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], encode_cursor(*key(rows[limit - 1])))


def submission(session: Session, store: str, subject: str) -> Submission | None:
    row = session.get(SubmissionPicture, (store, subject))
    return state_of("submission", row.state) if row else None


def submissions(
    session: Session,
    store: str,
    *,
    publishers: tuple[str, ...] | None = None,
    stages: tuple[str, ...] = (),
    gpt: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """Newest first. `publishers` None means of everybody."""
    query = select(SubmissionPicture).where(SubmissionPicture.store_id == store)
    if publishers is not None:
        query = query.where(col(SubmissionPicture.publisher).in_(publishers))
    if stages:
        query = query.where(col(SubmissionPicture.stage).in_(stages))
    if gpt:
        query = query.where(SubmissionPicture.gpt == gpt)
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(SubmissionPicture.id) < last)
    rows = session.exec(query.order_by(col(SubmissionPicture.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def release(session: Session, store: str, subject: str) -> Release | None:
    row = session.get(ReleasePicture, (store, subject))
    return state_of("release", row.state) if row else None


def launch(session: Session, store: str, subject: str) -> Launch | None:
    row = session.get(LaunchPicture, (store, subject))
    return state_of("launch", row.state) if row else None


def events(
    session: Session,
    store: str,
    *,
    subject: str | None = None,
    after: int = 0,
    limit: int = MOST,
) -> list[EventRow]:
    """In order: of one subject by `seq`, else of the store by `position`, above `after`."""
    query = select(EventRow).where(EventRow.store_id == store)
    if subject is not None:
        query = query.where(EventRow.subject == subject, EventRow.seq > after)
        query = query.order_by(col(EventRow.seq))
    else:
        query = query.where(EventRow.position > after).order_by(col(EventRow.position))
    return list(session.exec(query.limit(limit)))


def revisions(
    session: Session, store: str, wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], RevisionRow]:
    """Revisions by (GPT, digest), in one query."""
    if not wanted:
        return {}
    rows = session.exec(
        select(RevisionRow).where(
            RevisionRow.store_id == store,
            col(RevisionRow.gpt).in_({gpt for gpt, _ in wanted}),
            col(RevisionRow.digest).in_({digest for _, digest in wanted}),
        )
    )
    return {(row.gpt, row.digest): row for row in rows}


def gpts(session: Session, store: str, ids: set[str]) -> dict[str, GptRow]:
    if not ids:
        return {}
    rows = session.exec(select(GptRow).where(GptRow.store_id == store, col(GptRow.id).in_(ids)))
    return {row.id: row for row in rows}
