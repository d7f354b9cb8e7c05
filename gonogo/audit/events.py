"""One pass over all events: every chain, every position, and what the pictures have to be."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, select

from gonogo.audit.rows import UNREADABLE, rows
from gonogo.db.codec import event_of, picture_values
from gonogo.db.prose import prose_in
from gonogo.db.tables import EventRow, StoreRow
from policies.audit.chain import Chain, Fault
from policies.audit.merkle import SIZE
from policies.lifecycle.kernel import Event
from policies.lifecycle.machines import kind_of

_PROSE = re.compile(r"prose:[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]{64}")
_GAPS = 20  # missing positions named one by one


class Leaves:
    """The leaf hashes of positions 1…size, as they come: 33 bytes each."""

    def __init__(self, size: int) -> None:
        self.size, self.there = size, 0
        self._hashes, self._seen = bytearray(size * SIZE), bytearray(size)

    def put(self, position: object, leaf: bytes) -> str:
        """What is wrong with the position; empty when it is the first there."""
        if not isinstance(position, int) or not 1 <= position <= self.size:
            return "stands outside the store's positions"
        if self._seen[position - 1]:
            return "stands where another event stands"
        self._seen[position - 1] = 1
        self._hashes[(position - 1) * SIZE : position * SIZE] = leaf
        self.there += 1
        return ""

    def get(self, position: int) -> bytes | None:
        """The leaf at `position` (from 1), None where none is."""
        if not 1 <= position <= self.size or not self._seen[position - 1]:
            return None
        return bytes(self._hashes[(position - 1) * SIZE : position * SIZE])

    @property
    def whole(self) -> bool:
        return self.there == self.size

    def missing(self) -> Iterator[int]:
        return (at + 1 for at, seen in enumerate(self._seen) if not seen)


@dataclass
class Read:
    """What the events say. `pictures` holds by subject the digest of the row its state asks for,
    None where they cannot be folded; `evidence`, `bundles`, `prose` and `packs` by digest the event
    that names it first.
    """

    leaves: Leaves
    faults: list[Fault] = field(default_factory=list)
    events: int = 0
    pictures: dict[str, bytes | None] = field(default_factory=dict)
    evidence: dict[str, tuple[str, int]] = field(default_factory=dict)
    bundles: dict[str, tuple[str, int]] = field(default_factory=dict)
    prose: dict[str, tuple[str, int]] = field(default_factory=dict)
    packs: dict[str, tuple[str, int]] = field(default_factory=dict)


def read_events(session: Session, store: str) -> Read:
    """Every event of `store`, subject by subject."""
    size = session.exec(select(StoreRow.position).where(StoreRow.id == store)).first()
    read = Read(Leaves(size if isinstance(size, int) and size > 0 else 0))
    if not isinstance(size, int):
        read.faults.append(Fault(store, 0, "the store's position cannot be read", "store"))
    chain, current = Chain(store), ""
    for identity, row in rows(session, EventRow, store, ("subject", "seq")):
        subject, seq = str(identity[1]), identity[2] if isinstance(identity[2], int) else 0
        if subject != current and current:
            read.pictures[current] = _picture(chain, current)
        current = subject
        read.events += 1
        try:
            event = event_of(row)
            leaf, faults = chain.follow(event)
        except UNREADABLE:
            read.faults.append(Fault(subject, seq, "the row cannot be read as an event", "row"))
            continue
        read.faults += faults
        wrong = read.leaves.put(event.position, leaf)
        if wrong:
            read.faults.append(Fault(subject, seq, wrong, "position"))
        _collect(read, event)
    if current:
        read.pictures[current] = _picture(chain, current)
    if not read.leaves.whole:
        read.faults += _gaps(read.leaves, store)
    return read


def picture_digest(values: Mapping[str, Any]) -> bytes:
    """A digest of a picture's columns, the same for the row and for what it has to be."""
    text = json.dumps(dict(values), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()


def _picture(chain: Chain, subject: str) -> bytes | None:
    state = chain.close(subject)
    if state is None:
        return None
    try:
        return picture_digest(picture_values(kind_of(subject), state))
    except UNREADABLE:
        return None


def _collect(read: Read, event: Event) -> None:
    place = (event.subject, event.seq)
    for digest in event.evidence:
        read.evidence.setdefault(digest, place)
    if event.pack:  # an operator's word is decided under none
        read.packs.setdefault(event.pack, place)
    bundle = event.body.get("digest")
    if isinstance(bundle, str) and _HEX.fullmatch(bundle):
        read.bundles.setdefault(bundle, place)
    for text in prose_in(event.body):
        if _PROSE.fullmatch(text):
            read.prose.setdefault(text, place)


def _gaps(leaves: Leaves, store: str) -> Iterator[Fault]:
    lost = leaves.size - leaves.there
    for number, position in enumerate(leaves.missing()):
        if number == _GAPS:
            yield Fault(store, 0, f"{lost} events are missing in all", "gap")
            return
        yield Fault(store, 0, f"event {position} of the store is missing", "gap", position)
