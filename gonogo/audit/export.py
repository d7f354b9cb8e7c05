"""The record as lines of JSON, for somebody who has no access to the database.

    {"kind": "gonogo-export", "schema": 1, "store": …, "origin": …, "size": n, "keys": [vkey, …]}
    {"event": {…}}             every event by position, 1 … n
    {"checkpoint": {"name": …, "note": …}}
    {"pack": {"digest": …, "name": …, "value": {…}}}
    {"proof": {…}}             one for every decision
    {"end": {"events": n, "lines": m}}

No text that people wrote is in it, no name, no bundle: events hold their digests.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import sqlalchemy
from sqlalchemy import Engine
from sqlmodel import Session, select

from gonogo.audit.log import Log
from gonogo.audit.notes import BadNote
from gonogo.audit.prove import newest
from gonogo.audit.rows import stream
from gonogo.db.codec import event_of
from gonogo.db.session import reading
from gonogo.db.tables import EventRow, PackRow, StoreRow
from policies.audit.merkle import Tree, inclusion_path
from policies.audit.proofs import DECISIONS, event_value, leaf_of, proof_value
from policies.lifecycle.kernel import Event

EXPORT = "gonogo-export"


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
    with closing(stream(session, query.order_by(events.c.position))) as rows:
        for row in rows:
            event = event_of(row)
            tree.append(leaf_of(event))
            packs.add(event.pack)
            if event.type in DECISIONS:
                decided.append(event)
            yield {"event": event_value(event)}
    for name in log.all_names():
        yield {"checkpoint": {"name": name, "note": log.note(name)}}
    for digest in sorted(packs):
        pack = session.get(PackRow, digest)
        if pack is not None:
            yield {"pack": {"digest": digest, "name": pack.name, "value": pack.value}}
    if note is None or tree.size != size:
        return  # with a gap there is no root to prove anything for
    for event in decided:
        path = inclusion_path(event.position - 1, size, tree.node)
        yield {"proof": proof_value(event, size, path, note)}
