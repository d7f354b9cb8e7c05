"""Memos as texts: facts in, subject and text out, in English and French, inside and in public.

A folder per language and kind with `subject.txt`, `internal.txt`, `public.txt`. The text is what a
person edits and what is sent; HTML is made of it, so that both always say the same. Strict: a
template that asks for what no memo has fails in a test. A public template is given neither names
of people nor notes: it cannot tell what it does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from gonogo.notices.rendering import NAME_MOST, NOTE_MOST, SUBJECT_MOST, clean, one_line, words
from policies.lifecycle.kernel import SYSTEM
from policies.pack_launch import Duty
from policies.rules.memo_facts import AUDIENCES, DATED, KINDS, LOCALES, REASONS, MemoFacts
from policies.rules.target import Target
from policies.rules.target_words import says

FOLDER = Path(__file__).parent / "memo_templates"
TEXT_MOST = 10_000
_DAY = "EEEE d MMMM y, HH:mm"


@dataclass(frozen=True)
class Corrected:
    """The memo that another one corrects, as it was sent. `subjects` are its subject lines by part;
    what insiders read is quoted to insiders alone."""

    id: str
    subjects: Mapping[str, str]
    sent_at: datetime

    def subject(self, audience: str, locale: str) -> str:
        """As `audience` read it, in another language if there was none in this one."""
        own = [said for part, said in self.subjects.items() if part.startswith(f"{audience}/")]
        return self.subjects.get(f"{audience}/{locale}") or next(iter(own), "(erased)")


@dataclass(frozen=True)
class MemoSheet:
    """What is known when a memo is written. `tz` is the launch's zone, in which its readers are
    told times, wherever the store is. `names` are those of people, by id; `note` is the prose
    behind the facts' digest; `duties` are what builders owe before the opening;
    `wrong` says what a correction corrects, in words for everybody."""

    facts: MemoFacts
    launch: str  # its id
    name: str
    tz: str
    names: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None
    duties: tuple[Duty, ...] = ()
    corrects: Corrected | None = None
    wrong: str | None = None


@dataclass(frozen=True)
class MemoText:
    subject: str
    text: str


@dataclass(frozen=True)
class _When:
    """A target for a template: in words, and what kind of promise it is."""

    words: str
    dated: bool
    exact: bool

    def __str__(self) -> str:
        return self.words


class MemoRenderer:
    """`base` is how the pages are reached from outside, without a slash at the end."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    @cached_property
    def _environment(self) -> Environment:
        return Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=False,  # noqa: S701  # plain text is not markup
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )

    def render(self, sheet: MemoSheet, audience: str, locale: str) -> MemoText:
        """Raises `ValueError` for an audience or a language nobody wrote templates for."""
        if audience not in AUDIENCES or locale not in LOCALES or sheet.facts.kind not in KINDS:
            raise ValueError(f"no memo {sheet.facts.kind} for {audience} in {locale}")
        if sheet.facts.kind in DATED and sheet.facts.after is None:
            raise ValueError(f"a memo {sheet.facts.kind} is about a date")
        if (sheet.facts.kind == "corrected") is not (sheet.corrects is not None):
            raise ValueError("a correction names the memo that it corrects, and no other memo does")
        given = self._given(sheet, audience, locale) | (
            self._inside(sheet, locale) if audience == "internal" else {}
        )
        folder = f"{locale}/{sheet.facts.kind}"
        subject = self._environment.get_template(f"{folder}/subject.txt").render(given)
        text = self._environment.get_template(f"{folder}/{audience}.txt").render(given)
        return MemoText(one_line(subject, SUBJECT_MOST), _tidy(text)[:TEXT_MOST])

    def _given(self, sheet: MemoSheet, audience: str, locale: str) -> dict[str, Any]:
        f = sheet.facts
        reason = f.reason if f.reason in REASONS else None
        return {
            "name": one_line(sheet.name, NAME_MOST) or "(no name)",
            "before": self._target(f.before, locale, f.at),
            "after": self._target(f.after, locale, f.at),
            "reason": reason,
            "wave": f.wave,
            "decide_by": _moment(f.decide_by, sheet.tz, locale),
            "choice": f.choice,
            "duties": [one_line(one.said(locale), SUBJECT_MOST) for one in sheet.duties],
            "wrong": clean(sheet.wrong)[:NOTE_MOST] if sheet.wrong else None,
            "corrects": sheet.corrects
            and {
                "subject": one_line(sheet.corrects.subject(audience, locale), SUBJECT_MOST),
                "at": _moment(sheet.corrects.sent_at, sheet.tz, locale),
                "url": f"{self._base}/memos/{sheet.corrects.id}",
            },
            # A launch's board is not for visitors; what they were told of it is.
            "url": self._base
            + (f"/launches/{sheet.launch}" if audience == "internal" else "/announcements"),
        }

    def _inside(self, sheet: MemoSheet, locale: str) -> dict[str, Any]:
        f = sheet.facts
        note = clean(sheet.note)[:NOTE_MOST] if sheet.note else None
        return {
            "code": words(f.reason) if f.reason else None,
            "note": [line.strip() for line in note.splitlines()] if note else None,
            "decided_by": [
                one_line(sheet.names.get(one, one), NAME_MOST) or one
                for one in f.decided_by
                if one != SYSTEM
            ],
            "decided_at": _moment(f.at, sheet.tz, locale),
            "nth": f.nth,
            "moved": f.moved,
            "flagged": f.flagged,
            "review_by": _moment(f.review_by, sheet.tz, locale),
            "opened": f.opened,
            "excluded": f.excluded,
        }

    def _target(self, target: Target | None, locale: str, at: datetime) -> _When | None:
        """In words for somebody who reads it on the day of the decision."""
        if target is None:
            return None
        today = at.astimezone(ZoneInfo(target.tz)).date()
        said = one_line(says(target, locale, today), SUBJECT_MOST)
        return _When(said, target.precision != "tbd", target.precision == "instant")


def _moment(at: datetime | None, tz: str, locale: str) -> str | None:
    if at is None:
        return None
    there = at.astimezone(ZoneInfo(tz))
    return f"{format_datetime(there, _DAY, locale=locale)} {there:%Z}"


def _tidy(text: str) -> str:
    """No two empty lines in a row, none at either end; one line break at the end."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip() + "\n"


def as_html(text: str, base: str) -> Markup:
    """The text as HTML: paragraphs, lists of lines that begin with “- ”, quotations of lines that
    begin with “>”, and links where a line is an address of this store and nothing else. All else
    is escaped."""
    parts: list[Markup] = []
    for block in clean(text).split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip()]
        if lines and all(line.startswith("- ") for line in lines):
            items = Markup("").join(Markup("<li>{}</li>").format(line[2:]) for line in lines)
            parts.append(Markup("<ul>{}</ul>").format(items))
            continue
        for quoted, run in groupby(lines, key=lambda line: line.startswith(">")):
            kind = Markup("<blockquote>{}</blockquote>") if quoted else Markup("<p>{}</p>")
            said = (escape(line[1:].strip()) if quoted else _linked(line, base) for line in run)
            parts.append(kind.format(Markup("<br>").join(said)))
    return Markup("\n").join(parts)


def _linked(line: str, base: str) -> Markup:
    address = line.strip()
    if base and address.startswith(base + "/") and " " not in address:
        return Markup('<a href="{0}">{0}</a>').format(address)
    return escape(line)
