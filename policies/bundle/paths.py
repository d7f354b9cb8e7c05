"""Which paths a bundle may hold: relative, POSIX, plain, and distinct on every file system."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from policies.bundle.parts import Fault

MAX_PATH_BYTES = 255
DRIVE = re.compile(r"[A-Za-z]:")


def path_faults(paths: Iterable[str]) -> Iterator[Fault]:
    """One fault per thing wrong with a path, and one per collision."""
    first: dict[str, str] = {}
    for path in paths:
        for code, message in _faults_of(path):
            # The path itself may be what must not be printed or stored: show it escaped.
            yield Fault(_shown(path), "", code, message)
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        if folded in first:
            message = f"differs from {_shown(first[folded])} in letter case or composition only"
            yield Fault(_shown(path), "", "path-collision", message)
        first.setdefault(folded, path)


def _faults_of(path: str) -> Iterator[tuple[str, str]]:
    if not path:
        yield "path-empty", "a path is not empty"
        return
    try:
        if len(path.encode("utf-8")) > MAX_PATH_BYTES:
            yield "path-too-long", f"a path has at most {MAX_PATH_BYTES} bytes"
    except UnicodeEncodeError:
        yield "path-not-utf8", "the path is not UTF-8"
    if path.startswith("/") or DRIVE.match(path):
        yield "path-absolute", "a path is relative to the bundle"
    if "\\" in path:
        yield "path-backslash", "folders are separated by /"
    if any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in path):
        yield "path-control", "a path holds no control and no invisible characters"
    steps = path.removeprefix("/").split("/")
    if ".." in steps or "." in steps:
        yield "path-traversal", "a path never steps to . or .."
    if "" in steps:
        yield "path-empty-step", "a path has no empty step"


def _shown(path: str) -> str:
    printable = all(c.isprintable() for c in path)
    return path if printable else path.encode("unicode_escape").decode("ascii")
