"""Erase texts, bundles and transcripts by digest; what another live thing needs stays, and is said.

`plan` looks and changes nothing. `erase` may be killed anywhere and called again: a tombstone is
written before its bytes go, so the next call finishes what was begun.

Evidence itself stays: it holds verdicts, numbers and places, and the record's decisions rest on it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, delete, update
from sqlmodel import Session, col, select

from gonogo.db.administrators import keep_one
from gonogo.db.erasures import HoldPicture, TombstoneRow, of_purge, root_of, tombstones
from gonogo.db.notices import AddressRow, PreferenceRow
from gonogo.db.people import PersonRow, TokenRow
from gonogo.db.prose import prose_in
from gonogo.db.publishers import ERASED, DomainRow
from gonogo.db.purges import covers
from gonogo.db.session import reading, writing
from gonogo.db.signin import IdentityRow, InvitationRow, SessionRow
from gonogo.db.tables import (
    EventRow,
    GptRow,
    ListingPicture,
    ProseRow,
    ReleasePicture,
    RevisionRow,
    SubmissionPicture,
)
from gonogo.objects import ObjectFault, Objects

BATCH = 200
_OPENS = frozenset({"submission:opened", "submission:round:opened"})


@dataclass
class Plan:
    """What would be erased, by digest, and how much of it has to stay."""

    prose: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    kept_prose: int = 0
    kept_objects: int = 0
    gpts: set[str] = field(default_factory=set)  # whose names and descriptions go, too
    persons: set[str] = field(default_factory=set)

    def counts(self) -> dict[str, Any]:
        rows = len(self.gpts) + len(self.persons)
        return {
            "erased": {"prose": len(self.prose), "objects": len(self.objects), "rows": rows},
            "kept": {"prose": self.kept_prose, "objects": self.kept_objects},
        }


@dataclass(frozen=True)
class Named:
    """What one set of events names: texts, bundles, evidence."""

    prose: set[str]
    bundles: set[str]
    evidence: set[str]


def plan(
    engine: Engine,
    objects: Objects,
    store: str,
    scope: str,
    target: str,
    now: datetime | None = None,
) -> Plan:
    """Of `scope` (submission, gpt, publisher, person) and `target`. Reads all events once.

    What a person wrote on a subject that is held, open or may still be appealed stays.
    """
    found = Plan(persons={target} if scope == "person" else set())
    with reading(engine) as session:
        pairs = covers(session, store, scope, target)
        found.gpts = {t for s, t in pairs if s == "gpt"} if scope in ("gpt", "publisher") else set()
        if scope == "person":
            subjects = _needed(session, store, now or datetime.now(UTC))
        else:
            subjects = _subjects(session, store, pairs, scope)
        mine, others = _split(session, store, scope, target, subjects)
        _revisions(session, store, found.gpts, mine, others)
        there = _there(session, mine.prose)
    found.prose = there - others.prose
    found.kept_prose = len(there & others.prose)
    if scope != "person":
        _objects(objects, mine, others, found)
    return found


def plan_of_cases(
    engine: Engine,
    objects: Objects,
    store: str,
    *,
    prose: set[str],
    bundles: set[str],
    transcripts: set[str],
) -> Plan:
    """What closed cases let go, each set of cases for one kind. Reads all events once per set."""
    found = Plan()
    for kind, cases in (("prose", prose), ("bundles", bundles), ("transcripts", transcripts)):
        if not cases:
            continue
        with reading(engine) as session:
            mine, others = _split(session, store, "cases", "", cases)
            _revisions(session, store, set(), mine, others)
            there = _there(session, mine.prose) if kind == "prose" else set()
        found.prose |= there - others.prose
        found.kept_prose += len(there & others.prose)
        part = Plan()
        if kind == "bundles":
            _objects(objects, Named(set(), mine.bundles, set()), others, part)
        if kind == "transcripts":
            _objects(objects, Named(set(), set(), mine.evidence), others, part)
        found.objects |= part.objects
        found.kept_objects += part.kept_objects
    return found


def _subjects(session: Session, store: str, pairs: list[tuple[str, str]], scope: str) -> set[str]:
    """The subjects whose events belong to it."""
    if scope == "submission":
        return {pairs[0][1]}
    found = {t for s, t in pairs if s == "submission"}
    found |= {t for s, t in pairs if s == "publisher" and scope == "publisher"}
    gpts = {t for s, t in pairs if s == "gpt"}
    for table in (ReleasePicture, ListingPicture):
        found |= set(
            session.exec(select(table.id).where(table.store_id == store, col(table.gpt).in_(gpts)))
        )
    return found


def _needed(session: Session, store: str, now: datetime) -> set[str]:
    """The subjects others still need the texts of: held, open, or rejected and appealable."""
    found: set[str] = set()
    for table in (SubmissionPicture, ReleasePicture):
        found |= set(
            session.exec(select(table.id).where(table.store_id == store, col(table.is_open)))
        )
    rejected = select(SubmissionPicture.id, SubmissionPicture.state).where(
        SubmissionPicture.store_id == store, SubmissionPicture.stage == "rejected"
    )
    for case, state in session.exec(rejected):
        since = datetime.fromisoformat(state["since"])
        if now < since + timedelta(seconds=state["terms"]["appeal_s"]):
            found.add(case)
    holds = session.exec(
        select(HoldPicture.scope, HoldPicture.target).where(
            HoldPicture.store_id == store, HoldPicture.status == "held"
        )
    ).all()
    for scope, target in holds:
        found |= _subjects(session, store, covers(session, store, scope, target), scope)
    return found


def _split(
    session: Session, store: str, scope: str, target: str, subjects: set[str]
) -> tuple[Named, Named]:
    """What the events in scope name, and what all other events name.

    For a person, `subjects` are those whose texts others need, too.
    """
    mine, others = Named(set(), set(), set()), Named(set(), set(), set())
    events: Any = EventRow.__table__  # type: ignore[attr-defined]  # every table has one
    e = events.c
    rows = session.execute(
        sqlalchemy.select(
            e.store_id, e.subject, e.actor_id, e.type, e.body, e.evidence
        ).execution_options(yield_per=500)
    )
    for row in rows:
        of_it = row.store_id == store and (
            row.actor_id == target if scope == "person" else row.subject in subjects
        )
        named = mine if of_it else others
        if of_it and scope == "person" and row.subject in subjects:
            others.prose.update(prose_in(row.body))
        named.prose.update(prose_in(row.body))
        named.evidence.update(row.evidence)
        if row.type in _OPENS:
            named.bundles.add(row.body["digest"])
    return mine, others


def _revisions(session: Session, store: str, gpts: set[str], mine: Named, others: Named) -> None:
    """Uploads count as named, whether they were submitted or not."""
    columns = (RevisionRow.store_id, RevisionRow.gpt, RevisionRow.digest)
    for row in session.execute(select(*columns).execution_options(yield_per=500)):
        if row.store_id == store and row.gpt in gpts:
            mine.bundles.add(row.digest)
        elif row.digest not in mine.bundles or row.store_id != store:
            others.bundles.add(row.digest)


def _there(session: Session, digests: set[str]) -> set[str]:
    wanted, found = sorted(digests), set()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        found |= set(session.exec(select(ProseRow.digest).where(col(ProseRow.digest).in_(part))))
    return found


def _objects(objects: Objects, mine: Named, others: Named, found: Plan) -> None:
    candidates = {one for digest in mine.bundles for one in _parts(objects, digest)}
    candidates |= {one for digest in mine.evidence for one in _transcripts(objects, digest)}
    candidates = {digest for digest in candidates if objects.has(digest)}
    if not candidates:
        return
    needed = set(others.bundles) | others.evidence | mine.evidence
    needed |= {one for digest in others.bundles for one in _parts(objects, digest)}
    needed |= {one for digest in others.evidence for one in _transcripts(objects, digest)}
    found.objects = candidates - needed
    found.kept_objects = len(candidates & needed)


def _parts(objects: Objects, digest: str) -> set[str]:
    """A bundle's index and files, those that are still there."""
    try:
        index = objects.get_json(digest)
        return {digest, *index["files"].values()}
    except (ObjectFault, KeyError, TypeError, AttributeError):
        return set()


def _transcripts(objects: Objects, digest: str) -> set[str]:
    try:
        cases = objects.get_json(digest).get("cases", ())
        return {str(case["transcript"]) for case in cases if case.get("transcript")}
    except (ObjectFault, KeyError, TypeError, AttributeError):
        return set()


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
    """
    for part in _batches(found.prose):
        _erase_prose(engine, store, purge, part)
        beat()
    _mark(engine, store, purge, found.objects)
    with reading(engine) as session:
        mine = of_purge(session, store, purge)
    # Also what another request buried and somebody brought back.
    for digest in sorted(found.objects | {row.digest for row in mine if row.kind == "object"}):
        objects.erase(digest)
        beat()
    rows = _erase_rows(engine, store, found)
    counts: dict[str, int] = {"prose": 0, "objects": 0, "rows": rows}
    for row in mine:
        counts["prose" if row.kind == "prose" else "objects"] += 1
    return {
        "erased": counts,
        "kept": {"prose": found.kept_prose, "objects": found.kept_objects},
        "root": root_of(row.digest for row in mine),
    }


def _batches(digests: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(digests)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _erase_prose(engine: Engine, store: str, purge: str, digests: list[str]) -> None:
    """Texts and tombstones of one batch, in one transaction."""
    with writing(engine) as session:
        _bury(session, store, purge, "prose", digests)
        session.execute(delete(ProseRow).where(col(ProseRow.digest).in_(digests)))
        session.execute(delete(DomainRow).where(col(DomainRow.ref).in_(digests)))


def _mark(engine: Engine, store: str, purge: str, digests: set[str]) -> None:
    for part in _batches(digests):
        with writing(engine) as session:
            _bury(session, store, purge, "object", part)


def _bury(session: Session, store: str, purge: str, kind: str, digests: list[str]) -> None:
    known, now = tombstones(session, digests), datetime.now(UTC)
    session.add_all(
        TombstoneRow(digest=one, store_id=store, purge=purge, kind=kind, erased_at=now)
        for one in digests
        if one not in known
    )


def _erase_rows(engine: Engine, store: str, found: Plan) -> int:
    """Names and descriptions of GPTs, and what lets a person in or names them."""
    with writing(engine) as session:
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
