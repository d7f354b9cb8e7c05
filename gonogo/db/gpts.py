"""GPTs as their developers see them: the newest case, release and listing of each, its revisions.

Ids are UUIDv7 behind a prefix, so the greatest id of a GPT is its newest.
"""

from typing import Any

from sqlmodel import Session, col, func, select

from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import GptRow, ReleasePicture, RevisionRow, SubmissionPicture


def page(
    session: Session,
    store: str,
    *,
    publishers: tuple[str, ...],
    after: str | None = None,
    limit: int,
) -> Page:
    """GPTs of `publishers`, the newest first. Raises `ValueError` on a foreign cursor."""
    query = select(GptRow).where(GptRow.store_id == store, col(GptRow.publisher).in_(publishers))
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(GptRow.id) < last)
    rows = session.exec(query.order_by(col(GptRow.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def newest_cases(session: Session, store: str, gpts: set[str]) -> dict[str, SubmissionPicture]:
    """The newest submission of each of `gpts` that has one, by GPT."""
    return _newest(session, store, SubmissionPicture, gpts)


def newest_releases(session: Session, store: str, gpts: set[str]) -> dict[str, ReleasePicture]:
    """The newest release of each of `gpts` that has one, by GPT."""
    return _newest(session, store, ReleasePicture, gpts)


def _newest(session: Session, store: str, table: Any, gpts: set[str]) -> dict[str, Any]:
    if not gpts:
        return {}
    newest = (
        select(func.max(table.id))
        .where(table.store_id == store, col(table.gpt).in_(gpts))
        .group_by(table.gpt)
    )
    rows = session.exec(select(table).where(table.store_id == store, col(table.id).in_(newest)))
    return {row.gpt: row for row in rows}


def revisions_of(session: Session, store: str, gpt: str, limit: int) -> list[RevisionRow]:
    """The line of revisions of one GPT, the newest first."""
    rows = session.exec(
        select(RevisionRow)
        .where(RevisionRow.store_id == store, RevisionRow.gpt == gpt)
        .order_by(col(RevisionRow.created_at).desc(), col(RevisionRow.digest))
        .limit(limit)
    )
    return list(rows)


def waiting_for(session: Session, store: str, publishers: tuple[str, ...]) -> int:
    """How many open cases of `publishers` wait for their developer."""
    stages = ("info_requested", "changes_requested")
    return session.exec(
        select(func.count())
        .select_from(SubmissionPicture)
        .where(
            SubmissionPicture.store_id == store,
            col(SubmissionPicture.publisher).in_(publishers),
            col(SubmissionPicture.stage).in_(stages),
        )
    ).one()
