"""What the public sees: servable listings, search, and what one unit is served.

Stops are read with every question, never kept. A GPT is in lists when it is listed, no stop covers
it, and it has something to serve: a stable revision, or a candidate that has climbed to the
visibility `category` or `featured` (I6, I9). What a launch opened is served by the launch's row
until its listing says so (`launched.py`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement
from sqlalchemy import case as sql_case
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, exists, func, or_, select

from gonogo.db.codec import state_of
from gonogo.db.embargoes import embargo_on, embargoed
from gonogo.db.launched import darkened, is_told, launched, opened_items
from gonogo.db.people import PublisherRow
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.standing import stops_on
from gonogo.db.tables import GptRow, ListingPicture, ReleasePicture, RevisionRow, StopPicture
from policies.lifecycle.listing import Listing
from policies.rules.serving import Served, serve

SHOWN = ("category", "featured")


@dataclass(frozen=True)
class Entry:
    """One GPT as the catalogue shows it; texts are those of the revision that is served."""

    offered_by: str
    visibility: str
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
    row = session.exec(query.where(GptRow.id == gpt)).first()
    return Entry(*row) if row else None


def resolve(session: Session, store: str, gpt: str, unit: str | None) -> Served | None:
    """What `unit` is served of `gpt` now; None when there is no such GPT."""
    owner = session.get(GptRow, (store, gpt))
    if owner is None:
        return None
    row = session.exec(
        select(ListingPicture).where(ListingPicture.store_id == store, ListingPicture.gpt == gpt)
    ).first()
    if embargo_on(session, store, gpt, datetime.now(UTC)) is not None:
        return Served(None, "none", ("embargoed",))
    items = launched(session, store, gpt)
    if row is None and not items:
        return serve(None, unit, (), ())
    listing: Listing | None = state_of("listing", row.state) if row else None
    scopes: set[str] = set()
    stopped: set[str] = set()
    digests: set[str | None] = {one.digest for one in items}
    if listing is not None:
        digests |= {listing.exposure.stable, listing.exposure.candidate}
    for digest in digests - {None}:
        revision = session.get(RevisionRow, (store, gpt, digest))
        # A revision may have moved to another category: a stop on either darkens it.
        for name in {owner.category, revision.category if revision else None}:
            found = stops_on(session, store, digest, gpt, owner.publisher, name)
            scopes |= set(found) - {"revision"}
            if "revision" in found:
                stopped.add(str(digest))
    return serve(listing, unit, scopes, stopped, items)


def _entries(store: str, visibilities: tuple[str, ...]) -> Any:
    """(publisher, visibility, revision, publisher's row) of everything that could be served to
    somebody now: by its listing, or by the launch that opened it and that its listing does not
    know of yet."""
    state = cast(Any, ListingPicture.state)
    halted, withheld = (
        func.coalesce(one.as_boolean(), False)
        for one in (state["exposure"]["halted"], state["withheld"])
    )
    opened, item = opened_items(store), aliased(ReleasePicture)
    listed = ListingPicture.status == "listed"
    by_launch = and_(
        col(item.id).is_not(None),
        col(item.opens_as).in_(visibilities),
        # Nothing lists what its developer withholds.
        or_(
            col(ListingPicture.id).is_(None),
            listed,
            and_(ListingPicture.status == "unlisted", ~withheld),
        ),
        or_(col(ListingPicture.id).is_(None), ~is_told(item)),
        ~_stopped("revision", item.digest),
    )
    stable = and_(
        listed,
        col(ListingPicture.stable).is_not(None),
        ~_stopped("revision", ListingPicture.stable),
        ~darkened(ListingPicture.gpt, ListingPicture.stable),
    )
    candidate = and_(
        listed,
        col(ListingPicture.candidate).is_not(None),
        ListingPicture.weight_bp > 0,
        col(ListingPicture.visibility).in_(visibilities),
        ~halted,
        ~_stopped("revision", ListingPicture.candidate),
        ~darkened(ListingPicture.gpt, ListingPicture.candidate),
    )
    shown = sql_case(
        (by_launch, item.digest),
        (stable, col(ListingPicture.stable)),
        (candidate, col(ListingPicture.candidate)),
        else_=None,
    )
    offered_by = func.coalesce(ListingPicture.publisher, item.publisher)
    return (
        select(
            offered_by.label("offered_by"),
            sql_case((by_launch, item.opens_as), else_=col(ListingPicture.visibility)).label(
                "shown_as"
            ),
            RevisionRow,
            PublisherRow,
        )
        .select_from(GptRow)
        .outerjoin(
            ListingPicture,
            and_(ListingPicture.store_id == GptRow.store_id, ListingPicture.gpt == GptRow.id),
        )
        .outerjoin(opened, opened.c.gpt == GptRow.id)
        .outerjoin(item, and_(item.store_id == GptRow.store_id, item.id == opened.c.release))
        .join(
            RevisionRow,
            and_(
                RevisionRow.store_id == GptRow.store_id,
                RevisionRow.gpt == GptRow.id,
                RevisionRow.digest == shown,
            ),
        )
        .outerjoin(
            PublisherRow,
            and_(PublisherRow.store_id == GptRow.store_id, PublisherRow.id == offered_by),
        )
        .where(
            GptRow.store_id == store,
            ~embargoed(GptRow.id, datetime.now(UTC)),
            ~_stopped("store", GptRow.store_id),
            ~_stopped("gpt", GptRow.id),
            ~_stopped("publisher", offered_by),
            ~_stopped("category", GptRow.category),
            ~_stopped("category", RevisionRow.category),
        )
    )


def _stopped(scope: str, target: Any) -> ColumnElement[bool]:
    return exists().where(
        col(StopPicture.store_id) == GptRow.store_id,
        col(StopPicture.status) == "active",
        col(StopPicture.scope) == scope,
        col(StopPicture.target) == target,
    )
