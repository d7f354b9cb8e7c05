"""Memos by launch, those everybody may read, those that correct others, and what they say."""

from collections.abc import Iterable

from sqlmodel import Session, col, select

from gonogo.db.memos import MemoPicture
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import ProseRow
from policies.lifecycle.memo import Memo


def listed(
    session: Session,
    store: str,
    *,
    launch: str | None = None,
    public: bool,
    after: str | None = None,
    limit: int,
) -> Page:
    """The newest first; `public`: only what everybody may read. Raises `ValueError` on a foreign
    cursor."""
    query = select(MemoPicture).where(MemoPicture.store_id == store)
    if launch:
        query = query.where(MemoPicture.launch == launch)
    if public:
        query = query.where(col(MemoPicture.public_at).is_not(None))
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(MemoPicture.id) < last)
    rows = session.exec(query.order_by(col(MemoPicture.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def corrections(session: Session, store: str, memos: Iterable[str]) -> dict[str, str]:
    """Memo → the newest public one that corrects it."""
    rows = session.exec(
        select(MemoPicture)
        .where(
            MemoPicture.store_id == store,
            col(MemoPicture.corrects).in_(set(memos)),
            col(MemoPicture.public_at).is_not(None),
        )
        .order_by(col(MemoPicture.id))
    )
    return {row.corrects: row.id for row in rows if row.corrects}


def texts(session: Session, memos: Iterable[Memo]) -> dict[str, str]:
    """The prose of these memos by digest; what was erased is absent."""
    wanted = {
        d for memo in memos for part in memo.parts.values() for d in (part.subject, part.text)
    }
    rows = session.exec(select(ProseRow).where(col(ProseRow.digest).in_(wanted)))
    return {row.digest: row.text for row in rows}
