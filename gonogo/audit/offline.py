"""Verify an export or a proof without any database: what it says of itself, and who signed it."""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import rfc8785

from gonogo.audit.erased import wrong_with
from gonogo.audit.export import EXPORT
from gonogo.audit.notes import BadNote, Checkpoint, VerifierKey, followers, read_note
from gonogo.audit.report import Report
from policies.audit.chain import Chain, Fault
from policies.audit.merkle import Tree
from policies.audit.proofs import Unreadable, event_from, proven_root
from policies.lifecycle.machines import PREFIX_OF

LINE_MOST = 4 * 1024 * 1024  # bytes
NOT_IN_IT = "bundles, evidence and transcripts are not in an export: only their digests were read"
_NOTES_MOST = 1_000_000
_ERASED_MOST = 5_000_000


class NoExport(ValueError):
    """The file is not an export or a proof of ours. The message says why."""


def verify_export(lines: Iterable[bytes], trusted: Sequence[VerifierKey] = ()) -> Report:
    """Every chain, every checkpoint, every proof and pack of an export.

    Raises `NoExport` for a file that is none. Without `trusted` the keys in the export are
    believed, and the report says so. Lines may come one by one; memory: 64 bytes an event, and the
    states of all subjects.
    """
    began, reader = time.monotonic(), _values(lines)
    head = next(reader, None)
    if not isinstance(head, Mapping) or head.get("kind") != EXPORT or head.get("schema") != 1:
        raise NoExport("the first line is not that of an export")
    report = Report(str(head.get("store")), datetime.now(UTC), origin=str(head.get("origin")))
    reading = _Export(report, head)
    for value in reader:
        reading.take(value)
    reading.judge(trusted)
    report.warnings.append(NOT_IN_IT)
    report.seconds = time.monotonic() - began
    return report


def verify_proof(value: Any, trusted: Sequence[VerifierKey]) -> tuple[Any, Checkpoint]:
    """The event of a proof and the checkpoint it is proven for.

    Raises `NoExport` for what is no proof, or proves nothing under `trusted`.
    """
    try:
        event, size, root = proven_root(value)
        point = read_note(str(value.get("checkpoint")), trusted)
    except (Unreadable, BadNote) as fault:
        raise NoExport(str(fault)) from fault
    if (point.size, point.root) != (size, root):
        raise NoExport("the path does not lead to the root that was signed")
    return event, point


def _values(lines: Iterable[bytes]) -> Iterator[Any]:
    for number, line in enumerate(lines, start=1):
        if len(line) > LINE_MOST:
            raise NoExport(f"line {number} has more than {LINE_MOST} bytes")
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise NoExport(f"line {number} is not JSON") from fault


class _Export:
    """What was read so far."""

    def __init__(self, report: Report, head: Mapping[str, Any]) -> None:
        self._report, self._head = report, head
        self._chain, self._tree = Chain(report.store), Tree()
        self._subjects: set[str] = set()
        self._notes: dict[str, str] = {}
        self._proofs: list[Any] = []
        self._lines = 1
        self._end: Any = None
        self._stones: dict[str, dict[str, str]] = {}  # kind by digest, by request
        self._elsewhere: set[str] = set()  # what another store's requests erased
        self._gone: set[str] = set()
        self._erasures = 0

    def take(self, value: Any) -> None:
        self._lines += 1
        if not isinstance(value, Mapping) or len(value) != 1:
            raise NoExport(f"line {self._lines} is none of an export")
        ((kind, inner),) = value.items()
        if self._end is not None:
            self._fault("", "there are lines after the end", "file")
        elif kind == "event":
            self._event(inner)
        elif kind == "checkpoint" and isinstance(inner, Mapping):
            if len(self._notes) < _NOTES_MOST:
                self._notes[str(inner.get("name"))] = str(inner.get("note"))
        elif kind == "pack" and isinstance(inner, Mapping):
            self._pack(inner)
        elif kind in ("tombstone", "gone") and isinstance(inner, Mapping):
            self._erased(kind, inner)
        elif kind == "proof":
            self._proofs.append(inner)
        elif kind == "end":
            self._end = inner
        else:
            raise NoExport(f"line {self._lines} is none of an export")

    def _event(self, value: Any) -> None:
        try:
            event = event_from(value)
            leaf, faults = self._chain.follow(event)
        except (Unreadable, TypeError, ValueError, AttributeError) as fault:
            place = value if isinstance(value, Mapping) else {}
            self._fault(
                str(place.get("subject"))[:80], str(fault)[:200], "row", self._tree.size + 1
            )
            self._tree.append(bytes(32))
            return
        self._report.events += 1
        self._subjects.add(event.subject)
        self._report.add(faults)
        expected = self._tree.size + 1
        if event.position != expected:
            what = f"stands on line of event {expected}"
            self._report.add([Fault(event.subject, event.seq, what, "position", event.position)])
        self._tree.append(leaf)

    def _pack(self, value: Mapping[str, Any]) -> None:
        digest = str(value.get("digest"))
        try:
            holds = hashlib.sha256(rfc8785.dumps(value.get("value"))).hexdigest() == digest
        except (ValueError, TypeError):
            holds = False
        if not holds:
            self._fault(digest[:64], "the policy pack is not what its digest names", "pack")

    def _erased(self, kind: str, value: Mapping[str, Any]) -> None:
        self._erasures += 1
        if self._erasures > _ERASED_MOST:
            raise NoExport(f"it tells of more than {_ERASED_MOST} erased texts and objects")
        digest = str(value.get("digest"))[:80]
        if kind == "gone":
            self._gone.add(digest)
        elif value.get("store") == self._report.store:
            of = self._stones.setdefault(str(value.get("purge"))[:80], {})
            of[digest] = str(value.get("kind"))[:10]
        else:
            self._elsewhere.add(digest)

    def _judge_erased(self) -> None:
        """Tombstones are held to the requests of this export; what is gone, to the tombstones."""
        purges = {one for one in self._subjects if one.startswith(PREFIX_OF["purge"] + "_")}
        states = {one: self._chain.close(one) for one in purges}
        buried = set[str]()
        for purge in sorted(purges | set(self._stones)):
            stones = self._stones.get(purge, {})
            what = wrong_with(states.get(purge), list(stones))
            if what:
                self._fault(purge, what, "tombstone")
            else:
                buried |= {digest for digest, kind in stones.items() if kind == "prose"}
        for digest in sorted(self._gone - buried - self._elsewhere):
            what = f"the text {digest[:18]} is gone, and no request erased it"
            self._fault("", what, "prose")
        self._report.erased = len(self._gone & (buried | self._elsewhere))
        others = len((self._gone & self._elsewhere) - buried)
        if others:
            told = f"{others} texts were erased by requests of other stores: verify those, too"
            self._report.warnings.append(told)

    def judge(self, trusted: Sequence[VerifierKey]) -> None:
        report, size = self._report, self._head.get("size")
        report.subjects = len(self._subjects)
        end = self._end if isinstance(self._end, Mapping) else {}
        if end.get("lines") != self._lines or end.get("events") != size:
            self._fault("", "the file has no end, or another than it says", "file")
        if self._tree.size != size:
            self._fault(
                "", f"{size} events are announced, {self._tree.size} are there", "truncated"
            )
        keys = self._keys(trusted)
        for name, note in sorted(self._notes.items()):
            self._checkpoint(name, note, keys)
        if not report.covered and self._tree.size:
            report.warnings.append("no checkpoint covers any event: truncation cannot be seen")
        self._judge_erased()
        for number, value in enumerate(self._proofs, start=1):
            try:
                verify_proof(value, keys)
            except NoExport as fault:
                self._fault("", f"proof {number}: {fault}", "proof")

    def _keys(self, trusted: Sequence[VerifierKey]) -> list[VerifierKey]:
        told = self._head.get("keys")
        try:
            known = [
                VerifierKey.parse(str(key)) for key in (told if isinstance(told, list) else ())
            ]
        except BadNote as fault:
            raise NoExport(f"the export's keys cannot be read: {fault}") from fault
        if trusted:
            return followers(trusted, known, self._notes.values())
        self._report.warnings.append(
            "the keys are the export's own: give --key to know who signed it"
        )
        return known

    def _checkpoint(self, name: str, note: str, keys: list[VerifierKey]) -> None:
        report = self._report
        try:
            point = read_note(note, keys)
        except BadNote as fault:
            self._fault("", f"checkpoint {name[:40]}: {fault}", "checkpoint")
            return
        report.checkpoints += 1
        if point.origin != report.origin:
            self._fault("", f"checkpoint {point.size} is of another log", "checkpoint")
        elif point.size > self._tree.size:
            what = f"{point.size} events were signed, {self._tree.size} are there"
            self._fault("", what, "truncated")
        elif self._tree.root(point.size) != point.root:
            what = f"an event up to {point.size} is not the one that was signed"
            self._fault("", what, "root")
        else:
            report.covered = max(report.covered, point.size)

    def _fault(self, subject: str, what: str, code: str, position: int = 0) -> None:
        self._report.add([Fault(subject or self._report.store, 0, what, code, position)])
