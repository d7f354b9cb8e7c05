"""Notices as people read them: a folder per notice with `subject.txt`, `body.txt`, `body.html`.

Strict: a template that asks for what no notice has fails in a test, not in somebody's mail. HTML is
escaped; a subject is one line without control characters, whatever a name holds.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from policies.lifecycle.kernel import instant
from policies.rules.notice_facts import Facts
from policies.rules.target import of_json
from policies.rules.target_words import says

TEMPLATES = Path(__file__).parent / "templates"
SUBJECT_MOST, NAME_MOST, NOTE_MOST = 180, 80, 2_000


@dataclass(frozen=True)
class Sheet:
    """What a template is given. `path` leads to the subject for whoever reads it."""

    notice: str
    type: str
    facts: Facts
    path: str
    name: str  # of the GPT
    note: str | None = None
    clauses: Mapping[str, str] = field(default_factory=dict)  # id → title


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


class Renderer:
    """`base` is how the pages are reached from outside, without a slash at the end."""

    def __init__(self, base: str, zone: str) -> None:
        self._base, self._zone = base.rstrip("/"), ZoneInfo(zone)

    @cached_property
    def _text(self) -> Environment:
        return self._environment(autoescape=False)

    @cached_property
    def _html(self) -> Environment:
        return self._environment(autoescape=True)

    def _environment(self, *, autoescape: bool) -> Environment:
        made = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=autoescape,  # noqa: S701  # plain text is not markup
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        made.filters.update(
            when=self._when, words=words, percent=lambda bp: f"{bp / 100:g} %", dated=dated
        )
        return made

    def subject(self, sheet: Sheet) -> str:
        made = self._text.get_template(f"{sheet.notice}/subject.txt")
        return one_line(made.render(**self._given(sheet)), SUBJECT_MOST)

    def what(self, sheet: Sheet) -> str:
        """The text alone, without link and footer: paragraphs with an empty line between."""
        made = self._text.get_template(f"{sheet.notice}/body.txt")
        context = made.new_context(self._given(sheet))
        return "".join(made.blocks["what"](context)).strip()

    def render(self, sheet: Sheet) -> Rendered:
        given = self._given(sheet)
        subject = self.subject(sheet)
        return Rendered(
            subject,
            self._text.get_template(f"{sheet.notice}/body.txt").render(**given).strip() + "\n",
            self._html.get_template(f"{sheet.notice}/body.html").render(**given, subject=subject),
        )

    def digest(self, sheets: list[Sheet], left_out: int) -> Rendered:
        """Several notices as one message."""
        items = [
            {"subject": self.subject(sheet), "url": self._base + sheet.path} for sheet in sheets
        ]
        given = {"items": items, "left_out": left_out, "base": self._base}
        subject = one_line(self._text.get_template("digest/subject.txt").render(**given), 180)
        return Rendered(
            subject,
            self._text.get_template("digest/body.txt").render(**given).strip() + "\n",
            self._html.get_template("digest/body.html").render(**given, subject=subject),
        )

    def _given(self, sheet: Sheet) -> dict[str, Any]:
        return {
            "f": sheet.facts,
            "type": sheet.type,
            "name": one_line(sheet.name, NAME_MOST) or "(no name)",
            "note": clean(sheet.note)[:NOTE_MOST] if sheet.note else None,
            "clauses": [
                one_line(sheet.clauses.get(one, words(one)), SUBJECT_MOST)
                for one in sheet.facts.clauses
            ],
            "url": self._base + sheet.path,
            "base": self._base,
        }

    def _when(self, moment: str | datetime) -> str:
        there = instant(moment).astimezone(self._zone)
        return there.strftime("%A %-d %B %Y, %H:%M %Z")


def dated(target: Mapping[str, Any]) -> str:
    """A target in words, in its own zone, that are right whenever they are read: no “next week”."""
    return one_line(says(of_json(target), "en", date.min), SUBJECT_MOST)


def words(codes: str | Iterable[str]) -> str:
    """Codes as words: `second_person` is “second person”."""
    listed = [codes] if isinstance(codes, str) else list(codes)
    plain = [one.replace("_", " ").replace("-", " ").replace(":", ": ") for one in listed]
    return one_line(", ".join(plain), SUBJECT_MOST)


def clean(text: str) -> str:
    """Without characters that have no picture, except line breaks and tabs."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c)[0] != "C")


def one_line(text: str, most: int) -> str:
    """A single line of at most `most` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def templates() -> list[str]:
    """The notices that have a folder."""
    return sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir())


_EXAMPLE_DATE = {
    "precision": "month",
    "tz": "Europe/Paris",
    "start": "2031-03-31T22:00:00Z",
    "end": "2031-04-30T22:00:00Z",
    "label": "month:2031-04",
}


def example(notice: str) -> Sheet:
    """A sheet with made-up facts, to look at a template."""
    at = "2031-03-09T14:30:00Z"
    facts = Facts(
        round=2,
        due_at=at,
        until=at,
        at=at,
        what="breach",
        reason="error_rate",
        why=("tests_missing",),
        clauses=("harm",),
        step=2,
        steps=3,
        weight_bp=2_500,
        scope="gpt",
        date=_EXAMPLE_DATE,
    )
    path, name = "/submissions/sub_example", "Night Sky Guide"
    return Sheet(notice, "release:held", facts, path, name, "What is it for?", {"harm": "No harm"})
