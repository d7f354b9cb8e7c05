"""What may be erased: texts, bundles and transcripts by digest, without what others need.

It looks and changes nothing. Whoever closed a case and let it go (by the retention or by a request)
needs it no more, so of things that several share the last one takes them along.

Evidence itself stays: it holds verdicts, numbers and places, and the record's decisions rest on it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gonogo.db.holds import Held, holds
from gonogo.db.launches import LaunchPicture
from gonogo.db.letting_go import given_away, subjects_of
from gonogo.db.memos import MemoPicture
from gonogo.db.purges import covers
from gonogo.db.session import reading
from gonogo.db.tables import ProseRow, ReleasePicture, StopPicture, SubmissionPicture
from gonogo.db.timing import EmbargoPicture, WindowPicture
from gonogo.db.transfers import OPEN as OFFERED
from gonogo.db.transfers import TransferPicture
from gonogo.erasable_named import Named, add_uploads, split_of
from gonogo.objects import ObjectFault, Objects, ObjectsUnreachable
from policies.lifecycle.launch_state import FINAL


@dataclass
class Plan:
    """What would be erased, by digest, and how much of it has to stay.

    Void as soon as a hold is placed that is not among `holds`, or somebody submits one of `bundles`
    or uploads, after `at` (UTC), what shares a file with them.
    """

    prose: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    kept_prose: int = 0
    kept_objects: int = 0
    gpts: set[str] = field(default_factory=set)  # whose names and descriptions go, too
    persons: set[str] = field(default_factory=set)
    holds: frozenset[str] = frozenset()
    bundles: set[str] = field(default_factory=set)
    uploads: set[tuple[str, str, str]] = field(default_factory=set)  # that need them no more
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def counts(self) -> dict[str, Any]:
        rows = len(self.gpts) + len(self.persons)
        return {
            "erased": {"prose": len(self.prose), "objects": len(self.objects), "rows": rows},
            "kept": {"prose": self.kept_prose, "objects": self.kept_objects},
        }


def plan(
    engine: Engine,
    objects: Objects,
    store: str,
    scope: str,
    target: str,
    now: datetime | None = None,
) -> Plan:
    """Of `scope` (submission, gpt, publisher, person) and `target`. Reads all events once.

    What a person wrote on a subject that is held, open or may still be appealed stays; so does, of
    anything else, what a person under a legal hold wrote.
    """
    found = Plan(persons={target} if scope == "person" else set())
    with reading(engine) as session:
        held = holds(session, store)
        found.holds = held.ids
        pairs = covers(session, store, scope, target)
        found.gpts = {t for s, t in pairs if s == "gpt"} if scope in ("gpt", "publisher") else set()
        if scope == "person":
            needed = _needed(session, store, held, now or datetime.now(UTC))
            split = split_of(
                session, store, held, lambda row: row.actor_id == target,
                lambda row: row.subject in needed,
            )  # fmt: skip
        else:
            subjects = subjects_of(session, store, pairs, scope)
            given = given_away(session, store, pairs) if scope == "publisher" else set()
            split = split_of(session, store, held, _among(subjects), texts_only=given)
        add_uploads(session, store, found.gpts, split)
        found.uploads = split.own | split.past
        there = _there(session, split.mine.prose)
    found.prose = there - split.others.prose
    found.kept_prose = len(there & split.others.prose)
    if scope != "person":
        _objects(objects, split.mine, split.others, found)
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
            split = split_of(session, store, holds(session, store), _among(cases))
            add_uploads(session, store, set(), split)
            mine, others = split.mine, split.others
            there = _there(session, mine.prose) if kind == "prose" else set()
        found.prose |= there - others.prose
        found.kept_prose += len(there & others.prose)
        part = Plan()
        if kind == "bundles":
            _objects(objects, Named(bundles=mine.bundles), others, part)
        if kind == "transcripts":
            _objects(objects, Named(evidence=mine.evidence), others, part)
        found.objects |= part.objects
        found.bundles |= part.bundles
        found.uploads |= split.own | split.past
        found.kept_objects += part.kept_objects
    return found


def _among(subjects: set[str]) -> Callable[[Any], bool]:
    return lambda row: row.subject in subjects


def _needed(session: Session, store: str, held: Held, now: datetime) -> set[str]:
    """The subjects others still need the texts of: held, under way, or rejected and appealable."""
    found: set[str] = set()
    for ids in _open(store):
        found |= set(session.exec(ids))
    rejected = select(SubmissionPicture.id, SubmissionPicture.state).where(
        SubmissionPicture.store_id == store, SubmissionPicture.stage == "rejected"
    )
    for case, state in session.exec(rejected):
        since = datetime.fromisoformat(state["since"])
        if now < since + timedelta(seconds=state["terms"]["appeal_s"]):
            found.add(case)
    for scope, target in held.targets:
        found |= subjects_of(session, store, covers(session, store, scope, target), scope)
    return found


def _open(store: str) -> Iterator[Any]:
    """Queries of the ids of what is still under way, or in force. Memos count with their launch."""
    for table in (SubmissionPicture, ReleasePicture):
        yield select(table.id).where(table.store_id == store, col(table.is_open))
    over = sorted(status.value for status in FINAL)
    launches = select(LaunchPicture.id).where(
        LaunchPicture.store_id == store, col(LaunchPicture.status).not_in(over)
    )
    yield launches
    yield select(MemoPicture.id).where(
        MemoPicture.store_id == store,
        (col(MemoPicture.status) == "prepared") | col(MemoPicture.launch).in_(launches),
    )
    yield select(TransferPicture.id).where(
        TransferPicture.store_id == store, TransferPicture.step == OFFERED
    )
    orders: tuple[tuple[Any, str], ...] = (
        (WindowPicture, "declared"), (EmbargoPicture, "active"), (StopPicture, "active"),
    )  # fmt: skip
    for order, status in orders:
        yield select(order.id).where(order.store_id == store, order.status == status)


def _there(session: Session, digests: set[str]) -> set[str]:
    wanted, found = sorted(digests), set()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        found |= set(session.exec(select(ProseRow.digest).where(col(ProseRow.digest).in_(part))))
    return found


def _objects(objects: Objects, mine: Named, others: Named, found: Plan) -> None:
    candidates = {one for digest in mine.bundles for one in parts_of(objects, digest)}
    candidates |= {one for digest in mine.evidence for one in _transcripts(objects, digest)}
    candidates = {digest for digest in candidates if objects.has(digest)}
    if not candidates:
        return
    needed = set(others.bundles) | others.evidence | mine.evidence
    needed |= {one for digest in others.bundles for one in parts_of(objects, digest)}
    needed |= {one for digest in others.told for one in _transcripts(objects, digest)}
    found.objects = candidates - needed
    found.bundles = found.objects & mine.bundles
    found.kept_objects = len(candidates & needed)


def parts_of(objects: Objects, digest: str) -> set[str]:
    """A bundle's index and files, as far as it can be read. Raises `ObjectsUnreachable`: what
    others need is not known then."""
    try:
        index = objects.get_json(digest)
        return {digest, *index["files"].values()}
    except ObjectsUnreachable:
        raise
    except (ObjectFault, KeyError, TypeError, AttributeError):
        return set()


def _transcripts(objects: Objects, digest: str) -> set[str]:
    """Raises `ObjectsUnreachable`."""
    try:
        cases = objects.get_json(digest).get("cases", ())
        return {str(case["transcript"]) for case in cases if case.get("transcript")}
    except ObjectsUnreachable:
        raise
    except (ObjectFault, KeyError, TypeError, AttributeError):
        return set()
