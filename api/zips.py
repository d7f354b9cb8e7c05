"""A zip as an upload: its files, within the limits of a bundle, or a refusal that says why.

What a zip claims about itself is not believed: bytes are counted while they are unpacked, so that a
small file that unpacks to a large one costs no more than the limit. Paths are judged with all
others, by `read_bundle`.
"""

import io
import zipfile
import zlib

from api.errors import Problem
from policies.pack import BundleLimits

_STEP = 1 << 16
_ENTRY = 1 << 10  # what a file may take in the directory of the zip: its name, and little more
_SPARE = 50  # files that are left out, as hidden helpers are
_COMMENT = 1 << 17  # more than `ZipFile` reads to find the directory behind a comment
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
# Hidden helpers that packers add; their owner never sees them.
_NOISE = ("__MACOSX/", ".DS_Store")


class _Reader(io.BytesIO):
    """Refuses the directory of a zip, which `ZipFile` reads at once, before an object is made of
    each of its entries: a small upload holds a hundred thousand."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.most:
            raise Problem("too-large", "the zip lists more files than a bundle holds")
        return super().read(size)


def is_zip(name: str, data: bytes) -> bool:
    return name.lower().endswith(".zip") and data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def unzipped(data: bytes, limits: BundleLimits) -> dict[str, bytes]:
    """Path → bytes. Raises `malformed` for what is no plain zip, `too-large` beyond the limits."""
    try:
        whole = _Reader(data)
        whole.most = max((limits.files + _SPARE) * _ENTRY, _COMMENT)
        with zipfile.ZipFile(whole) as archive:
            whole.most = len(data)
            return _read(archive, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as fault:
        raise Problem("malformed", f"the zip cannot be read: {str(fault)[:200]}") from fault


def _read(archive: zipfile.ZipFile, limits: BundleLimits) -> dict[str, bytes]:
    members = [
        one
        for one in archive.infolist()
        if not one.is_dir()
        and not one.filename.startswith(_NOISE[0])
        and one.filename.rpartition("/")[2] != _NOISE[1]
    ]
    if len(members) > limits.files + _SPARE:
        raise Problem("too-large", f"the zip holds {len(members)} files; a bundle {limits.files}")
    found: dict[str, bytes] = {}
    left = limits.total_bytes
    for one in members:
        name = one.filename
        if one.flag_bits & _ENCRYPTED:
            raise Problem("malformed", "the zip is encrypted; send it without a password")
        if one.compress_type not in _METHODS:
            raise Problem("malformed", f"{name[:80]!r} is packed in a way that is not read here")
        if name in found:
            raise Problem("malformed", f"the zip holds {name[:80]!r} twice")
        found[name] = _member(archive, one, min(left, limits.file_bytes), limits)
        left -= len(found[name])
    return found


def _member(
    archive: zipfile.ZipFile, one: zipfile.ZipInfo, most: int, limits: BundleLimits
) -> bytes:
    whole = bytearray()
    with archive.open(one) as member:
        while piece := member.read(_STEP):
            whole += piece
            if len(whole) > most:
                raise Problem(
                    "too-large",
                    f"{one.filename[:80]!r} makes the bundle heavier than it may be: at most "
                    f"{limits.file_bytes} bytes a file, {limits.total_bytes} together",
                )
    return bytes(whole)
