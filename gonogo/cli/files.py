"""Texts that a command reads from a file or from stdin, and files that it writes."""

import sys
from pathlib import Path

from gonogo.cli.exits import USAGE, Failure

TEXT_BYTES = 4_000_000  # some 90,000 ids, one a line; no memo comes near it


def read(file: Path) -> str:
    """The text of a file, UTF-8; `-` is stdin. Raises `Failure` for what is no such text."""
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(TEXT_BYTES + 1)
        else:
            with file.open("rb") as source:
                data = source.read(TEXT_BYTES + 1)
    except OSError as fault:
        raise Failure("This file cannot be read", str(fault), exit_code=USAGE) from fault
    if len(data) > TEXT_BYTES:
        raise Failure("This file is too large", f"{file}: {TEXT_BYTES} bytes", exit_code=USAGE)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Failure(
            "This file is no text", f"{file}: {fault}", "save it as UTF-8", exit_code=USAGE
        ) from fault


def written(file: Path, whole: str) -> None:
    """Write `whole` with its line ends as they are. Raises `Failure` where that is not possible."""
    try:
        file.write_text(whole, "utf-8", newline="")
    except OSError as fault:
        raise Failure("The file cannot be written", str(fault), exit_code=USAGE) from fault
