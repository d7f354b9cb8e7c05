"""Bundles and evidence as objects named by their SHA-256: a folder by default, S3 in production.

    sha256/ab/cdef…    the bytes whose hex digest is abcdef…

A bundle's digest is the hash of its canonical index (`policies.bundle.digest`), so the index lies
at the bundle's own digest and names the files by theirs; it is written last, hence an index that
is there is whole. Everything is created if absent: two writers of one object agree by definition.

All methods block; an event loop calls them in a thread.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import obstore
import rfc8785
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from policies.bundle.digest import bundle_index
from policies.bundle.parts import Bundle, manifest_of

HEX = frozenset("0123456789abcdef")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_FULL = re.compile(rf"os error ({errno.ENOSPC}|{errno.EDQUOT})\b|QuotaExceeded|InsufficientStorage")


class ObjectFault(Exception):
    """Root of what can be wrong with an object. `digest` names it."""

    def __init__(self, digest: str, message: str) -> None:
        super().__init__(f"object {digest!r}: {message}")
        self.digest = digest


class ObjectMissing(ObjectFault):
    """No object has this digest."""


class ObjectCorrupt(ObjectFault):
    """The stored bytes are not those the digest names, or not what they are read as."""


class ObjectsFull(ObjectFault):
    """The store has no room for it: a full disk, a used-up quota. Nothing is half written."""


class ObjectsUnreachable(ObjectFault):
    """The store does not answer, or refuses us."""


class Objects:
    """A content-addressed store in a folder, or at an `s3://`, `gs://`, `az://`, `memory://` URL.

    A folder is made if absent. Credentials of a remote store come from its usual environment.
    """

    def __init__(self, url_or_path: str | Path) -> None:
        self._folder: Path | None = None
        self._flushed: set[str] = set()  # folders whose own entry is on the disk already
        self._store: ObjectStore
        if isinstance(url_or_path, str) and "://" in url_or_path:
            self._store = from_url(url_or_path)
        else:
            self._folder = Path(url_or_path).absolute()
            self._store = LocalStore(self._folder, mkdir=True)

    def put(self, data: bytes) -> str:
        """Store `data` durably and return its hex digest. A repeat changes nothing.

        Raises `ObjectsFull`, `ObjectsUnreachable`.
        """
        digest = hashlib.sha256(data).hexdigest()
        key = _key(digest)
        with _reached(digest):
            try:
                obstore.put(self._store, key, data, mode="create")
            except AlreadyExistsError:
                if not self._holds(digest):
                    # Torn by a power cut before it was acknowledged to anybody, or rotten: mend it.
                    obstore.put(self._store, key, data, mode="overwrite")
            if self._folder is not None:
                self._flush(self._folder, key)
        return digest

    def has(self, digest: str) -> bool:
        """Whether there are bytes under `digest`; whether they are right is not looked at."""
        try:
            obstore.head(self._store, _key(digest))
        except FileNotFoundError:
            return False
        return True

    def erase(self, digest: str) -> None:
        """Remove the bytes of `digest`. None there is as good. A tombstone says that it was."""
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, _key(digest))

    def get(self, digest: str) -> bytes:
        """The bytes of `digest`, verified. Raises `ObjectMissing`, `ObjectCorrupt`,
        `ObjectsUnreachable`."""
        try:
            with _reached(digest):
                data = bytes(obstore.get(self._store, _key(digest)).bytes())
        except FileNotFoundError as fault:
            raise ObjectMissing(digest, "there is no such object") from fault
        if hashlib.sha256(data).hexdigest() != digest:
            raise ObjectCorrupt(digest, "the bytes have another hash")
        return data

    def digests(self) -> Iterator[str]:
        """The digest of every object that is there now, in no order. What is none is passed by."""
        for listed in obstore.list(self._store, prefix="sha256"):
            for meta in listed:
                digest = "".join(meta["path"].split("/")[1:])
                if len(digest) == 64 and HEX.issuperset(digest):
                    yield digest

    def put_json(self, value: Any) -> str:
        """Store a JSON value as RFC 8785 canonical bytes and return their digest.

        Raises `rfc8785.CanonicalizationError` for what canonical JSON cannot say.
        """
        return self.put(rfc8785.dumps(value))

    def get_json(self, digest: str) -> Any:
        """The JSON value of `digest`. Raises `ObjectMissing`, `ObjectCorrupt`."""
        try:
            return json.loads(self.get(digest))
        except ValueError as fault:
            raise ObjectCorrupt(digest, "the bytes are not JSON") from fault

    def put_bundle(self, bundle: Bundle) -> str:
        """Store every file, then the index. Returns the bundle's digest."""
        for data in bundle.files.values():
            self.put(data)
        return self.put_json(bundle_index(bundle))

    def get_bundle(self, digest: str) -> Bundle:
        """The bundle of `digest`, every byte verified. Raises `ObjectMissing`, `ObjectCorrupt`.

        Limits are not applied again: what was taken in under an older pack stays readable.
        """
        index = self.get_json(digest)
        if not isinstance(index, Mapping) or index.keys() != {"manifest", "files"}:
            raise ObjectCorrupt(digest, "the object is no index of a bundle")
        try:
            files = {path: self.get(hash_) for path, hash_ in index["files"].items()}
            return Bundle(manifest_of(index["manifest"], files), files)
        except (AttributeError, LookupError, TypeError, ValueError) as fault:
            raise ObjectCorrupt(digest, "the object is no index of a bundle") from fault

    def _flush(self, folder: Path, key: str) -> None:
        """Flush the file and its entry: an event will soon name this digest. The folders above
        are flushed with the first file in them."""
        path = folder / key
        _sync(path, path.parent)
        if path.parent.name not in self._flushed:
            _sync(path.parent.parent, folder)
            self._flushed.add(path.parent.name)

    def _holds(self, digest: str) -> bool:
        try:
            self.get(digest)
        except ObjectCorrupt:
            return False
        return True


@contextlib.contextmanager
def _reached(digest: str) -> Iterator[None]:
    """Name what the store refuses. The library's own text quotes paths, so it stays behind."""
    try:
        yield
    except (BaseError, OSError) as fault:
        if isinstance(fault, FileNotFoundError):
            raise
        if getattr(fault, "errno", None) in _NO_ROOM or _FULL.search(str(fault)):
            raise ObjectsFull(digest, "the object store is full") from fault
        raise ObjectsUnreachable(digest, "the object store does not answer") from fault


def _key(digest: str) -> str:
    if len(digest) != 64 or not HEX.issuperset(digest):
        raise ObjectMissing(digest, "this is no hex SHA-256")
    return f"sha256/{digest[:2]}/{digest[2:]}"


def _sync(*paths: Path) -> None:
    for each in paths:
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
