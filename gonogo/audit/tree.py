"""The tree on disk: one append-only file of hashes for each level, 64 bytes an event in all.

With them a checkpoint reads the new events alone, and a proof reads a few hashes. They are no
source of truth: whoever uses them compares their root with a signed checkpoint.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from policies.audit.merkle import SIZE, completed, root


class TreeFiles:
    """Opened for as long as the context is. `writable` makes the folder if it is absent."""

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        self._folder, self._writable = folder, writable
        self._files: list[FileIO] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._writable:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file(0)
        else:
            while (self._folder / f"{len(self._files):02d}").exists():
                self._file(len(self._files))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def size(self) -> int:
        """Leaves that are there, those of an interrupted `append` too."""
        return self._length(0) if self._files else 0

    def node(self, level: int, index: int) -> bytes:
        """Raises `LookupError` for a hash that is not there."""
        found = os.pread(self._file(level).fileno(), SIZE, index * SIZE)
        if len(found) != SIZE:
            raise LookupError(f"the tree on disk has no node {index} on level {level}")
        return found

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves. Raises `LookupError`."""
        return root(size, self.node)

    def leaves(self) -> Iterator[bytes]:
        """All leaf hashes, in order."""
        at = 0
        while chunk := os.pread(self._file(0).fileno(), SIZE * 4096, at):
            for start in range(0, len(chunk) - SIZE + 1, SIZE):
                yield chunk[start : start + SIZE]
            at += len(chunk) - len(chunk) % SIZE
            if len(chunk) < SIZE:
                return

    def cut(self, size: int) -> None:
        """Forget every hash over more than the first `size` leaves."""
        level = 0
        while (self._folder / f"{level:02d}").exists():
            file = self._file(level)
            length = (size >> level) * SIZE
            if os.fstat(file.fileno()).st_size > length:
                os.ftruncate(file.fileno(), length)
            level += 1

    def is_whole(self, size: int) -> bool:
        """Whether every hash over the first `size` leaves is there, and no other."""
        levels = range(max(size.bit_length(), len(self._files)))
        return all(self._length(level) == size >> level for level in levels)

    def append(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes. Durable after `flush`; a kill in between is mended by `cut`."""
        size = self.size
        for leaf in leaves:
            for level, here in completed(size, leaf, self.node):
                os.pwrite(self._file(level).fileno(), here, (size >> level) * SIZE)
            size += 1

    def flush(self) -> None:
        for file in self._files:
            os.fsync(file.fileno())

    def _length(self, level: int) -> int:
        return os.fstat(self._file(level).fileno()).st_size // SIZE

    def _file(self, level: int) -> FileIO:
        while len(self._files) <= level:
            path = self._folder / f"{len(self._files):02d}"
            if self._writable:
                path.touch()
            try:
                file = path.open("r+b" if self._writable else "rb", buffering=0)
            except FileNotFoundError as fault:
                raise LookupError(f"the tree on disk has no level {level}") from fault
            self._files.append(self._open.enter_context(file))
        return self._files[level]
