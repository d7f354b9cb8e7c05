"""Writing memos: from the record of a launch to texts, before anybody edits or sends them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, select

from api.deps import Services
from api.errors import Problem
from api.subjects import launch_in, launch_named
from gonogo.db.announcements import meant, told_before
from gonogo.db.codec import state_of
from gonogo.db.memo_lists import texts
from gonogo.db.memos import MemoPicture
from gonogo.db.people import PersonRow
from gonogo.db.prose import prose_of
from gonogo.db.session import reading
from gonogo.db.tables import ProseRow
from gonogo.notices.memos import Corrected, MemoRenderer, MemoSheet, MemoText
from policies.lifecycle.kernel import RULES, Event, Fact
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.machines import fold
from policies.lifecycle.memo import Memo
from policies.rules.memo_facts import AUDIENCES, TOLD_BY_MEMO, MemoFacts, memo_facts

# What builders owe before an opening is said where a date is told that lies ahead.
_BEFORE_OPENING = frozenset({"planned", "narrowed", "brought_forward"})


@dataclass(frozen=True)
class Written:
    """The body of the command, and the texts to be stored together with it."""

    body: dict[str, Any]
    rows: tuple[ProseRow, ...]


def write(
    svc: Services,
    *,
    launch: str,
    about: int | None,
    locales: Iterable[str],
    by: str,
    corrects: str | None = None,
    wrong: str | None = None,
) -> Written:
    """Texts about event `about` of `launch` (None: the newest that a memo is written about), for
    insiders and for everybody. With `corrects` they correct that memo, for those who have it, and
    `wrong` says how.

    Raises `not-found` for what does not exist, `bad-request` for an event that has no memo.
    """
    audiences: Sequence[str] = AUDIENCES
    if corrects:
        sheet, old = _correction(svc, launch, corrects, wrong, by)
        number, audiences = old.about, [one for one in AUDIENCES if one in old.sent]
    else:
        sheet, number = _sheet(svc, launch, about)
    parts: dict[str, dict[str, str]] = {}
    rows: list[ProseRow] = []
    for part, made in _rendered(svc, sheet, number, locales, audiences).items():
        pair = prose_of(made.subject), prose_of(made.text)
        rows += pair
        parts[part] = {"subject": pair[0].digest, "text": pair[1].digest}
    body = {"launch": launch, "what": sheet.facts.kind, "about": number, "parts": parts}
    return Written(body | ({"corrects": corrects} if corrects else {}), tuple(rows))


def foreseen(
    svc: Services,
    launch: Launch,
    fact: Fact,
    *,
    by: str,
    note: str | None,
    locales: Iterable[str],
    now: datetime,
) -> dict[str, MemoText]:
    """Texts by part, as they would be written at `now` if `by` caused `fact` with this `note` for
    insiders. Nothing is kept."""
    event = Event(
        store=svc.store,
        position=0,
        subject=launch.id,
        seq=launch.seq + 1,
        type=fact.type,
        actor_id=by,
        command_id="",
        occurred_at=now,
        recorded_at=now,
        pack=svc.pack.digest,
        rules=RULES,
        body=fact.body,
    )
    told = memo_facts(event, launch)
    if told is None:
        raise ValueError(f"no memo is written about {fact.type}")
    sheet = replace(_filled(svc, launch, told), note=note)
    return _rendered(svc, sheet, event.seq, locales)


def _rendered(
    svc: Services,
    sheet: MemoSheet,
    number: int,
    locales: Iterable[str],
    audiences: Sequence[str] = AUDIENCES,
) -> dict[str, MemoText]:
    """`audience/locale` to its text. The public hears what changed against what it was told."""
    with reading(svc.engine) as session:
        before = told_before(session, svc.store, sheet.launch, number)
        corrects = sheet.facts.kind == "corrected"
        after = meant(session, svc.store, sheet.launch) if corrects else sheet.facts.after
    known = {
        "internal": sheet,
        "public": replace(sheet, facts=replace(sheet.facts, before=before, after=after)),
    }
    renderer = MemoRenderer(svc.settings.base)
    return {
        f"{audience}/{locale}": renderer.render(known[audience], audience, locale)
        for audience in audiences
        for locale in locales
    }


def _sheet(svc: Services, launch: str, about: int | None) -> tuple[MemoSheet, int]:
    launch_named(svc, launch)
    recorded = svc.ledger.events(svc.store, launch)
    told = [one.seq for one in recorded if one.type in TOLD_BY_MEMO]
    number = about if about is not None else max(told, default=0)
    if number not in told:
        raise Problem("bad-request", "no memo is written about that event of the launch")
    events = [one for one in recorded if one.seq <= number]
    state: Launch = fold("launch", events)
    facts = memo_facts(events[-1], fold("launch", events[:-1]))
    assert facts is not None  # its type is among those
    return _filled(svc, state, facts), number


def _correction(
    svc: Services, launch: str, corrects: str, wrong: str | None, by: str
) -> tuple[MemoSheet, Memo]:
    with reading(svc.engine) as session:
        row = session.get(MemoPicture, (svc.store, corrects))
        if row is None or row.launch != launch or row.status != "sent":
            raise Problem("not-found", f"nobody was sent a memo {corrects} of this launch")
        old: Memo = state_of("memo", row.state)
        said = texts(session, [old])
        state = launch_in(svc, session, launch)
    first = min(old.sent.values(), key=lambda one: one.at)
    facts = MemoFacts("corrected", datetime.now(UTC), (by,), after=state.target)
    sheet = _filled(svc, state, facts)
    subjects = {
        name: said[part.subject] for name, part in old.parts.items() if part.subject in said
    }
    corrected = Corrected(corrects, subjects, first.at)
    return replace(sheet, corrects=corrected, wrong=wrong), old


def _filled(svc: Services, launch: Launch, facts: MemoFacts) -> MemoSheet:
    with reading(svc.engine) as session:
        people = session.exec(
            select(PersonRow.id, PersonRow.name).where(
                PersonRow.store_id == svc.store, col(PersonRow.id).in_(facts.decided_by)
            )
        ).all()
        note = session.get(ProseRow, facts.note) if facts.note else None
    duties = svc.pack.launch.duties if facts.kind in _BEFORE_OPENING else ()
    return MemoSheet(
        facts=facts,
        launch=launch.id,
        name=launch.name,
        tz=launch.tz,
        names=dict(people),
        note=note.text if note else None,
        duties=duties,
    )
