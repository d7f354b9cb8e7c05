"""What a purge would touch, and what forbids it: legal holds, and what is open or visible."""

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from gonogo.db.administrators import is_last
from gonogo.db.erasures import HoldPicture, PurgePicture, TombstoneRow
from gonogo.db.people import MemberRow, PersonRow
from gonogo.db.publishers import ERASED
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import (
    GptRow,
    ListingPicture,
    ReleasePicture,
    SubmissionPicture,
)
from gonogo.db.transfers import OPEN, TransferPicture
from policies.lifecycle.purge import Purge

MOST = 20  # ids told of what is in the way


def listed(session: Session, store: str, *, after: str | None, limit: int) -> Page:
    """Purges, the newest first. Raises `ValueError` on a foreign cursor."""
    query = select(PurgePicture).where(PurgePicture.store_id == store)
    if after:
        (last,) = decode_cursor(after)
        query = query.where(col(PurgePicture.id) < last)
    rows = session.exec(query.order_by(col(PurgePicture.id).desc()).limit(limit + 1)).all()
    return page_of(list(rows), limit, lambda row: (row.id,))


def covers(session: Session, store: str, scope: str, target: str) -> list[tuple[str, str]]:
    """Every (scope, target) that includes this one or lies within it, for holds."""
    if scope == "person":
        return [("person", target)]
    found = [(scope, target)]
    gpts: set[str] = set()
    if scope == "submission":
        row = session.get(SubmissionPicture, (store, target))
        if row is not None:
            found += [("gpt", row.gpt), ("publisher", row.publisher)]
        return found
    if scope == "gpt":
        gpts, owner = {target}, session.get(GptRow, (store, target))
        found += [("publisher", owner.publisher)] if owner else []
    if scope == "publisher":
        rows = session.exec(
            select(GptRow.id).where(GptRow.store_id == store, GptRow.publisher == target)
        )
        gpts = set(rows)
        found += [("gpt", gpt) for gpt in sorted(gpts)]
    within: ColumnElement[bool] = col(SubmissionPicture.gpt).in_(gpts)
    if scope == "publisher":  # also what it submitted of GPTs that it gave away
        within = or_(within, SubmissionPicture.publisher == target)
    cases = session.exec(
        select(SubmissionPicture.id).where(SubmissionPicture.store_id == store, within)
    )
    return found + [("submission", case) for case in cases]


def holding(session: Session, store: str, scope: str, target: str) -> list[str]:
    """Active holds on what a purge would touch; at most twenty."""
    found: list[str] = []
    pairs = covers(session, store, scope, target)
    for start in range(0, len(pairs), 200):
        wanted = [
            and_(col(HoldPicture.scope) == s, col(HoldPicture.target) == t)
            for s, t in pairs[start : start + 200]
        ]
        rows = session.exec(
            select(HoldPicture.id)
            .where(HoldPicture.store_id == store, HoldPicture.status == "held", or_(*wanted))
            .limit(MOST)
        )
        found += rows
    return sorted(set(found))[:MOST]


def begun(session: Session, store: str, purge: str, state: Purge) -> bool:
    """Whether anything was erased for it. Names leave no tombstone: they are looked at."""
    if state.confirmed_by is None:
        return False
    stone = select(TombstoneRow.digest).where(
        TombstoneRow.store_id == store, TombstoneRow.purge == purge
    )
    if session.exec(stone.limit(1)).first() is not None:
        return True
    if state.scope == "person":
        person = session.get(PersonRow, (store, state.target))
        return person is not None and person.name == ERASED
    if state.scope == "submission":
        return False
    of = GptRow.id if state.scope == "gpt" else GptRow.publisher
    named = select(GptRow.id).where(
        GptRow.store_id == store, of == state.target, GptRow.name == ERASED
    )
    return session.exec(named.limit(1)).first() is not None


def in_use(session: Session, store: str, scope: str, target: str) -> list[str]:
    """What is open or visible of it, so that it cannot be erased yet; at most twenty."""
    if scope == "person":
        rows = session.exec(
            select(MemberRow.publisher)
            .where(MemberRow.store_id == store, MemberRow.person == target)
            .limit(MOST)
        )
        return sorted(rows) + ([target] if is_last(session, store, target) else [])
    if scope == "submission":
        case = session.get(SubmissionPicture, (store, target))
        if case is None:
            return []
        found = [case.id] if case.is_open else []
        found += session.exec(
            select(ReleasePicture.id)
            .where(
                ReleasePicture.store_id == store,
                ReleasePicture.submission == target,
                col(ReleasePicture.is_open),
            )
            .limit(MOST)
        )
        return found + _served(session, store, case.gpt, case.digest)
    found = []
    for table, still in (
        (SubmissionPicture, col(SubmissionPicture.is_open)),
        (ReleasePicture, col(ReleasePicture.is_open)),
        (ListingPicture, ListingPicture.status != "unlisted"),
    ):
        of = table.gpt if scope == "gpt" else table.publisher
        found += session.exec(
            select(table.id).where(table.store_id == store, of == target, still).limit(MOST)
        )
    t = TransferPicture
    about = (
        (t.gpt == target) if scope == "gpt" else (t.publisher == target) | (t.receiver == target)
    )
    found += session.exec(
        select(t.id).where(t.store_id == store, t.step == OPEN, about).limit(MOST)
    )
    return found[:MOST]


def _served(session: Session, store: str, gpt: str, digest: str) -> list[str]:
    rows = session.exec(
        select(ListingPicture.id).where(
            ListingPicture.store_id == store,
            ListingPicture.gpt == gpt,
            ListingPicture.status != "unlisted",
            or_(ListingPicture.stable == digest, ListingPicture.candidate == digest),
        )
    )
    return list(rows)
