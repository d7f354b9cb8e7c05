"""What people see: text made safe for a terminal, tables, times. Answers go to stdout, the rest
to stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gonogo.cli.exits import Failure
from gonogo.wording import distance

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_NARROW = 100  # columns of a table where no terminal says how wide it is


def plain(value: object) -> str:
    """`value` without control characters: a GPT's name must not drive anybody's terminal."""
    return "".join(
        c if c == "\n" or (c.isprintable() and not "\u202a" <= c <= "\u202e") else "�"
        for c in str(value)
    )


def text(value: object, style: str = "") -> "Text":
    """Text that is never read as markup."""
    from rich.text import Text

    return Text(plain(value), style=style)


def when(moment: str | None, now: datetime | None = None) -> str:
    """A UTC instant in local time, with the distance from now: `14:05 (in 25 min)`."""
    if not moment:
        return "–"
    at = datetime.fromisoformat(moment).astimezone()
    here = (now or datetime.now(UTC)).astimezone()
    day = "" if at.date() == here.date() else at.strftime("%-d %b %Y ")
    return f"{day}{at:%H:%M} ({distance((at - here).total_seconds())})"


class Screen:
    """`json_only`: stdout carries one JSON value and nothing else."""

    def __init__(self, json_only: bool = False) -> None:
        self.json_only = json_only

    @cached_property
    def out(self) -> "Console":
        return self._console(stderr=False)

    @cached_property
    def err(self) -> "Console":
        return self._console(stderr=True)

    def _console(self, *, stderr: bool) -> "Console":
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        width = None if stream.isatty() else _NARROW
        return Console(stderr=stderr, highlight=False, width=width)

    def answer(self, value: Any, *shown: "RenderableType") -> None:
        """The answer of a command: `value` as JSON, or what is `shown` to people."""
        if self.json_only:
            sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
            return
        for part in shown:
            self.out.print(part, soft_wrap=not _is_table(part))

    def tell(self, line: str, style: str = "") -> None:
        """Something worth knowing that is not the answer."""
        self.err.print(text(line, style), soft_wrap=True)

    def failed(self, failure: Failure) -> None:
        """Title, detail and what to do; with `--json` the value on stdout too."""
        if self.json_only:
            self.answer({"error": failure.value})
        self.tell(failure.title, "bold red")
        for line in (failure.detail, failure.remedy and f"→ {failure.remedy}"):
            if line:
                self.tell(line)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "RenderableType":
        """A table without frames; long cells wrap."""
        from rich import box
        from rich.table import Table

        made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
        for index, column in enumerate(columns):
            # The first column is what people copy: an id cut in two is no id.
            made.add_column(column, overflow="fold", no_wrap=index == 0)
        for row in rows:
            made.add_row(*(cell if _is_text(cell) else text(cell) for cell in row))  # type: ignore[arg-type]  # _is_text leaves Text alone
        return made


def _is_text(cell: object) -> bool:
    from rich.text import Text

    return isinstance(cell, Text)


def _is_table(part: object) -> bool:
    from rich.table import Table

    return isinstance(part, Table)
