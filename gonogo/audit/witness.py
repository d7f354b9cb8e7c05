"""Compare the record with its checkpoints, here and at the copy, and say which row is another."""

from collections.abc import Iterator, Sequence

from sqlmodel import Session, col, select

from gonogo.audit.events import Leaves
from gonogo.audit.log import Copy, Log
from gonogo.audit.notes import BadNote, Checkpoint, VerifierKey, followers, read_note
from gonogo.audit.report import MOST, Report
from gonogo.audit.tree import TreeFiles
from gonogo.db.tables import EventRow
from policies.audit.chain import Fault
from policies.audit.merkle import Tree


def gathered(
    log: Log, report: Report, *, copy: Copy | None = None, trusted: Sequence[VerifierKey] = ()
) -> list[Checkpoint]:
    """The checkpoints of `log` and `copy` that are what they claim, by growing size.

    To be called before the record is read: what is signed later is no fault of an older snapshot.
    `trusted` are keys that somebody noted elsewhere; without them the log's own list is believed.
    """
    origin = report.origin = log.origin() or ""
    notes = dict(_notes(log, copy, report))
    known = log.known_keys()
    keys = followers(trusted, known, notes.values()) if trusted else known
    points: list[Checkpoint] = []
    for name, note in sorted(notes.items()):
        try:
            point = read_note(note, keys)
        except BadNote as fault:
            report.add([Fault(log.store, 0, f"checkpoint {name}: {fault}", "checkpoint")])
            continue
        if point.origin != origin or point.size != int(name.partition(".")[0]):
            what = f"checkpoint {name} is of another log or size"
            report.add([Fault(log.store, 0, what, "checkpoint")])
        elif name.isdigit():
            points.append(point)
    alarm = log.alarm()
    if alarm:
        report.add([Fault(log.store, 0, f"checkpoints have stopped: {alarm}", "alarm")])
    report.checkpoints = len(points)
    return points


def witness(
    session: Session, log: Log, leaves: Leaves, points: list[Checkpoint], report: Report
) -> None:
    """Add to `report` what the checkpoints say against `leaves`."""
    if points:
        report.covered = _compare(session, log, leaves, points, report)
    elif leaves.size:
        report.warnings.append("no checkpoint covers any event: truncation cannot be seen")


def _notes(log: Log, copy: Copy | None, report: Report) -> Iterator[tuple[str, str]]:
    def fault(name: str, what: str) -> Fault:
        return Fault(log.store, 0, f"checkpoint {name} {what}", "checkpoint")

    here = log.all_names()
    for name in here:
        yield name, log.note(name)
    if copy is None:
        return
    for name in copy.names():
        told = copy.note(name)
        if name not in here:
            report.add([fault(name, "is at the copy and not here")])
            yield name, told
        elif told != log.note(name):
            report.add([fault(name, "has another text at the copy")])
    for other in copy.other_logs():
        report.warnings.append(f"the copy also holds another log of this store: {other}")


def _compare(
    session: Session, log: Log, leaves: Leaves, points: list[Checkpoint], report: Report
) -> int:
    """The size of the newest checkpoint that holds."""
    covered, torn = 0, not leaves.whole
    if leaves.whole:
        tree = Tree()
        for position in range(1, leaves.size + 1):
            tree.append(leaves.get(position) or b"")
        for point in points:
            if point.size <= leaves.size and tree.root(point.size) == point.root:
                covered = point.size
            else:
                torn = True
    newest = points[-1]
    if newest.size > leaves.size:
        what = f"{newest.size} events were signed, {leaves.size} are left"
        report.add([Fault(log.store, 0, what, "truncated")])
    if torn:
        report.add(_where(session, log, leaves, points, covered))
    return covered


def _where(
    session: Session, log: Log, leaves: Leaves, points: list[Checkpoint], covered: int
) -> Iterator[Fault]:
    """Which events are not those that were signed; without the tree on disk, between which two
    checkpoints they lie."""
    newest = points[-1]
    with TreeFiles(log.tree_folder) as tree:
        try:
            whole = tree.root(newest.size) == newest.root
            signed = list(_others(tree, leaves, newest.size)) if whole else None
        except LookupError:
            signed = None
    if signed is None:
        broken = next((p.size for p in points if p.size > covered), newest.size)
        what = f"an event from {covered + 1} to {broken} is not the one that was signed"
        yield Fault(log.store, 0, what, "root")
        return
    named = {
        row[0]: (row[1], row[2])
        for row in session.connection().execute(
            select(EventRow.position, EventRow.subject, EventRow.seq).where(
                EventRow.store_id == log.store, col(EventRow.position).in_(signed)
            )
        )
    }
    for position in signed:
        subject, seq = named.get(position, (log.store, 0))
        what = "is not the event that was signed" if position in named else (
            f"event {position} was signed and is gone"
        )  # fmt: skip
        yield Fault(str(subject), seq, what, "signed", position)


def _others(tree: TreeFiles, leaves: Leaves, size: int) -> Iterator[int]:
    found = 0
    for at, leaf in enumerate(tree.leaves(), start=1):
        if at > size or found == MOST:
            return
        if leaves.get(at) != leaf:
            found += 1
            yield at
