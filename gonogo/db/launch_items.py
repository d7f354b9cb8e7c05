"""The items of a launch as the record knows them, by sets: ten thousand in about ten queries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, col, func, select

from gonogo.db.embargoes import embargoes_until
from gonogo.db.erasures import tombstones
from gonogo.db.launch_windows import windows_of_launch
from gonogo.db.publishers import verified_among
from gonogo.db.tables import (
    EventRow,
    GptRow,
    ListingPicture,
    PackRow,
    ReleasePicture,
    RevisionRow,
    StopPicture,
    StoreRow,
    SubmissionPicture,
)
from gonogo.db.transfers import owners_of
from policies.lifecycle.kernel import instant, instant_or_none
from policies.rules.approvals import Standing
from policies.rules.launch_opening import Item, observed, readiness
from policies.rules.launch_windows import Closed

# Bound, or passed over by their launch and still in it.
WAITING = ("bound", "blocked")
# Served by the launch's row until the listing does. Held and paused keep what people have (I9).
SHOWING = (*WAITING, "rolling", "paused", "held")
OPENED = (*SHOWING, "completed")
_VISIBLE = ("rolling", "paused", "held", "completed")


@dataclass(frozen=True)
class Look:
    """What was seen at one position of the store's order."""

    items: list[Item]
    waves: int
    position: int
    visible: set[str]


def items_of_launch(
    session: Session,
    store: str,
    launch: str,
    *,
    waves: Collection[int] | None = None,
    phases: Sequence[str] = WAITING,
    only: Collection[str] | None = None,
) -> Look:
    """Items of `launch` in `phases`: of `waves`, of the releases `only`, else all of them."""
    at = session.get(StoreRow, store)
    position = at.position if at else 0
    mine = select(ReleasePicture).where(
        ReleasePicture.store_id == store,
        ReleasePicture.launch == launch,
        col(ReleasePicture.phase).in_(phases),
    )
    if waves is not None:
        mine = mine.where(col(ReleasePicture.wave).in_(waves))
    if only is not None:
        mine = mine.where(col(ReleasePicture.id).in_(only))
    rows = list(session.exec(mine))
    items = [_item(row, standing) for row, standing in _standings(session, store, mine, rows)]
    wanted = {one for item in items for one in item.requires} - {item.release for item in items}
    return Look(
        items, _last_wave(session, store, launch), position, served_among(session, store, wanted)
    )


def observe(
    session: Session,
    store: str,
    launch: str,
    *,
    wave: int,
    opened: bool,
    at: datetime,
    closed: Closed | None = None,
    opens: datetime | None = None,
) -> dict[str, Any]:
    """`observed["items"]` of wave `wave` at `at` (UTC). `opened`: of all that is open up to it.
    `opens`: when it opens, else `at`. `closed`: what windows say of that, if it was looked up."""
    shut = closed or windows_of_launch(session, store, launch, opens or at)
    phases = OPENED if opened else WAITING
    reach = tuple(range(1, wave + 1)) if opened else (wave,)
    look = items_of_launch(session, store, launch, waves=reach, phases=phases)
    found = readiness(look.items, look.visible, at, shut.scopes, opens)
    items = look.items
    if opened:
        items = [_in_wave(item, wave) for item in items]
    return observed(items, found, wave=wave, waves=look.waves, position=look.position)


def _in_wave(item: Item, wave: int) -> Item:
    return Item(**{**item.__dict__, "wave": wave})


def _last_wave(session: Session, store: str, launch: str) -> int:
    last = session.exec(
        select(func.max(ReleasePicture.wave)).where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            col(ReleasePicture.phase).in_(WAITING),
        )
    ).one()
    return last or 1


def served_among(session: Session, store: str, releases: set[str]) -> set[str]:
    """Those of `releases` that people are served: a stage of theirs was entered."""
    found: set[str] = set()
    wanted = sorted(releases)
    for start in range(0, len(wanted), 500):
        rows = session.exec(
            select(ReleasePicture).where(
                ReleasePicture.store_id == store,
                col(ReleasePicture.id).in_(wanted[start : start + 500]),
                col(ReleasePicture.phase).in_(_VISIBLE),
            )
        )
        found |= {row.id for row in rows if row.state.get("stage") is not None}
    return found


def _item(row: ReleasePicture, standing: "_Known") -> Item:
    state = row.state
    return Item(
        release=row.id,
        wave=row.wave or 0,
        importance=row.importance or "must",
        standing=standing.standing,
        tier=standing.tier or "high",
        requires=tuple(state.get("requires") or ()),
        offset_s=state.get("offset_s") or 0,
        not_before=instant_or_none(state.get("not_before")),
        # What was let out and follows its launch by itself is no opening's any more: the public
        # asks the GPT's embargo with every question.
        embargo_ends=standing.embargo if row.phase in WAITING else None,
        erased=standing.erased,
        scopes=standing.scopes,
    )


@dataclass(frozen=True)
class _Known:
    standing: Standing
    tier: str | None
    erased: bool
    scopes: frozenset[str]
    embargo: datetime | None


def _standings(
    session: Session, store: str, mine: Select[Any], rows: list[ReleasePicture]
) -> list[tuple[ReleasePicture, _Known]]:
    """`gonogo.db.standing.standing_of` for all of `rows` at once; a test holds the two together."""
    submissions = mine.with_only_columns(col(ReleasePicture.submission))
    gpts = mine.with_only_columns(col(ReleasePicture.gpt))
    cases = {
        row.id: row
        for row in session.exec(
            select(SubmissionPicture).where(
                SubmissionPicture.store_id == store, col(SubmissionPicture.id).in_(submissions)
            )
        )
    }
    approved = _newest(
        session, store, "submission:review:approved", submissions, col(EventRow.body)
    )
    tested = _newest(
        session, store, "submission:tests:finished", submissions, col(EventRow.occurred_at)
    )
    listings = dict(
        session.exec(
            select(ListingPicture.gpt, ListingPicture.status).where(
                ListingPicture.store_id == store, col(ListingPicture.gpt).in_(gpts)
            )
        ).all()
    )
    filed = dict(
        session.exec(
            select(GptRow.id, GptRow.category).where(
                GptRow.store_id == store, col(GptRow.id).in_(gpts)
            )
        ).all()
    )
    revised = {
        (gpt, digest): category
        for gpt, digest, category in session.exec(
            select(RevisionRow.gpt, RevisionRow.digest, RevisionRow.category).where(
                RevisionRow.store_id == store, col(RevisionRow.gpt).in_(gpts)
            )
        )
    }
    owners = owners_of(session, store, gpts)
    theirs = {owners.get(case.gpt, case.publisher) for case in cases.values()}
    verified = verified_among(session, store, theirs)
    stops = {
        (scope, target)
        for scope, target in session.exec(
            select(StopPicture.scope, StopPicture.target).where(
                StopPicture.store_id == store, StopPicture.status == "active"
            )
        )
    }
    packs = {case.state["terms"]["pack"] for case in cases.values()}
    lives = {
        pack: found.value["testing"]["evidence_life_s"]
        for pack in packs
        if (found := session.get(PackRow, pack))
    }
    gone = tombstones(session, {row.digest for row in rows})
    embargoes = embargoes_until(session, store, gpts)
    known = []
    for row in rows:
        case = cases.get(row.submission)
        if case is None:
            nothing = Standing(None, row.digest, None, False, None, None, False, (), None)
            erased = row.digest in gone
            known.append((row, _Known(nothing, None, erased, frozenset(), None)))
            continue
        state, decision = case.state, case.state.get("decision")
        approval, test = approved.get(row.submission), tested.get(row.submission)
        stands = approval is not None and case.stage == "approved"
        life = lives.get(state["terms"]["pack"], 0)
        categories = {filed.get(row.gpt), revised.get((row.gpt, row.digest))} - {None}
        owner = owners.get(case.gpt, case.publisher)
        covered = [("store", store), ("publisher", owner), ("gpt", case.gpt)]
        covered += [("category", str(category)) for category in categories]
        covered += [("revision", row.digest)]
        standing = Standing(
            approved_digest=decision["digest"] if stands and decision else None,
            digest=row.digest,
            approval_until=instant(approval["expires_at"]) if approval and stands else None,
            approval_settled=bool(state.get("settled")),
            evidence_until=test + timedelta(seconds=life) if test else None,
            evidence_blocks=tuple(state.get("blocked_by") or ()) if test else None,
            publisher_verified=owner in verified,
            stops=tuple(sorted({scope for scope, target in covered if (scope, target) in stops})),
            listing_status=listings.get(row.gpt),
            bound_from=instant_or_none(row.state.get("bound_from")),
            bound_s=row.state.get("bound_s") or 0.0,
        )
        scopes = frozenset(
            {f"gpt:{row.gpt}", f"publisher:{row.publisher}"}
            | {f"category:{category}" for category in categories}
        )
        erased, embargo = row.digest in gone, embargoes.get(row.gpt)
        known.append((row, _Known(standing, case.tier, erased, scopes, embargo)))
    return known


def _newest(
    session: Session, store: str, kind: str, submissions: Select[Any], what: Any
) -> dict[str, Any]:
    """`what` of the newest event of `kind` of each submission."""
    rows = session.execute(
        select(col(EventRow.subject), what)
        .where(
            EventRow.store_id == store,
            EventRow.type == kind,
            col(EventRow.subject).in_(submissions),
        )
        .order_by(col(EventRow.seq))
    )
    found: dict[str, Any] = dict(rows.all())
    return found
