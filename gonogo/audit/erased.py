"""Tombstones against the requests that dug them: nothing else may explain what is gone.

tombstones ─► their requests, folded from their events ─► confirmed or done, and its `root` holds
           └► everything else explains nothing, and is a fault itself
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from gonogo.audit.rows import UNREADABLE, rows
from gonogo.db.codec import event_of
from gonogo.db.erasures import TombstoneRow, root_of
from gonogo.db.tables import EventRow
from policies.audit.chain import Chain, Fault
from policies.lifecycle.purge import Purge, Step

_PART = 200
_ENDS = ("purge:finished", "purge:swept")


@dataclass
class Burials:
    """What was erased by requests that stand, by kind; what is wrong with the others."""

    prose: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


def burials(session: Session) -> Burials:
    """All tombstones, of every store that has any: digests are named across stores.

    Memory: about 100 bytes a tombstone.
    """
    found, dug = Burials(), _dug(session)
    for store in sorted({store for store, _ in dug} | _ended_in(session)):
        mine = {purge: stones for (of, purge), stones in dug.items() if of == store}
        states = _states(session, store, set(mine) | _ended(session, store))
        for purge in sorted(set(mine) | set(states)):
            stones = mine.get(purge, [])
            what = wrong_with(states.get(purge), [digest for digest, _ in stones])
            if what:
                found.faults.append(Fault(purge, 0, what, "tombstone"))
                continue
            for digest, kind in stones:
                (found.prose if kind == "prose" else found.objects).add(digest)
    return found


def wrong_with(purge: Purge | None, digests: list[str]) -> str:
    """Why these tombstones of a request explain nothing; empty when they stand."""
    if digests and (purge is None or purge.step not in (Step.CONFIRMED, Step.DONE)):
        return "tombstones of a request that nobody confirmed"
    if purge is not None and purge.step is Step.DONE and root_of(digests) != purge.root:
        return "its tombstones are not those it left"
    return ""


def _dug(session: Session) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(digest, kind) by store and request."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    columns = (TombstoneRow.store_id, TombstoneRow.purge, TombstoneRow.digest, TombstoneRow.kind)
    query = select(*columns).execution_options(yield_per=1_000)
    for store, purge, digest, kind in session.connection().execute(query):
        found[store, purge].append((digest, kind))
    return found


def _ended_in(session: Session) -> set[str]:
    query = select(EventRow.store_id).where(col(EventRow.type).in_(_ENDS)).distinct()
    return set(session.exec(query))


def _ended(session: Session, store: str) -> set[str]:
    query = select(EventRow.subject).where(
        EventRow.store_id == store, col(EventRow.type).in_(_ENDS)
    )
    return set(session.exec(query))


def _states(session: Session, store: str, purges: set[str]) -> dict[str, Purge]:
    """What the events of each request fold to; without those whose events contradict themselves."""
    found: dict[str, Purge] = {}
    wanted = sorted(purges)
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        for purge, state in _folded(session, store, part):
            if isinstance(state, Purge):
                found[purge] = state
    return found


def _folded(session: Session, store: str, purges: list[str]) -> Iterator[tuple[str, object]]:
    chain, broken = Chain(store), set()
    among = (col(EventRow.subject).in_(purges),)
    for identity, row in rows(session, EventRow, store, ("subject", "seq"), among):
        try:
            _, faults = chain.follow(event_of(row))
        except UNREADABLE:
            broken.add(str(identity[1]))
            continue
        if faults:
            broken.add(str(identity[1]))
    for purge in purges:
        if purge not in broken:
            yield purge, chain.close(purge)
