"""What the public sees: servable listings, search, and what one unit is served.

Stops are read with every question, never kept. A listing is in lists when it is listed, no stop
covers it, and it has something to serve: a stable revision, or a candidate that has climbed to the
visibility `category` or `featured` (I6, I9).
"""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement
from sqlalchemy import case as sql_case
from sqlmodel import Session, and_, col, exists, func, or_, select

from gonogo.db.codec import state_of
from gonogo.db.people import PublisherRow
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.standing import stops_on
from gonogo.db.tables import GptRow, ListingPicture, RevisionRow, StopPicture
from policies.lifecycle.listing import Listing
from policies.rules.serving import Served, serve

SHOWN = ("category", "featured")


@dataclass(frozen=True)
class Entry:
    """One GPT as the catalogue shows it; texts are those of the revision `digest`."""

    listing: ListingPicture
    revision: RevisionRow
    publisher: PublisherRow | None


def page(
    session: Session,
    store: str,
    *,
    category: str | None = None,
    words: str | None = None,
    after: str | None = None,
    limit: int,
) -> Page:
    """Entries by name. `words` must all occur in name or description, letter case aside.

    Raises `ValueError` on a foreign cursor.
    """
    query = _entries(store, SHOWN)
    if category:
        query = query.where(RevisionRow.category == category)
    for word in (words or "").split():
        query = query.where(
            or_(
                col(RevisionRow.name).icontains(word, autoescape=True),
                col(RevisionRow.description).icontains(word, autoescape=True),
            )
        )
    if after:
        name, last = decode_cursor(after)
        query = query.where(
            or_(
                col(RevisionRow.name) > name,
                and_(col(RevisionRow.name) == name, col(RevisionRow.gpt) > last),
            )
        )
    rows = session.exec(
        query.order_by(col(RevisionRow.name), col(RevisionRow.gpt)).limit(limit + 1)
    ).all()
    entries = [Entry(*row) for row in rows]
    return page_of(entries, limit, lambda entry: (entry.revision.name, entry.revision.gpt))


def categories(session: Session, store: str) -> dict[str, int]:
    """How many GPTs each category shows now."""
    shown = _entries(store, SHOWN).with_only_columns(RevisionRow.category, func.count())
    rows = session.exec(shown.group_by(col(RevisionRow.category))).all()
    return {name: count for name, count in rows if name is not None}


def entry(session: Session, store: str, gpt: str) -> Entry | None:
    """One GPT by id, also while only a link leads to it; None when there is nothing to serve."""
    query = _entries(store, (*SHOWN, "link", "unlisted_search"))
    row = session.exec(query.where(ListingPicture.gpt == gpt)).first()
    return Entry(*row) if row else None


def resolve(session: Session, store: str, gpt: str, unit: str | None) -> Served | None:
    """What `unit` is served of `gpt` now; None when there is no such GPT."""
    owner = session.get(GptRow, (store, gpt))
    if owner is None:
        return None
    row = session.exec(
        select(ListingPicture).where(ListingPicture.store_id == store, ListingPicture.gpt == gpt)
    ).first()
    if row is None:
        return serve(None, unit, (), ())
    listing: Listing = state_of("listing", row.state)
    scopes: set[str] = set()
    stopped: set[str] = set()
    for digest in {listing.exposure.stable, listing.exposure.candidate} - {None}:
        revision = session.get(RevisionRow, (store, gpt, digest))
        # A revision may have moved to another category: a stop on either darkens it.
        for name in {owner.category, revision.category if revision else None}:
            found = stops_on(session, store, digest, gpt, owner.publisher, name)
            scopes |= set(found) - {"revision"}
            if "revision" in found:
                stopped.add(str(digest))
    return serve(listing, unit, scopes, stopped)


def _entries(store: str, visibilities: tuple[str, ...]) -> Any:
    """(listing, revision, publisher) of everything that could be served to somebody now."""
    halted = cast(Any, ListingPicture.state)["exposure"]["halted"].as_boolean()
    stable = and_(
        col(ListingPicture.stable).is_not(None), ~_stopped("revision", ListingPicture.stable)
    )
    candidate = and_(
        col(ListingPicture.candidate).is_not(None),
        ListingPicture.weight_bp > 0,
        col(ListingPicture.visibility).in_(visibilities),
        ~halted,
        ~_stopped("revision", ListingPicture.candidate),
    )
    shown = sql_case(
        (stable, col(ListingPicture.stable)), (candidate, col(ListingPicture.candidate)), else_=None
    )
    return (
        select(ListingPicture, RevisionRow, PublisherRow)
        .select_from(ListingPicture)
        .join(
            RevisionRow,
            and_(
                RevisionRow.store_id == ListingPicture.store_id,
                RevisionRow.gpt == ListingPicture.gpt,
                RevisionRow.digest == shown,
            ),
        )
        .join(
            GptRow,
            and_(
                GptRow.store_id == ListingPicture.store_id,
                GptRow.id == ListingPicture.gpt,
            ),
        )
        .outerjoin(
            PublisherRow,
            and_(
                PublisherRow.store_id == ListingPicture.store_id,
                PublisherRow.id == ListingPicture.publisher,
            ),
        )
        .where(
            ListingPicture.store_id == store,
            ListingPicture.status == "listed",
            ~_stopped("store", ListingPicture.store_id),
            ~_stopped("gpt", ListingPicture.gpt),
            ~_stopped("publisher", ListingPicture.publisher),
            ~_stopped("category", GptRow.category),
            ~_stopped("category", RevisionRow.category),
        )
    )


def _stopped(scope: str, target: Any) -> ColumnElement[bool]:
    return exists().where(
        col(StopPicture.store_id) == ListingPicture.store_id,
        col(StopPicture.status) == "active",
        col(StopPicture.scope) == scope,
        col(StopPicture.target) == target,
    )
