"""Launches that everybody was told of, read from memos that everybody was sent.

Rows of launches give no more than whether what was opened is served, and since when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, and_, col, func, or_, select

from gonogo.db import memo_lists
from gonogo.db.codec import state_of
from gonogo.db.launches import LaunchPicture
from gonogo.db.memos import MemoPicture
from gonogo.db.queries import Page, decode_cursor, page_of
from gonogo.db.tables import EventRow
from policies.lifecycle.kernel import instant
from policies.lifecycle.memo import Memo, Part
from policies.lifecycle.release_launch import is_open
from policies.rules.announcements import (
    Announcement,
    Telling,
    day_of,
    holds,
    standing,
    told_target,
    words,
)
from policies.rules.memo_facts import DATED
from policies.rules.target import Target, of_json

# Of one launch, the newest of each kind of memo: the date that counts is among them.
OF_A_KIND_MOST = 10
# Events that set a date, and those that give a name.
_DATES = (
    "launch:planned",
    "launch:target:narrowed",
    "launch:postponed",
    "launch:replanned",
    "launch:brought_forward",
)
_NAMES = ("launch:drafted", "launch:terms:changed")
# Of each launch, those events, the newest first.
History = Mapping[str, Sequence[EventRow]]
Texts = Mapping[str, str]


def page(session: Session, store: str, *, after: str | None = None, limit: int) -> Page:
    """Announcements; first what everybody was told of last. Six queries, however many there are.

    Raises `ValueError` on a foreign cursor.
    """
    told_at = func.max(col(MemoPicture.public_at))
    launch = col(MemoPicture.launch)
    query = (
        select(launch, told_at)
        .where(MemoPicture.store_id == store, col(MemoPicture.public_at).is_not(None))
        .group_by(launch)
    )
    if after:
        at, last = _cursor(after)
        query = query.having(or_(told_at < at, and_(told_at == at, launch < last)))
    rows = session.exec(query.order_by(told_at.desc(), launch.desc()).limit(limit + 1)).all()
    cut = page_of(list(rows), limit, lambda row: (row[1].isoformat(), row[0]))
    return Page(_announcements(session, store, [row[0] for row in cut.rows]), cut.next)


def told_before(session: Session, store: str, launch: str, number: int) -> Target | None:
    """The date of `launch` that everybody was told of those set before its event `number`. One
    that was moved inside only is nobody else's business, also when it moves again."""
    memos = _sent(session, store, [launch])
    texts, history = memo_lists.texts(session, memos), _history(session, store, [launch])
    tellings = [_telling(memo, history.get(launch, ()), texts) for memo in memos]
    return told_target(one for one in tellings if one.dated is not None and one.dated < number)


def meant(session: Session, store: str, launch: str) -> Target | None:
    """The date that memos about `launch` meant to tell everybody, whatever somebody made of their
    words: what a correction for everybody may repeat."""
    memos = _sent(session, store, [launch])
    last = max((memo.about for memo in memos if memo.kind in DATED), default=0)
    for row in _history(session, store, [launch]).get(launch, ()):
        if row.type in _DATES and row.seq <= last:
            return _target(row)
    return None


def _cursor(after: str) -> tuple[datetime, str]:
    parts = decode_cursor(after)
    if len(parts) != 2 or not parts[1].isprintable():
        raise ValueError("this cursor was not made by this list")
    return instant(parts[0]), parts[1]


def _announcements(session: Session, store: str, launches: Sequence[str]) -> list[Announcement]:
    if not launches:
        return []
    memos = _sent(session, store, launches)
    texts, history = memo_lists.texts(session, memos), _history(session, store, launches)
    public = {memo.id for memo in memos}
    corrected = memo_lists.corrections(session, store, public)
    rows = session.exec(
        select(LaunchPicture).where(
            LaunchPicture.store_id == store, col(LaunchPicture.id).in_(launches)
        )
    )
    pictures = {row.id: row for row in rows}
    made: list[Announcement] = []
    for launch in launches:
        its = [memo for memo in memos if memo.launch == launch]
        tellings = [
            replace(
                _telling(memo, history.get(launch, ()), texts),
                corrects=memo.corrects if memo.corrects in public else None,
                corrected_by=corrected.get(memo.id),
            )
            for memo in its
        ]
        name = _name(its, history.get(launch, ()), texts)
        made.append(_announcement(pictures[launch], name, tellings))
    return made


def _announcement(row: LaunchPicture, name: str | None, tellings: list[Telling]) -> Announcement:
    shown = is_open(row.status, row.wave, 1)
    return Announcement(
        launch=row.id,
        name=name,
        standing=standing(tellings, shown),
        target=told_target(tellings),
        open_since=row.opened_at if shown else None,
        memos=tuple(sorted(tellings, key=lambda one: (one.sent_at, one.memo), reverse=True)),
    )


def _sent(session: Session, store: str, launches: Sequence[str]) -> list[Memo]:
    """The memos about `launches` that everybody was sent, the newest of each kind."""
    number = func.row_number().over(
        partition_by=(col(MemoPicture.launch), col(MemoPicture.kind)),
        order_by=(col(MemoPicture.public_at).desc(), col(MemoPicture.id).desc()),
    )
    ranked = (
        select(col(MemoPicture.id), number.label("number"))
        .where(
            MemoPicture.store_id == store,
            col(MemoPicture.launch).in_(launches),
            col(MemoPicture.public_at).is_not(None),
        )
        .subquery()
    )
    rows = session.exec(
        select(MemoPicture)
        .join(ranked, ranked.c.id == MemoPicture.id)
        .where(MemoPicture.store_id == store, ranked.c.number <= OF_A_KIND_MOST)
    )
    return [state_of("memo", row.state) for row in rows]


def _history(session: Session, store: str, launches: Sequence[str]) -> History:
    rows = session.exec(
        select(EventRow)
        .where(
            EventRow.store_id == store,
            col(EventRow.subject).in_(launches),
            col(EventRow.type).in_((*_DATES, *_NAMES)),
        )
        .order_by(col(EventRow.seq).desc())
    )
    found: dict[str, list[EventRow]] = {}
    for row in rows:
        found.setdefault(row.subject, []).append(row)
    return found


def _telling(memo: Memo, history: Sequence[EventRow], texts: Texts) -> Telling:
    parts = _public(memo)
    dated = _dated(memo, history, texts)
    return Telling(
        memo=memo.id,
        kind=memo.kind,
        about=memo.about,
        sent_at=memo.sent["public"].at,
        locales=tuple(name.partition("/")[2] for name in parts),
        title=next((texts[p.subject] for p in parts.values() if p.subject in texts), None),
        dated=dated[0] if dated else None,
        target=dated[1] if dated else None,
    )


def _dated(memo: Memo, history: Sequence[EventRow], texts: Texts) -> tuple[int, Target] | None:
    """The date that a memo tells, and the number of its event. Of a date that somebody edited out
    of the text, nobody was told."""
    dates = [row for row in history if row.type in _DATES]
    if memo.kind in DATED:
        found = (row for row in dates if row.seq == memo.about)
        return next(
            (told for row in found if (told := _in(memo, row, row.occurred_at, texts))), None
        )
    if memo.kind != "corrected" or any(one.text not in texts for one in _public(memo).values()):
        return None  # which date an erased correction told, nobody knows
    at = memo.prepared_at
    found = (row for row in dates if row.occurred_at <= at)
    return next((told for row in found if (told := _in(memo, row, at, texts))), None)


def _in(memo: Memo, row: EventRow, at: datetime, texts: Texts) -> tuple[int, Target] | None:
    """The date that event `row` set, if `memo` tells it as somebody would who wrote it `at`."""
    target = _target(row)
    said = words(target, day_of(target, at))
    told = any(
        _says(part, said[name.partition("/")[2]], texts) for name, part in _public(memo).items()
    )
    return (row.seq, target) if told else None


def _target(row: EventRow) -> Target:
    return of_json(row.body.get("to") or row.body["target"])


def _name(memos: Sequence[Memo], history: Sequence[EventRow], texts: Texts) -> str | None:
    """The name it had when a memo was written, if that memo holds it; of the newest that does. Who
    was renamed inside since is still called what it was."""
    for memo in sorted(memos, key=lambda one: one.sent["public"].at, reverse=True):
        given = (row for row in history if row.type in _NAMES)
        names = dict.fromkeys(
            str(row.body["name"]) for row in given if row.occurred_at <= memo.prepared_at
        )
        for name in names:
            # Of several, an erased text held nobody knows which.
            parts = (one for one in _public(memo).values() if one.text in texts or len(names) == 1)
            if any(_says(part, name, texts) for part in parts):
                return name
    return None


def _says(part: Part, said: str, texts: Texts) -> bool:
    """Whether a part holds these words. An erased one that nobody had edited did."""
    if part.text not in texts:
        return part.edits == 0
    return any(holds(texts[one], said) for one in (part.subject, part.text) if one in texts)


def _public(memo: Memo) -> dict[str, Part]:
    return {name: part for name, part in memo.parts.items() if name.startswith("public/")}
