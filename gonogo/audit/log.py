"""The folder of one store's checkpoints, outside the database, and its copy elsewhere.

checkpoints/<store>/
    origin                     which log this is, chosen once
    keys                       public keys, the newest last
    notes/000000000001042      one signed checkpoint, named by its size; never written twice
    notes/….5f0c00aa           the same once more, naming the key that follows
    tree/00 … tree/NN          hashes, so that the next checkpoint is cheap
    alarm                      why no further checkpoint is signed, while that is so
    verified.json              what the last verification found
"""

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import ObjectStore, from_url

from gonogo.audit.keys import sync_folder
from gonogo.audit.notes import NOTE_MOST, VerifierKey

NAME = re.compile(r"[0-9]{15}(\.[0-9a-f]{8})?")
KEYS_MOST = 64 * 1024  # bytes


class Busy(RuntimeError):
    """Another process is writing this log."""


class Log:
    """One store's log under the data folder `data`."""

    def __init__(self, data: Path, store: str) -> None:
        self.store = store
        self.folder = data / "checkpoints" / quote(store, safe="")
        self.notes_folder = self.folder / "notes"
        self.tree_folder = self.folder / "tree"

    def __repr__(self) -> str:
        return f"Log({str(self.folder)!r})"

    def origin(self) -> str | None:
        """The name of the log; None before its first checkpoint."""
        try:
            return (self.folder / "origin").read_text("utf-8").strip()
        except FileNotFoundError:
            return None

    def begin(self) -> str:
        """The origin, chosen now if there is none."""
        found = self.origin()
        if found is None:
            self.notes_folder.mkdir(parents=True, exist_ok=True)
            found = f"gonogo/{quote(self.store, safe='')}/{secrets.token_hex(8)}"
            _create(self.folder / "origin", f"{found}\n")
            found = self.origin() or found
        return found

    def known_keys(self) -> list[VerifierKey]:
        """Every key that signed here, the newest last. Raises `BadNote`."""
        try:
            text = (self.folder / "keys").read_bytes()[:KEYS_MOST].decode("ascii", "replace")
        except FileNotFoundError:
            return []
        return [VerifierKey.parse(line) for line in text.splitlines() if line.strip()]

    def add_key(self, key: VerifierKey) -> None:
        if key in self.known_keys():
            return
        with (self.folder / "keys").open("a", encoding="ascii") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())

    def names(self) -> list[str]:
        """The checkpoints that are there, by growing size."""
        return [name for name in self.all_names() if name.isdigit()]

    def all_names(self) -> list[str]:
        """The same with the notes by which one key follows another."""
        try:
            return sorted(p.name for p in self.notes_folder.iterdir() if NAME.fullmatch(p.name))
        except FileNotFoundError:
            return []

    def note(self, name: str) -> str:
        with (self.notes_folder / name).open("rb") as file:
            return file.read(NOTE_MOST + 1).decode("utf-8", "replace")

    def add_note(self, name: str, note: str) -> None:
        """Raises `FileExistsError`: a note is never written twice."""
        self.notes_folder.mkdir(parents=True, exist_ok=True)
        _create(self.notes_folder / name, note, exclusive=True)

    def alarm(self) -> str | None:
        """Why no checkpoint is signed any more, or None."""
        try:
            return (self.folder / "alarm").read_text("utf-8").strip()
        except FileNotFoundError:
            return None

    def raise_alarm(self, why: str) -> None:
        (self.folder / "alarm").write_text(f"{why}\n", "utf-8")

    def clear_alarm(self) -> None:
        (self.folder / "alarm").unlink(missing_ok=True)

    def verified(self) -> dict[str, Any] | None:
        """The last verification's result, as `keep_verified` wrote it."""
        try:
            found = json.loads((self.folder / "verified.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def keep_verified(self, result: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f"verified.json.{secrets.token_hex(4)}"
        fresh.write_text(json.dumps(result), "utf-8")
        fresh.replace(self.folder / "verified.json")

    def end(self) -> Path:
        """Put this log aside for good; the next checkpoint begins another. Returns where it lies.

        Raises `Busy`, or `FileNotFoundError` when nothing was signed.
        """
        if self.origin() is None:
            raise FileNotFoundError("nothing was signed yet")
        with self.locked():
            aside = self.folder.with_name(f"{self.folder.name}.ended-{secrets.token_hex(4)}")
            self.folder.rename(aside)
            sync_folder(aside.parent)
        return aside

    def began(self) -> datetime | None:
        """When the log was begun (UTC); None before its first checkpoint."""
        try:
            at = (self.folder / "origin").stat().st_mtime
        except FileNotFoundError:
            return None
        return datetime.fromtimestamp(at, UTC)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the log alone. Raises `Busy`."""
        with self._alone("lock", "another process is writing this log"):
            yield

    @contextmanager
    def verifying(self) -> Iterator[None]:
        """Verify alone. Nobody who writes waits. Raises `Busy`."""
        with self._alone("verifying", "another process is verifying this log"):
            yield

    @contextmanager
    def _alone(self, name: str, busy: str) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / name).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as fault:
                raise Busy(busy) from fault
            yield


class Copy:
    """The notes of one log at an `s3://`, `gs://`, `az://`, `file://` or `memory://` URL.

    Best a bucket that keeps what was written: whoever can change database and data folder cannot
    change that. Credentials come from the store's usual environment.
    """

    def __init__(self, url: str, origin: str, backend: ObjectStore | None = None) -> None:
        self._store = backend or from_url(url)
        self.origin = origin
        self._prefix = f"checkpoints/{origin}"

    def names(self) -> list[str]:
        """The notes that are there, by growing size."""
        return sorted(Path(path).name for path in self._paths(self._prefix))

    def other_logs(self) -> list[str]:
        """Origins of other logs of the same store: one that was lost, or that somebody replaced."""
        stem = self._prefix.rpartition("/")[0]
        found = {path.rpartition("/")[0].removeprefix("checkpoints/") for path in self._paths(stem)}
        return sorted(found - {self.origin})

    def _paths(self, prefix: str) -> list[str]:
        found = [
            meta["path"] for batch in obstore.list(self._store, prefix=prefix) for meta in batch
        ]
        return [path for path in found if NAME.fullmatch(path.rpartition("/")[2])]

    def note(self, name: str) -> str:
        return bytes(obstore.get(self._store, self._key(name)).bytes()).decode("utf-8", "replace")

    def add_note(self, name: str, note: str) -> None:
        """Raises `FileExistsError` when another note has that name there."""
        try:
            obstore.put(self._store, self._key(name), note.encode(), mode="create")
        except AlreadyExistsError as fault:
            if self.note(name) != note:
                raise FileExistsError(f"{name} is another note there") from fault

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"


def name_of(size: int) -> str:
    return f"{size:015d}"


def _create(path: Path, text: str, *, exclusive: bool = False) -> None:
    """Write a file that is whole or absent, for good. An existing one stays, or is an error."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with fresh.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        if exclusive:
            raise
    finally:
        fresh.unlink()
    sync_folder(path.parent)
