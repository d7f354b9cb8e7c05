"""Lists of launches and of their items. Every list is bounded and ordered by id."""

from typing import Any

from sqlmodel import Session, col, func, select

from gonogo.db.launch_exclusions import LaunchExclusionRow
from gonogo.db.launches import LaunchPicture
from gonogo.db.queries import PAGE, Page, decode_cursor, page_of
from gonogo.db.tables import ReleasePicture


def launches(
    session: Session,
    store: str,
    *,
    statuses: tuple[str, ...] = (),
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """The newest first. Raises `ValueError` on a foreign cursor."""
    query = select(LaunchPicture).where(LaunchPicture.store_id == store)
    if statuses:
        query = query.where(col(LaunchPicture.status).in_(statuses))
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(LaunchPicture.id) < last)
    rows = session.exec(query.order_by(col(LaunchPicture.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def items(
    session: Session,
    store: str,
    launch: str,
    *,
    wave: int | None = None,
    importance: str | None = None,
    phase: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """Releases bound to `launch` or opened by it, by id. Raises `ValueError` on a bad cursor."""
    query = select(ReleasePicture).where(
        ReleasePicture.store_id == store, ReleasePicture.launch == launch
    )
    if wave is not None:
        query = query.where(ReleasePicture.wave == wave)
    if importance is not None:
        query = query.where(ReleasePicture.importance == importance)
    if phase is not None:
        query = query.where(ReleasePicture.phase == phase)
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(ReleasePicture.id) > last)
    rows = session.exec(query.order_by(col(ReleasePicture.id)).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def passed_over(session: Session, store: str, launch: str, releases: set[str]) -> dict[str, int]:
    """Release → wave, of those of `releases` that `launch` passed over."""
    if not releases:
        return {}
    rows = session.exec(
        select(LaunchExclusionRow).where(
            LaunchExclusionRow.store_id == store,
            LaunchExclusionRow.launch == launch,
            col(LaunchExclusionRow.release).in_(releases),
        )
    )
    return {row.release: row.wave for row in rows}


def counts(session: Session, store: str, launch: str) -> list[tuple[Any, ...]]:
    """(wave, importance, phase, how many) of the items of `launch`. One query."""
    rows = session.execute(
        select(
            col(ReleasePicture.wave),
            col(ReleasePicture.importance),
            col(ReleasePicture.phase),
            func.count(),
        )
        .where(ReleasePicture.store_id == store, ReleasePicture.launch == launch)
        .group_by(
            col(ReleasePicture.wave), col(ReleasePicture.importance), col(ReleasePicture.phase)
        )
    )
    return [tuple(row) for row in rows]
