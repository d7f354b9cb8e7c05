"""Prove that one event is in the record that a checkpoint stands for."""

import re
from typing import Any

import sqlalchemy
from sqlalchemy import Engine
from sqlmodel import Session

from gonogo.audit.keeper import Inconsistent, leaves
from gonogo.audit.log import Log
from gonogo.audit.notes import BadNote, Checkpoint, read_note
from gonogo.audit.tree import TreeFiles
from gonogo.db.codec import event_of
from gonogo.db.session import reading
from gonogo.db.tables import EventRow
from policies.audit.merkle import BadProof, Tree, inclusion_path, root_of_inclusion
from policies.audit.proofs import DECISIONS, leaf_of, proof_value
from policies.lifecycle.kernel import Event

_PLACE = re.compile(r"(?P<subject>[A-Za-z]+_[A-Za-z0-9_-]+)/(?P<seq>[1-9][0-9]{0,8})")


class Unprovable(LookupError):
    """There is no such event, no checkpoint covers it, or it is not the one that was signed."""


def newest(log: Log) -> tuple[str, Checkpoint] | None:
    """The newest checkpoint of the log with its note; None before the first. Raises `BadNote`."""
    names = log.names()
    if not names:
        return None
    note = log.note(names[-1])
    return note, read_note(note, log.known_keys())


def prove(engine: Engine, log: Log, what: str) -> dict[str, Any]:
    """An inclusion proof of `what`: a position, `SUBJECT/NUMBER`, or a subject, whose newest
    decision is meant. Raises `Unprovable`."""
    try:
        found = newest(log)
    except BadNote as fault:
        raise Unprovable(f"the newest checkpoint does not hold: {fault}") from fault
    if found is None:
        raise Unprovable("nothing is signed yet: gonogo audit checkpoint")
    note, point = found
    with reading(engine) as session:
        event = _event(session, log.store, what)
        if event.position > point.size:
            raise Unprovable(f"no checkpoint covers event {event.position} yet")
        path = _path(session, log, point, event)
    return proof_value(event, point.size, path, note)


def _event(session: Session, store: str, what: str) -> Event:
    events: Any = EventRow.__table__  # type: ignore[attr-defined]  # every table has one
    query = sqlalchemy.select(events).where(events.c.store_id == store)
    place = _PLACE.fullmatch(what)
    if what.isascii() and what.isdigit() and len(what) < 19:
        query = query.where(events.c.position == int(what))
    elif place:
        query = query.where(events.c.subject == place["subject"], events.c.seq == int(place["seq"]))
    else:
        query = query.where(events.c.subject == what, events.c.type.in_(DECISIONS))
        query = query.order_by(events.c.seq.desc()).limit(1)
    row = session.connection().execute(query).first()
    if row is None:
        raise Unprovable(f"there is no such event or decision: {what:.80}")
    return event_of(row)


def _path(session: Session, log: Log, point: Checkpoint, event: Event) -> list[bytes]:
    """From the tree on disk, or from all events where that is gone or another."""
    index, leaf = event.position - 1, leaf_of(event)
    try:
        with TreeFiles(log.tree_folder) as files:
            path = inclusion_path(index, point.size, files.node)
        if root_of_inclusion(leaf, index, point.size, path) == point.root:
            return path
    except (LookupError, BadProof):
        pass
    tree = Tree()
    try:
        for each in leaves(session, log.store, 0, point.size):
            tree.append(each)
    except Inconsistent as fault:
        raise Unprovable(f"{fault}: gonogo audit verify") from fault
    path = inclusion_path(index, point.size, tree.node)
    if root_of_inclusion(leaf, index, point.size, path) != point.root:
        raise Unprovable("the record is not what was signed: gonogo audit verify")
    return path
