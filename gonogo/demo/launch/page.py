"""`docs/reference-story.md`: the story as it was played, in prose, tables and nothing that changes.

Played with the project's samples it is the same text on every machine: no id, no digest, no time of
ours is in it. `python -m gonogo.demo.launch --write docs/reference-story.md` writes it.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from gonogo.demo.launch.cast import said_of
from gonogo.demo.launch.memos import LANGUAGES, Memo
from gonogo.demo.launch.play import Play, Shown
from gonogo.demo.launch.stage import clock

INTRODUCTION = """\
# The reference story: a store opens

Written by `python -m gonogo.demo.launch --write docs/reference-story.md`; a test compares. See it
happen with `./run demo launch`.

On 6 November 2023 a store of GPTs was announced for “later this month”. On 30 November it was
postponed to “early next year”, because unexpected things had kept the team busy. In January
builders heard “next week”, with three duties: accept the policies, verify the profile, publish as
public. It opened on 10 January 2024. Those days are real. The hours, the 17th of November on which
the date moves to December inside the house, every name and everything that goes wrong are ours, so
that it is seen what this store does about it.

The clock is data: every command carries its time in 2023 or 2024 to the same machines, the same
record and the same I6 that decide today. What stands in, openly: the models that the GPTs declare
cannot be asked any more, so recorded answers come over HTTP, and the evidence says *stand-in*; that
gap is waived by name in the policy pack of the story. What workflows do (take the next step in
time) is done by the script; a test plays the countdown through the real workflow.

All times are those of San Francisco.
"""


def page_of(play: Play) -> str:
    return "\n".join(
        [
            INTRODUCTION,
            "## What happened",
            "",
            *_timeline(play.shown),
            "## The memos",
            "",
            *_memos(play.memos, play.launch),
            "## What was refused",
            "",
            *_table(
                ("when", "who", "wanted", "why not"),
                (
                    (_when(entry), said_of(entry.who), entry.tells, _refusal(entry))
                    for entry in play.shown
                    if entry.code
                ),
            ),
            "## What was expected, and held",
            "",
            *_table(
                ("", "expected", "seen"),
                (
                    ("held" if one.held else "**failed**", one.what, one.seen)
                    for one in play.expectations
                    if one.is_told
                ),
            ),
        ]
    )


def _timeline(shown: Sequence[Shown]) -> Iterable[str]:
    for day, entries in groupby(shown, key=lambda entry: clock(entry.at, "%A, %-d %B %Y")):
        yield f"### {day}"
        yield ""
        for entry in entries:
            yield _entry(entry)
            yield from (f"  - {note}" for note in entry.notes)
        yield ""


def _entry(entry: Shown) -> str:
    line = f"- {clock(entry.at, '%H:%M')} "
    line += f"{said_of(entry.who)} {entry.tells}" if entry.who else f"**{entry.tells}**"
    if entry.code:
        return f"{line} – *refused:* {entry.refused}"
    if entry.target:
        line += f": “{entry.target}”"
    return f"{line} → `{entry.status}`" if entry.status else line


def _memos(memos: Sequence[Memo], launch: str) -> Iterable[str]:
    """Each as it would be sent; the id of the launch is another one in every performance."""
    for memo in memos:
        day = clock(memo.at, "%-d %B %Y")
        yield f"### {day}, {memo.audience}, {LANGUAGES[memo.locale]}"
        yield ""
        yield "```text"
        yield memo.subject
        yield ""
        yield memo.text.replace(launch, "…").rstrip()
        yield "```"
        yield ""


def _refusal(entry: Shown) -> str:
    return f"`{entry.code}`: {entry.refused}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _when(entry: Shown) -> str:
    return clock(entry.at, "%-d %b %Y %H:%M")
