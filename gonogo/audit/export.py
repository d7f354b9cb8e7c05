"""The record as lines of JSON, for somebody who has no access to the database.

    {"kind": "gonogo-export", "schema": 1, "store": …, "origin": …, "size": n, "keys": [vkey, …]}
    {"event": {…}}             every event by position, 1 … n
    {"checkpoint": {"name": …, "note": …}}
    {"pack": {"digest": …, "name": …, "value": {…}}}
    {"tombstone": {"store": …, "purge": …, "digest": …, "kind": "prose" | "object"}}
    {"gone": {"digest": …}}    a text that an event names and nobody has any more
    {"proof": {…}}             one for every decision
    {"end": {"events": n, "lines": m}}

No text that people wrote is in it, no name, no bundle: events hold their digests.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import sqlalchemy
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gonogo.audit.log import Log
from gonogo.audit.notes import BadNote
from gonogo.audit.prove import newest
from gonogo.audit.rows import stream
from gonogo.db.codec import event_of
from gonogo.db.erasures import TombstoneRow
from gonogo.db.prose import prose_in
from gonogo.db.session import reading
from gonogo.db.tables import EventRow, PackRow, ProseRow, StoreRow
from policies.audit.merkle import Tree, inclusion_path
from policies.audit.proofs import DECISIONS, event_value, leaf_of, proof_value
from policies.lifecycle.kernel import Event

EXPORT = "gonogo-export"
_ERASING = ("purge:confirmed", "purge:swept")


def exported(engine: Engine, log: Log) -> Iterator[dict[str, Any]]:
    """The lines of an export, up to the newest checkpoint; of everything if there is none.

    One snapshot, read in batches; the memory it needs is 64 bytes an event. An event that is
    missing is left out and not hidden: the last line says how many there should be.
    """
    try:
        found = newest(log)
    except BadNote:
        found = None  # the note is exported, so whoever reads it finds the same
    with reading(engine) as session:
        there = session.exec(select(StoreRow.position).where(StoreRow.id == log.store)).first()
        size = found[1].size if found else there or 0
        lines = 0
        for line in _lines(session, log, size, found[0] if found else None):
            lines += 1
            yield line
        yield {"end": {"events": size, "lines": lines + 1}}


def _lines(session: Session, log: Log, size: int, note: str | None) -> Iterator[dict[str, Any]]:
    yield {
        "kind": EXPORT,
        "schema": 1,
        "store": log.store,
        "origin": log.origin(),
        "size": size,
        "keys": [str(key) for key in log.known_keys()],
    }
    events: Any = EventRow.__table__  # type: ignore[attr-defined]  # every table has one
    query = sqlalchemy.select(events).where(
        events.c.store_id == log.store, events.c.position <= size
    )
    tree, decided, packs = Tree(), list[Event](), set[str]()
    named, purges = set[str](), set[str]()
    with closing(stream(session, query.order_by(events.c.position))) as rows:
        for row in rows:
            event = event_of(row)
            tree.append(leaf_of(event))
            packs.add(event.pack)
            named.update(prose_in(event.body))
            if event.type in _ERASING:
                purges.add(event.subject)
            if event.type in DECISIONS:
                decided.append(event)
            yield {"event": event_value(event)}
    for name in log.all_names():
        yield {"checkpoint": {"name": name, "note": log.note(name)}}
    for digest in sorted(packs):
        pack = session.get(PackRow, digest)
        if pack is not None:
            yield {"pack": {"digest": digest, "name": pack.name, "value": pack.value}}
    yield from _erased(session, log.store, named, _after(session, log.store, size) - purges)
    if note is None or tree.size != size:
        return  # with a gap there is no root to prove anything for
    for event in decided:
        path = inclusion_path(event.position - 1, size, tree.node)
        yield {"proof": proof_value(event, size, path, note)}


def _after(session: Session, store: str, size: int) -> set[str]:
    """Requests to erase that were confirmed above `size`."""
    query = select(EventRow.subject).where(
        EventRow.store_id == store,
        EventRow.position > size,
        col(EventRow.type).in_(_ERASING),
    )
    return set(session.exec(query))


def _erased(
    session: Session, store: str, named: set[str], later: set[str]
) -> Iterator[dict[str, Any]]:
    """Tombstones of the store, and texts that are gone; what requests of `later` erased is as if it
    was there still. Where another store's request erased one of the texts, its tombstone comes
    along."""
    gone, buried = set[str](), set[str]()
    for part in _parts(named):
        there = set(session.exec(select(ProseRow.digest).where(col(ProseRow.digest).in_(part))))
        gone |= set(part) - there
    stones: Any = TombstoneRow.__table__  # type: ignore[attr-defined]  # every table has one
    query = sqlalchemy.select(stones).order_by(stones.c.store_id, stones.c.purge, stones.c.digest)
    with closing(stream(session, query)) as rows:
        for row in rows:
            if row.store_id == store and row.purge in later:
                buried.add(row.digest)
            elif row.store_id == store or row.digest in gone:
                yield {
                    "tombstone": {
                        "store": row.store_id,
                        "purge": row.purge,
                        "digest": row.digest,
                        "kind": row.kind,
                    }
                }
    for digest in sorted(gone - buried):
        yield {"gone": {"digest": digest}}


def _parts(digests: set[str]) -> Iterator[list[str]]:
    wanted = sorted(digests)
    for start in range(0, len(wanted), 500):
        yield wanted[start : start + 500]
