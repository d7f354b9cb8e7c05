"""Erase what a plan names; a legal hold or a use that comes meanwhile stops it between two batches.

`erase` may be killed anywhere and called again: a tombstone is written before its bytes go, so the
next call finishes what was begun. Whether it may still be done is asked again in each transaction.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, update
from sqlmodel import Session, col, select

from gonogo.db.administrators import keep_one
from gonogo.db.erasures import PurgePicture, TombstoneRow, of_purge, root_of, tombstones
from gonogo.db.holds import holds
from gonogo.db.notices import AddressRow, PreferenceRow
from gonogo.db.people import PersonRow, TokenRow
from gonogo.db.publishers import ERASED, DomainRow
from gonogo.db.purges import MOST, holding, in_use
from gonogo.db.session import reading, writing
from gonogo.db.signin import IdentityRow, InvitationRow, SessionRow
from gonogo.db.tables import GptRow, ProseRow, RevisionRow, SubmissionPicture
from gonogo.erasable import Plan, parts_of
from gonogo.objects import Objects

BATCH = 200
SKEW = timedelta(minutes=1)  # between the clocks of two machines
OBJECTS = 20  # so few may still go although a hold was placed a moment ago


class Interrupted(Exception):
    """What was planned may not be done any more: plan again. `by` are holds, open subjects, or the
    request itself, when somebody declined it."""

    def __init__(self, by: tuple[str, ...]) -> None:
        super().__init__(f"erasing was interrupted by {', '.join(by)}")
        self.by = by


def erase(
    engine: Engine,
    objects: Objects,
    store: str,
    purge: str,
    found: Plan,
    beat: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Carry `found` out for `purge`: counts and root as its last event has them.

    A call after a kill erases what is left; its counts are those of all tombstones together.
    Raises `Interrupted` between two batches; what went before is gone and has its tombstones.
    """
    with reading(engine) as session:
        begun = {row.digest for row in of_purge(session, store, purge) if row.kind == "object"}
    for digest in sorted(begun):  # what a killed call buried
        objects.erase(digest)
        beat()
    for part in _batches(found.prose, BATCH):
        _erase_prose(engine, store, purge, part, found)
        beat()
    for part in _batches(found.objects, OBJECTS):
        with writing(engine) as session:
            _still(session, store, purge, found)
            _unwanted(session, objects, found)
            _bury(session, store, purge, "object", part)
        for digest in part:  # also what another request buried, and somebody brought it back
            objects.erase(digest)
            beat()
    rows = _erase_rows(engine, store, purge, found)
    return told(engine, store, purge, found, rows)


def told(engine: Engine, store: str, purge: str, found: Plan, rows: int = 0) -> dict[str, Any]:
    """What was erased for `purge` so far, as its last event has it."""
    counts = {"prose": 0, "objects": 0, "rows": rows}
    with reading(engine) as session:
        mine = of_purge(session, store, purge)
    for row in mine:
        counts["prose" if row.kind == "prose" else "objects"] += 1
    return {
        "erased": counts,
        "kept": {"prose": found.kept_prose, "objects": found.kept_objects},
        "root": root_of(row.digest for row in mine),
    }


def _still(session: Session, store: str, purge: str, found: Plan) -> None:
    """Raises `Interrupted` unless all that was asked when it was planned holds now."""
    later = holds(session, store).ids - found.holds
    if later:
        raise Interrupted(tuple(sorted(later)))
    asked = session.get(PurgePicture, (store, purge))
    if asked is None:
        return  # a sweep of the retention: its event follows
    if asked.step != "confirmed":
        raise Interrupted((purge,))
    what = (session, store, asked.scope, asked.target)
    blocked = (*holding(*what), *in_use(*what))
    if blocked:
        raise Interrupted(blocked)


def _unwanted(session: Session, objects: Objects, found: Plan) -> None:
    """Raises `Interrupted` when somebody submitted or uploaded meanwhile what would be erased."""
    for part in _batches(found.bundles, BATCH):
        cases = session.exec(
            select(SubmissionPicture.id).where(
                col(SubmissionPicture.is_open), col(SubmissionPicture.digest).in_(part)
            )
        ).all()
        if cases:
            raise Interrupted(tuple(sorted(cases)[:MOST]))
    columns = (RevisionRow.store_id, RevisionRow.gpt, RevisionRow.digest)
    uploads = session.execute(
        select(*columns).where(RevisionRow.created_at >= found.at - SKEW)
    ).all()
    for of, gpt, digest in uploads:
        own = gpt in found.gpts or (of, gpt, digest) in found.uploads
        if not own and not found.objects.isdisjoint(parts_of(objects, digest)):
            raise Interrupted((gpt,))


def _batches(digests: Iterable[str], size: int) -> Iterator[list[str]]:
    ordered = sorted(digests)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def _erase_prose(engine: Engine, store: str, purge: str, digests: list[str], found: Plan) -> None:
    """Texts and tombstones of one batch, in one transaction."""
    with writing(engine) as session:
        _still(session, store, purge, found)
        _bury(session, store, purge, "prose", digests)
        session.execute(delete(ProseRow).where(col(ProseRow.digest).in_(digests)))
        session.execute(delete(DomainRow).where(col(DomainRow.ref).in_(digests)))


def _bury(session: Session, store: str, purge: str, kind: str, digests: list[str]) -> None:
    known, now = tombstones(session, digests), datetime.now(UTC)
    session.add_all(
        TombstoneRow(digest=one, store_id=store, purge=purge, kind=kind, erased_at=now)
        for one in digests
        if one not in known
    )


def _erase_rows(engine: Engine, store: str, purge: str, found: Plan) -> int:
    """Names and descriptions of GPTs, and what lets a person in or names them."""
    if not found.gpts and not found.persons:
        return 0
    with writing(engine) as session:
        _still(session, store, purge, found)
        for gpt in sorted(found.gpts):
            session.execute(
                update(GptRow)
                .where(col(GptRow.store_id) == store, col(GptRow.id) == gpt)
                .values(name=ERASED)
            )
            session.execute(
                update(RevisionRow)
                .where(col(RevisionRow.store_id) == store, col(RevisionRow.gpt) == gpt)
                .values(name=ERASED, description=ERASED, starters=[])
            )
        for person in sorted(found.persons):
            _erase_person(session, store, person)
    return len(found.gpts) + len(found.persons)


def _erase_person(session: Session, store: str, person: str) -> None:
    """Raises `LastAdministrator`: others may have gone since it was asked."""
    keep_one(session, store, person)
    now = datetime.now(UTC)
    row = session.get(PersonRow, (store, person))
    if row is not None:
        row.name, row.roles, row.left_at = ERASED, [], row.left_at or now
    for table in (SessionRow, IdentityRow, InvitationRow, AddressRow, PreferenceRow):
        session.execute(
            delete(table).where(col(table.store_id) == store, col(table.person) == person)
        )
    session.execute(
        delete(TokenRow).where(col(TokenRow.store_id) == store, col(TokenRow.person) == person)
    )
