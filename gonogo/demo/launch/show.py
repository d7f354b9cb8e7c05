"""`./run demo launch`: the reference story on the terminal, and what held of what was expected."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gonogo.demo.launch.cast import said_of
from gonogo.demo.launch.gpts import real_records
from gonogo.demo.launch.memos import LANGUAGES, Memo
from gonogo.demo.launch.performance import NotOurs, perform
from gonogo.demo.launch.play import Expected, Play, Shown
from gonogo.demo.launch.stage import clock
from gonogo.settings import Settings

DAY = "%-d %B %Y"


def show(console: Console, data: Path | None, *, check: bool) -> int:
    """Play it; with `check` only the expectations are printed. 0 if all of them held."""
    folder = data or Settings().data / ("launch-check" if check else "launch")
    records, began = real_records(), time.monotonic()
    if not check:
        whose = "real GPTs" if records else "the samples under several names"
        console.print(f"How a store opened, on a clock set to 2023, with {whose}", style="bold")
    try:
        play = perform(folder, records, (lambda entry: None) if check else _teller(console))
    except NotOurs as fault:
        console.print(f"[red]demo:[/] {fault}", highlight=False)
        return 1
    if not check:
        _refusals(console, play.shown)
        _memos(console, play.memos)
    failed = expectations(console, play.expectations)
    if not check:
        _where(console, play, folder)
    # The plain closing line, for people and for machines.
    console.print(
        f"demo launch: {len(play.expectations) - failed} passed, {failed} failed "
        f"in {time.monotonic() - began:.0f} s",
        highlight=False,
    )
    return 1 if failed or not play.expectations else 0


def _teller(console: Console) -> "_Teller":
    return _Teller(console)


class _Teller:
    """Prints entries as they happen, with a heading for every new day."""

    def __init__(self, console: Console) -> None:
        self._console, self._day = console, ""

    def __call__(self, entry: Shown) -> None:
        day = clock(entry.at, "%A %-d %B %Y")
        if day != self._day:
            self._console.print(f"\n{day}, San Francisco", style="bold cyan", highlight=False)
            self._day = day
        line = f"[dim]{clock(entry.at, '%H:%M')}[/]  {_who(entry)}{entry.tells}"
        if entry.target and not entry.code:
            line += f": [bold]{entry.target}[/]"
        if entry.code:
            line += f"  [red]refused[/]: {entry.refused}"
        elif entry.status:
            line += f"  [green]→ {entry.status}[/]"
        self._console.print(line, highlight=False)
        for note in entry.notes:
            self._console.print(f"       [dim]{note}[/]", highlight=False)


def _who(entry: Shown) -> str:
    return f"{said_of(entry.who)} " if entry.who else ""


def _refusals(console: Console, shown: Sequence[Shown]) -> None:
    table = Table(title="\nWhat was refused, and why", title_justify="left")
    for column in ("when", "who", "wanted", "reason"):
        table.add_column(column, overflow="fold")
    for entry in shown:
        if entry.code:
            when = clock(entry.at, "%-d %b %H:%M")
            table.add_row(when, said_of(entry.who), entry.tells, f"{entry.code}: {entry.refused}")
    console.print(table)


def _memos(console: Console, memos: Sequence[Memo]) -> None:
    console.print("\nThe memos", style="bold")
    for memo in memos:
        title = f"{clock(memo.at, DAY)}, {memo.audience}, {LANGUAGES[memo.locale]}: {memo.subject}"
        console.print(Panel(Text(memo.text.strip()), title=title, title_align="left"))


def expectations(console: Console, expectations: Sequence[Expected]) -> int:
    table = Table(title="\nWhat was expected, and what was seen", title_justify="left")
    for column in ("", "expected", "seen"):
        table.add_column(column, overflow="fold")
    for each in expectations:
        table.add_row("[green]held[/]" if each.held else "[red]FAILED[/]", each.what, each.seen)
    console.print(table)
    return sum(not each.held for each in expectations)


def _where(console: Console, play: Play, folder: Path) -> None:
    console.print(
        f"\nIts database is {folder.resolve()}; nothing of it changes any more.\n"
        f"verify it       ./run gonogo audit verify --data {folder.resolve()}\n"
        f"read the story  docs/reference-story.md\n",
        highlight=False,
    )
