"""What lies beside the events: pictures, outbox, commands, packs, texts. Each has to agree."""

import hashlib
from collections.abc import Iterator, Sequence, Set
from typing import Any

import rfc8785
import sqlalchemy
from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session, col, select

from gonogo.audit.events import Read, picture_digest
from gonogo.audit.report import Report
from gonogo.audit.rows import UNREADABLE, rows, stream
from gonogo.db.codec import PICTURES
from gonogo.db.tables import CommandRow, EventRow, OutboxRow, PackRow, ProseRow
from policies.audit.chain import Fault
from policies.lifecycle.kernel import SYSTEM, Command, mac_holds
from policies.lifecycle.machines import MACHINES, kind_of

_COMMAND = TypeAdapter(Command)


def picture_faults(session: Session, store: str, read: Read) -> Iterator[Fault]:
    """Pictures that are not what the events of their subject fold to."""
    due = dict(read.pictures)
    for kind, table in PICTURES.items():
        for identity, row in rows(session, table, store):
            subject = str(identity[1])
            if subject not in due:
                yield Fault(subject, 0, f"a picture of a {kind} that no event knows", "picture")
                continue
            expected = due.pop(subject)
            if row is None:
                yield Fault(subject, 0, "its picture cannot be read", "picture")
            elif expected is not None and picture_digest(row._mapping) != expected:
                yield Fault(subject, 0, "its picture is not what its events say", "picture")
    for subject in due:
        yield Fault(subject, 0, "has events and no picture", "picture")


def outbox_faults(session: Session, store: str) -> Iterator[Fault]:
    """Notices of other events than the one at their position. Delivered ones may be gone."""
    seen: dict[int, tuple[Any, ...]] = {}

    def told(batch: dict[int, tuple[Any, ...]]) -> Iterator[Fault]:
        query = select(EventRow.position, EventRow.subject, EventRow.type, EventRow.recorded_at)
        query = query.where(EventRow.store_id == store, col(EventRow.position).in_(batch))
        try:
            real = {row[0]: tuple(row[1:]) for row in session.connection().execute(query)}
        except UNREADABLE:
            return  # the event itself was named by the pass over the events
        for position, said in batch.items():
            if real.get(position) != said:
                yield Fault(str(said[0]), 0, "a notice tells of another event", "outbox", position)

    for identity, row in rows(session, OutboxRow, store):
        position = identity[1]
        if row is None or not isinstance(position, int):
            yield Fault(store, 0, f"notice {position!s:.20} cannot be read", "outbox")
            continue
        seen[position] = (row.subject, row.type, row.created_at)
        if len(seen) == 500:
            yield from told(seen)
            seen = {}
    yield from told(seen)


def command_faults(session: Session, store: str, keys: Sequence[bytes]) -> Iterator[Fault]:
    """Commands whose MAC holds under none of `keys`, or whose columns say something else."""
    for identity, row in rows(session, CommandRow, store):
        named = str(identity[1])
        if row is not None and _is_of_an_account(row):
            continue
        try:
            command: Command = _COMMAND.validate_python(row.command["command"])
            machine = str(row.command["machine"])
            agrees = (
                command.id == row.id
                and command.store == row.store_id
                and command.subject == row.subject
                and command.actor.id == row.actor_id
                and command.at == row.received_at
                and f"{machine}/{command.kind}" == row.kind
                and kind_of(command.subject) == machine
            )
            signed = any(mac_holds(command, key) for key in keys)
        except (*UNREADABLE, ValidationError):
            yield Fault(named, 0, "the command cannot be read", "command")
            continue
        if not signed:
            yield Fault(named, 0, "the command's MAC does not hold", "mac")
        elif not agrees:
            yield Fault(named, 0, "the row says something else than its command", "command")


def _is_of_an_account(row: Any) -> bool:
    """A command about an account carries no signed order: it is done where it is given, and no
    event may name it, which `author_faults` sees to."""
    said = row.command
    return (
        str(row.kind).startswith("account/")
        and isinstance(said, dict)
        and said.get("machine") == "account"
        and "command" not in said
    )


def author_faults(session: Session, store: str) -> Iterator[Fault]:
    """Events of people without a kept command of that person which may cause them."""
    events: Any = EventRow.__table__  # type: ignore[attr-defined]  # every table has one
    commands: Any = CommandRow.__table__  # type: ignore[attr-defined]  # see above
    e, c = events.c, commands.c
    query = (
        sqlalchemy.select(
            e.subject, e.seq, e.type, e.actor_id, e.position, c.subject, c.actor_id, c.kind
        )
        .join_from(
            events,
            commands,
            (c.store_id == e.store_id) & (c.id == e.command_id),
            isouter=True,
        )
        .where(e.store_id == store, e.actor_id != SYSTEM)
        .order_by(e.position)
    )
    for subject, seq, type_, actor, position, about, by, kind in stream(session, query):
        if by is None:
            what = "a person's event without the command that caused it"
        elif (about, by) != (subject, actor):
            what = "its command is of another person or about another subject"
        elif type_ not in _causes(kind):
            what = "its command cannot cause it"
        else:
            continue
        yield Fault(subject, seq, what, "author", position)


def _causes(kind: str) -> frozenset[str]:
    machine, _, order = str(kind).partition("/")
    return MACHINES[machine].causes.get(order, frozenset()) if machine in MACHINES else frozenset()


def pack_faults(session: Session, read: Read) -> Iterator[Fault]:
    """Packs whose value has another digest, and packs that events name and nobody kept."""
    there = set()
    for identity, row in rows(session, PackRow, None):
        digest = str(identity[0])
        there.add(digest)
        try:
            holds = hashlib.sha256(rfc8785.dumps(row.value)).hexdigest() == digest
            holds = holds and row.value["name"] == row.name
        except UNREADABLE:
            holds = False
        if not holds:
            yield Fault(digest, 0, "the policy pack is not what its digest names", "pack")
    for digest, (subject, seq) in read.packs.items():
        if digest not in there:
            yield Fault(subject, seq, "names a policy pack that is not kept", "pack")


def prose_faults(session: Session, read: Read, report: Report, buried: Set[str]) -> Iterator[Fault]:
    """Texts that are not what their digest names, that are gone and not `buried`, or the other way
    round. Those that were erased are counted in `report`."""
    missing = dict(read.prose)
    for identity, row in rows(session, ProseRow, None):
        digest = str(identity[0])
        missing.pop(digest, None)
        try:
            said = "prose:" + hashlib.sha256(row.salt + row.text.encode()).hexdigest()
        except UNREADABLE:
            said = ""
        if said != digest:
            yield Fault(digest, 0, "the text is not what its digest names", "prose")
        elif digest in buried:
            # Its tombstone and its end were one transaction: somebody brought it back.
            yield Fault(digest, 0, "the text was erased and is there again", "prose")
    for digest, (subject, seq) in missing.items():
        if digest in buried:
            report.erased += 1
        else:
            what = f"the text {digest[:18]} is gone, and no request erased it"
            yield Fault(subject, seq, what, "prose")
