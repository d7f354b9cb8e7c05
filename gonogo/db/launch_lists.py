"""Lists of launches and of their items. Every list is bounded and ordered by id."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, func, or_, select

from gonogo.db.launch_exclusions import LaunchExclusionRow
from gonogo.db.launches import LaunchPicture
from gonogo.db.queries import PAGE, Page, decode_cursor, page_of
from gonogo.db.tables import GptRow, ReleasePicture, StoreRow, SubmissionPicture


def launches(
    session: Session,
    store: str,
    *,
    only: Collection[str] | None = None,
    statuses: tuple[str, ...] = (),
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """The newest first; `only` these ids, None: all. Raises `ValueError` on a foreign cursor."""
    query = select(LaunchPicture).where(LaunchPicture.store_id == store)
    if only is not None:
        query = query.where(col(LaunchPicture.id).in_(only))
    if statuses:
        query = query.where(col(LaunchPicture.status).in_(statuses))
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(LaunchPicture.id) < last)
    rows = session.exec(query.order_by(col(LaunchPicture.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def launch_at(session: Session, store: str, launch: str) -> tuple[LaunchPicture, int] | None:
    """The launch, and the position of the store at which it was read. One query."""
    found = session.exec(
        select(LaunchPicture, StoreRow.position)
        .join(StoreRow, col(StoreRow.id) == col(LaunchPicture.store_id))
        .where(LaunchPicture.store_id == store, LaunchPicture.id == launch)
    ).first()
    return (found[0], found[1]) if found else None


def launches_of(session: Session, store: str, publishers: Collection[str]) -> frozenset[str]:
    """Launches that hold a release of one of these publishers, or held one that left by its
    developer's choice when it was postponed."""
    if not publishers:
        return frozenset()
    rows = session.execute(
        select(col(ReleasePicture.launch), col(ReleasePicture.chosen_launch))
        .where(
            col(ReleasePicture.store_id) == store,
            col(ReleasePicture.publisher).in_(publishers),
            or_(
                col(ReleasePicture.launch).is_not(None),
                col(ReleasePicture.chosen_launch).is_not(None),
            ),
        )
        .distinct()
    )
    return frozenset(one for row in rows for one in row if one)


def sizes(session: Session, store: str, ids: Collection[str]) -> Mapping[str, int]:
    """How many items each of these launches has."""
    rows = session.execute(
        select(col(ReleasePicture.launch), func.count())
        .where(col(ReleasePicture.store_id) == store, col(ReleasePicture.launch).in_(ids))
        .group_by(col(ReleasePicture.launch))
    )
    return {str(launch): count for launch, count in rows}


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


@dataclass(frozen=True)
class Ready:
    """A release that could be bound."""

    id: str
    name: str
    publisher: str
    tier: str | None


def ready_releases(session: Session, store: str, text: str, *, limit: int) -> list[Ready]:
    """Releases that are ready, whose GPT's name holds `text`; the newest first."""
    query = (
        select(
            col(ReleasePicture.id),
            col(GptRow.name),
            col(ReleasePicture.publisher),
            col(SubmissionPicture.tier),
        )
        .join(GptRow, _gpt_of_it())
        .outerjoin(SubmissionPicture, _case_of_it())
        .where(col(ReleasePicture.store_id) == store, col(ReleasePicture.phase) == "ready")
    )
    if text:
        query = query.where(col(GptRow.name).icontains(text, autoescape=True))
    rows = session.execute(query.order_by(col(ReleasePicture.id).desc()).limit(limit))
    return [Ready(*row) for row in rows]


def names_of(session: Session, store: str, launch: str, ids: Collection[str]) -> dict[str, str]:
    """Release → name of its GPT, of items of this launch."""
    rows = session.execute(
        select(col(ReleasePicture.id), col(GptRow.name))
        .join(GptRow, _gpt_of_it())
        .where(
            col(ReleasePicture.store_id) == store,
            col(ReleasePicture.launch) == launch,
            col(ReleasePicture.id).in_(ids),
        )
    )
    return {str(release): str(name) for release, name in rows}


def _gpt_of_it() -> Any:
    return (col(GptRow.store_id) == ReleasePicture.store_id) & (
        col(GptRow.id) == ReleasePicture.gpt
    )


def _case_of_it() -> Any:
    return (col(SubmissionPicture.store_id) == ReleasePicture.store_id) & (
        col(SubmissionPicture.id) == ReleasePicture.submission
    )
