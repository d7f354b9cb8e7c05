"""What a board asks of launches and their items: a fixed number of queries, whatever their size.

Items are bound releases. What is known of each, for the readiness matrix, is looked up for all of
a launch at once, by sets; a launch holds at most ten thousand (`launch_plan.ITEMS_MOST`). The
opening looks closer, with more queries (`launch_items.py`); a test holds the two together.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlmodel import Session, col

from gonogo.db.erasures import TombstoneRow
from gonogo.db.launch_duties import Asked, confirmed_by, ends_public, publishers_of
from gonogo.db.people import PublisherRow
from gonogo.db.publishers import PublisherPicture
from gonogo.db.tables import (
    EventRow,
    GptRow,
    ListingPicture,
    ReleasePicture,
    RevisionRow,
    StopPicture,
    SubmissionPicture,
)
from policies.lifecycle.kernel import instant, instant_or_none
from policies.lifecycle.publisher_state import HOLDS
from policies.rules.launch_plan import ITEMS_MOST, Importance, Item
from policies.rules.launch_readiness import Known

_APPROVED, _TESTED = "submission:review:approved", "submission:tests:finished"
_SERVED = ("rolling", "baking", "paused", "held", "completed")


@dataclass(frozen=True)
class Bound:
    """A release that belongs to a launch, and what is known of it. `is_out`: it was opened already.
    `approved` and `verified` are None where nobody knows; `listed` is the status of its listing.
    `categories` are the GPT's and its revision's, `pack` is what its case was tested by. `public`:
    it ends where everybody finds it. `erased`: its bundle is gone."""

    item: Item
    launch: str
    gpt: str
    name: str
    categories: frozenset[str]
    publisher: str
    submission: str
    digest: str
    phase: str
    why: tuple[str, ...]
    tier: str | None
    bound_from: datetime | None
    bound_s: float
    approved: bool | None
    verified: bool | None
    listed: str | None
    public: bool
    pack: str | None
    erased: bool

    @property
    def is_out(self) -> bool:
        return self.phase in _SERVED


def items(session: Session, store: str, ids: Collection[str]) -> list[Bound]:
    """The items of these launches, the oldest release first; cut at what a launch may hold."""
    rows = session.execute(
        select(
            ReleasePicture,
            GptRow,
            SubmissionPicture,
            col(ListingPicture.status),
            col(PublisherRow.verified_at),
            col(PublisherPicture.standing),
            col(RevisionRow.category),
            col(TombstoneRow.digest),
        )
        .outerjoin(GptRow, _same(GptRow, GptRow.id, ReleasePicture.gpt))
        .outerjoin(
            RevisionRow,
            _same(RevisionRow, RevisionRow.gpt, ReleasePicture.gpt)
            & (col(RevisionRow.digest) == ReleasePicture.digest),
        )
        .outerjoin(TombstoneRow, col(TombstoneRow.digest) == ReleasePicture.digest)
        .outerjoin(
            SubmissionPicture,
            _same(SubmissionPicture, SubmissionPicture.id, ReleasePicture.submission),
        )
        .outerjoin(ListingPicture, _same(ListingPicture, ListingPicture.gpt, ReleasePicture.gpt))
        .outerjoin(PublisherRow, _same(PublisherRow, PublisherRow.id, ReleasePicture.publisher))
        .outerjoin(
            PublisherPicture,
            _same(PublisherPicture, PublisherPicture.id, ReleasePicture.publisher),
        )
        .where(col(ReleasePicture.store_id) == store, col(ReleasePicture.launch).in_(ids))
        .order_by(col(ReleasePicture.id))
        .limit(ITEMS_MOST)
    )
    return [_bound(*row) for row in rows]


def _same(table: Any, theirs: Any, ours: Any) -> Any:
    return (table.store_id == ReleasePicture.store_id) & (theirs == ours)


def _bound(
    row: ReleasePicture,
    gpt: GptRow | None,
    case: SubmissionPicture | None,
    listed: str | None,
    verified_at: datetime | None,
    standing: str | None,
    revised: str | None,
    tombstone: str | None,
) -> Bound:
    state = row.state
    item = Item(
        row.id,
        wave=row.wave or 1,
        importance=Importance(row.importance or "should"),
        requires=tuple(state.get("requires") or ()),
        offset_s=state.get("offset_s") or 0,
        not_before=instant_or_none(state.get("not_before")),
    )
    # As `publishers.is_verified`: the record decides; a row it has not adopted speaks for itself.
    verified = verified_at is not None if standing is None else standing in HOLDS
    return Bound(
        item,
        launch=str(row.launch),
        gpt=row.gpt,
        name=gpt.name if gpt else row.gpt,
        categories=frozenset(one for one in (gpt and gpt.category, revised) if one),
        publisher=row.publisher,
        submission=row.submission,
        digest=row.digest,
        phase=row.phase,
        why=tuple(state.get("why") or ()),
        tier=case.tier if case else None,
        bound_from=instant_or_none(state.get("bound_from")),
        bound_s=float(state.get("bound_s") or 0.0),
        approved=_approved(case.state, row.digest) if case else None,
        verified=verified,
        listed=listed,
        public=ends_public(state),
        pack=case.state["terms"]["pack"] if case else None,
        erased=tombstone is not None,
    )


def _approved(case: Mapping[str, Any], digest: str) -> bool:
    decision = case.get("decision") or {}
    stands = case.get("stage") == "approved" and decision.get("digest") == digest
    return bool(stands and case.get("settled") and not case.get("blocked_by"))


@dataclass(frozen=True)
class Judged:
    """How the items of one launch are judged: how long evidence counts under a pack (seconds, by
    its digest; None: nobody knows), what builders are asked."""

    evidence_s: Callable[[str], float | None]
    asked: Asked


def known_of(
    session: Session, store: str, by: Mapping[str, Judged], found: Collection[Bound]
) -> Mapping[str, Known]:
    """What the readiness matrix wants to know of the items `found` of these launches, `by` what
    each of them is judged. What cannot be found stays unknown. Three queries."""
    if not found:
        return {}
    ids = tuple(by)
    times, stopped = _times(session, store, ids), _stops(session, store, ids)
    publishers = publishers_of(session, store, ids)
    known = {}
    for one in found:
        how = by[one.launch]
        until, tested = times.get((one.submission, _APPROVED)), times.get((one.submission, _TESTED))
        known[one.item.id] = Known(
            approved=one.approved,
            # Earlier bindings kept the approval's clock still, too.
            approval_until=until + timedelta(seconds=one.bound_s) if until else None,
            bound_at=one.bound_from,
            evidence_until=_fresh_until(one, tested, how),
            publisher_verified=one.verified,
            duties_left=how.asked.left(
                confirmed_by(publishers.get(one.publisher)),
                verified=bool(one.verified),
                public=one.public,
            ),
            stops=_covering(one, store, stopped),
        )
    return known


def _fresh_until(one: Bound, tested: datetime | None, how: Judged) -> datetime | None:
    life = how.evidence_s(one.pack) if one.pack else None
    return tested + timedelta(seconds=life) if tested and life is not None else None


def _times(
    session: Session, store: str, ids: Collection[str]
) -> Mapping[tuple[str, str], datetime]:
    """Until when each case's approval was given, and when its newest tests ended."""
    rows = session.execute(
        select(
            col(EventRow.subject), col(EventRow.type), col(EventRow.occurred_at), col(EventRow.body)
        )
        .where(
            col(EventRow.store_id) == store,
            col(EventRow.subject).in_(_of(store, ids, ReleasePicture.submission)),
            col(EventRow.type).in_((_APPROVED, _TESTED)),
        )
        .order_by(col(EventRow.subject), col(EventRow.seq))
    )
    return {
        (case, kind): instant(body["expires_at"]) if kind == _APPROVED else at
        for case, kind, at, body in rows
    }


def _stops(session: Session, store: str, ids: Collection[str]) -> frozenset[tuple[str, str]]:
    """Scope and target of the active stops that may cover an item."""
    covered = {
        "publisher": ReleasePicture.publisher,
        "gpt": ReleasePicture.gpt,
        "revision": ReleasePicture.digest,
    }
    rows = session.execute(
        select(col(StopPicture.scope), col(StopPicture.target)).where(
            col(StopPicture.store_id) == store,
            col(StopPicture.status) == "active",
            or_(
                # few: one for the store, one for each category
                col(StopPicture.scope).in_(("store", "category")),
                *(
                    (col(StopPicture.scope) == scope)
                    & col(StopPicture.target).in_(_of(store, ids, column))
                    for scope, column in covered.items()
                ),
            ),
        )
    )
    return frozenset((scope, target) for scope, target in rows)


def _covering(one: Bound, store: str, stopped: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    """Codes of what keeps it from being served: stops, and a listing that is no place to be."""
    names = (
        ("store", store),
        *(("category", category) for category in sorted(one.categories)),
        ("publisher", one.publisher),
        ("gpt", one.gpt),
        ("revision", one.digest),
    )
    found = [f"stopped:{scope}" for scope, target in names if (scope, target) in stopped]
    if one.listed not in (None, "listed", "unlisted"):
        found.append(str(one.listed))
    if one.erased:
        found.append("erased")
    return tuple(found)


def _of(store: str, ids: Collection[str], column: Any) -> Select[Any]:
    return select(column).where(
        col(ReleasePicture.store_id) == store, col(ReleasePicture.launch).in_(ids)
    )
