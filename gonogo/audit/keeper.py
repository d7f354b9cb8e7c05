"""Make a checkpoint: read what is new, extend the tree, sign its root, keep it outside.

Signed is only what extends the checkpoint before. When the database has fewer events than were
signed, another event where the last one was, or a gap, nothing is signed and an alarm is raised.
A checkpoint costs O(new events); `gonogo audit verify` reads all of them.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlmodel import Session, select

from gonogo.audit.keys import replace_key, signing_key
from gonogo.audit.log import Copy, Log, name_of
from gonogo.audit.notes import BadNote, Checkpoint, Signer, VerifierKey, read_note, sign
from gonogo.audit.rows import UNREADABLE, stream
from gonogo.audit.tree import TreeFiles
from gonogo.db.codec import event_of
from gonogo.db.session import reading
from gonogo.db.tables import EventRow, StoreRow
from policies.audit.merkle import EMPTY, leaf_hash
from policies.lifecycle.kernel import event_bytes


class Inconsistent(RuntimeError):
    """The record is not an extension of what was signed before. The message says where."""


class Keeper:
    """Checkpoints of one store. `key_file` is made at first use; `clock` gives aware UTC.

    Every method blocks. Raises `Busy` while another process writes the log.
    """

    def __init__(
        self,
        engine: Engine,
        log: Log,
        key_file: Path,
        *,
        copy: Callable[[str], Copy] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine, self.log, self._key_file = engine, log, key_file
        self._copy, self._clock = copy, clock

    def waiting(self) -> int:
        """How many events no checkpoint covers yet; negative when some are gone."""
        names = self.log.names()
        with reading(self._engine) as session:
            return _position(session, self.log.store) - (int(names[-1]) if names else 0)

    def key(self) -> VerifierKey:
        """The public key that signs now, under the name of this log."""
        return Signer(self.log.begin(), signing_key(self._key_file)).key

    def checkpoint(self) -> Checkpoint | None:
        """Sign what the record holds now; None when nothing was added since the last time.

        Raises `Inconsistent`, and raises the alarm of the log, when it does not extend that.
        """
        with self.log.locked():
            return self._guarded()

    def rotate(self) -> VerifierKey:
        """A fresh key in the place of the one that signs now.

        What is new is signed by the old key first; then it signs the newest checkpoint once more,
        with the name of the key that follows, so that whoever trusts the old key can go on.
        Raises like `checkpoint`; a log without a checkpoint just gets the key.
        """
        with self.log.locked():
            origin, old = self.log.begin(), signing_key(self._key_file)
            self._guarded()
            fresh = Ed25519PrivateKey.generate()
            signer, names = Signer(origin, fresh), self.log.names()
            if names:
                last = read_note(self.log.note(names[-1]), self.log.known_keys())
                farewell = replace(last, at=self._clock(), next=str(signer.key))
                note = sign(farewell, [Signer(origin, old)])
                self.log.add_note(f"{names[-1]}.{signer.key.id.hex()}", note)
            self.log.add_key(signer.key)
            replace_key(self._key_file, fresh)
            return signer.key

    def push(self) -> int:
        """Bring the copy up to date; how many notes were missing there.

        Raises whatever the place raises when it does not answer, and `Inconsistent` when it holds
        another note of the same size.
        """
        origin = self.log.origin()
        if self._copy is None or origin is None:
            return 0
        copy = self._copy(origin)
        there = set(copy.names())
        missing = [name for name in self.log.all_names() if name not in there]
        for name in missing:
            try:
                copy.add_note(name, self.log.note(name))
            except FileExistsError as fault:
                self.log.raise_alarm(f"checkpoint {name} has another text at the copy")
                raise Inconsistent(str(fault)) from fault
        return len(missing)

    def _guarded(self) -> Checkpoint | None:
        try:
            made = self._extend()
        except (Inconsistent, BadNote, LookupError) as fault:
            self.log.raise_alarm(str(fault))
            raise Inconsistent(str(fault)) from fault
        self.log.clear_alarm()
        return made

    def _extend(self) -> Checkpoint | None:
        signer = Signer(self.log.begin(), signing_key(self._key_file))
        self.log.add_key(signer.key)
        last = self._last()
        with TreeFiles(self.log.tree_folder, writable=True) as tree, reading(self._engine) as db:
            self._compare(db, tree, last)
            tree.append(leaves(db, self.log.store, tree.size))
            tree.flush()
            size = tree.size
            if size == last.size:
                return None
            made = Checkpoint(last.origin, size, tree.root(size), self._clock())
        self.log.add_note(name_of(size), sign(made, [signer]))
        return made

    def _last(self) -> Checkpoint:
        names = self.log.names()
        origin = self.log.begin()
        if not names:
            return Checkpoint(origin, 0, EMPTY)
        last = read_note(self.log.note(names[-1]), self.log.known_keys())
        if last.origin != origin or last.size != int(names[-1]):
            raise Inconsistent(f"note {names[-1]} is not a checkpoint of this log and size")
        return last

    def _compare(self, db: Session, tree: TreeFiles, last: Checkpoint) -> None:
        """The tree on disk as it was at `last`, made again if it is gone; the record reaches it."""
        there = _position(db, self.log.store)
        if there < last.size:
            raise Inconsistent(
                f"checkpoint {last.size} was signed, the record has {there} events now"
            )
        # Hashes that no checkpoint stands for are read again.
        tree.cut(last.size)
        if not tree.is_whole(last.size):
            tree.cut(0)
            tree.append(leaves(db, self.log.store, 0, last.size))
        if tree.root(last.size) != last.root:
            raise Inconsistent(f"the tree is another than that of checkpoint {last.size}")
        if last.size:
            (newest,) = leaves(db, self.log.store, last.size - 1, last.size)
            if newest != tree.node(0, last.size - 1):
                raise Inconsistent(f"event {last.size} is not the one that was signed")


def _position(session: Session, store: str) -> int:
    return session.exec(select(StoreRow.position).where(StoreRow.id == store)).first() or 0


def leaves(
    session: Session, store: str, after: int, until: int | None = None
) -> Generator[bytes, None, None]:
    """Leaf hashes by position, from `after` exclusive to `until` inclusive. Raises `Inconsistent`
    at a gap or at a row that is no event."""
    events: Any = EventRow.__table__  # type: ignore[attr-defined]  # every table has one
    query = sqlalchemy.select(events).where(events.c.store_id == store, events.c.position > after)
    if until is not None:
        query = query.where(events.c.position <= until)
    at = after
    with closing(stream(session, query.order_by(events.c.position))) as rows:
        for row in rows:
            at += 1
            if row.position != at:
                raise Inconsistent(f"event {at} of the store is missing")
            try:
                leaf = leaf_hash(event_bytes(event_of(row)))
            except UNREADABLE as fault:
                raise Inconsistent(f"event {at} of the store cannot be read") from fault
            yield leaf
    if until is not None and at < until:
        raise Inconsistent(f"event {at + 1} of the store is missing")
