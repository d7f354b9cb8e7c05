"""Verify the whole record: events, what lies beside them, and the checkpoints outside.

One snapshot, read once in batches; it changes nothing. Memory: about 100 bytes an event.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import func, select

from gonogo.audit.beside import (
    author_faults,
    command_faults,
    outbox_faults,
    pack_faults,
    picture_faults,
    prose_faults,
)
from gonogo.audit.erased import burials
from gonogo.audit.events import Read, read_events
from gonogo.audit.log import Copy, Log
from gonogo.audit.notes import VerifierKey
from gonogo.audit.owners import owner_faults
from gonogo.audit.report import Report
from gonogo.audit.witness import gathered, witness
from gonogo.db.session import reading
from gonogo.db.tables import CommandRow
from gonogo.objects import ObjectFault, ObjectMissing, Objects
from policies.audit.chain import Fault


def verify(
    engine: Engine,
    log: Log,
    mac_keys: Sequence[bytes],
    *,
    copy: Copy | None = None,
    objects: Objects | None = None,
    trusted: Sequence[VerifierKey] = (),
) -> Report:
    """Everything that can be said of `log`'s store. `objects` None: bundles, evidence and
    transcripts are not looked at. Raises what the database or the copy raise when they are down.
    """
    began, store = time.monotonic(), log.store
    report = Report(store, datetime.now(UTC))
    points = gathered(log, report, copy=copy, trusted=trusted)
    with reading(engine) as session:
        read = read_events(session, store)
        report.events, report.subjects = read.events, len(read.pictures)
        report.add(read.faults)
        report.add(picture_faults(session, store, read))
        report.add(outbox_faults(session, store))
        report.commands = session.exec(
            select(func.count()).select_from(CommandRow).where(CommandRow.store_id == store)
        ).one()
        report.add(command_faults(session, store, mac_keys))
        report.add(author_faults(session, store))
        report.add(pack_faults(session, read))
        report.add(owner_faults(session, store))
        buried = burials(session)
        report.add(prose_faults(session, read, report, buried.prose))
        report.add(buried.faults)
        witness(session, log, read.leaves, points, report)
    if objects is None:
        report.warnings.append("bundles, evidence and transcripts were not read")
    else:
        report.add(object_faults(objects, read, report, lambda: _buried_objects(engine)))
    report.seconds = time.monotonic() - began
    return report


def _buried_objects(engine: Engine) -> Set[str]:
    """As it is now: objects are no part of the snapshot, and some may just have been erased."""
    with reading(engine) as session:
        return burials(session).objects


def object_faults(
    objects: Objects, read: Read, report: Report, buried: Callable[[], Set[str]]
) -> Iterator[Fault]:
    """Bundles, evidence and transcripts that are gone or another than their digest. What is gone
    and `buried`, asked after all were looked for, was erased and is counted in `report`."""
    missing: list[tuple[str, Fault]] = []
    for found in _looked_at(objects, read, report):
        if isinstance(found, Fault):
            yield found
        else:
            missing.append(found)
    graves = buried() if missing else frozenset()
    for digest, fault in missing:
        if digest in graves:
            report.erased += 1
        else:
            yield fault


def _looked_at(objects: Objects, read: Read, report: Report) -> Iterator[Fault | tuple[str, Fault]]:
    """A fault with its digest is one that a tombstone may explain. Evidence itself is kept."""
    for digest, (subject, seq) in read.bundles.items():
        report.objects += 1
        try:
            objects.get_bundle(digest)
        except ObjectFault as fault:
            yield _gone_or_wrong(subject, seq, "bundle", fault)
    for digest, (subject, seq) in read.evidence.items():
        report.objects += 1
        try:
            value = json.loads(objects.get(digest))
        except ObjectFault as fault:
            yield _object_fault(subject, seq, "evidence", fault)
            continue
        except ValueError:
            yield Fault(subject, seq, f"evidence {digest[:12]} is not JSON", "object")
            continue
        for case in value.get("cases", ()) if isinstance(value, dict) else ():
            report.objects += 1
            try:
                objects.get(str(case["transcript"]))
            except ObjectFault as fault:
                yield _gone_or_wrong(subject, seq, "transcript", fault)


def _gone_or_wrong(
    subject: str, seq: int, what: str, fault: ObjectFault
) -> Fault | tuple[str, Fault]:
    told = _object_fault(subject, seq, what, fault)
    return (fault.digest, told) if isinstance(fault, ObjectMissing) else told


def _object_fault(subject: str, seq: int, what: str, fault: ObjectFault) -> Fault:
    how = "is not there" if isinstance(fault, ObjectMissing) else "is not what its digest names"
    return Fault(subject, seq, f"the {what} {fault.digest[:12]} {how}", "object")
