"""Follow the record event by event: numbered without gaps, chained by hash, foldable.

    event ──follow──► the faults it shows   …   close(subject) ──► the state its events fold to

Subjects may be interleaved; the events of each come in the order of `seq`. What is claimed here
needs the events alone; that none is missing at the end is for the tree and its checkpoints to say.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.audit.merkle import leaf_hash
from policies.lifecycle.kernel import Event, event_bytes
from policies.lifecycle.machines import MACHINES, kind_of


@dataclass(frozen=True)
class Fault:
    """One place where the record contradicts itself. `seq` 0: no event, but a row about it.

    `code` is stable, `what` is a sentence without any text of the row. `position` is that of the
    event in its store, 0 where it is not known.
    """

    subject: str
    seq: int
    what: str
    code: str = "chain"
    position: int = 0


@dataclass
class _Link:
    seq: int = 0
    hash: str = ""
    position: int = 0
    state: Any = None
    foldable: bool = True


class Chain:
    """The chains of one store."""

    def __init__(self, store: str) -> None:
        self.store = store
        self.events = 0
        self._links: dict[str, _Link] = {}

    def follow(self, event: Event) -> tuple[bytes, list[Fault]]:
        """The event's leaf hash, and what is wrong with it.

        Raises `TypeError`, `ValueError` or `AttributeError` for an event whose fields have types
        that no event has: it has no canonical form.
        """
        entry = event_bytes(event)
        found = list(self._faults(event))
        self.events += 1
        link = self._links.setdefault(event.subject, _Link())
        self._fold(link, event, found)
        link.seq, link.hash = event.seq, hashlib.sha256(entry).hexdigest()
        link.position = event.position
        return leaf_hash(entry), found

    def _faults(self, event: Event) -> Iterator[Fault]:
        def fault(code: str, what: str) -> Fault:
            return Fault(event.subject, event.seq, what, code, event.position)

        link = self._links.get(event.subject) or _Link()
        if event.store != self.store:
            yield fault("store", "belongs to another store")
        if event.seq != link.seq + 1:
            yield fault("seq", f"expected number {link.seq + 1}")
        if event.prev != link.hash:
            yield fault("prev", "does not follow the event before it")
        if event.position <= link.position:
            yield fault("position", f"stands before number {link.seq} in the store's order")

    def _fold(self, link: _Link, event: Event, found: list[Fault]) -> None:
        if not link.foldable:
            return
        try:
            link.state = MACHINES[kind_of(event.subject)].evolve(link.state, event)
        except Exception as fault:  # whatever a rule makes of a body that nobody recorded
            link.foldable = False
            what = f"cannot be folded into its subject's state ({type(fault).__name__})"
            found.append(Fault(event.subject, event.seq, what, "fold", event.position))

    def close(self, subject: str) -> Any:
        """Forget `subject`. Its state, or None when its events cannot be folded."""
        link = self._links.pop(subject, None)
        return link.state if link and link.foldable else None
