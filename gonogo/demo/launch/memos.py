"""The memos of the story: two texts from one event, inside and in public, in English and French.

Each event has one memo, a subject of the record: prepared from the event, then sent to its readers.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gonogo.db.prose import keep_prose, read_prose
from gonogo.demo.launch.cast import PEOPLE
from gonogo.demo.launch.stage import Asked, Stage
from gonogo.ids import new_id
from gonogo.notices.memos import MemoRenderer, MemoSheet
from policies.lifecycle.kernel import Event
from policies.rules.memo_facts import LOCALES, MemoFacts, memo_facts
from policies.rules.target import Target

LANGUAGES = {"en": "English", "fr": "French"}
BASE = "https://store.example"


@dataclass(frozen=True)
class Memo:
    """As it would be sent. `at` UTC."""

    at: datetime
    kind: str
    audience: str
    locale: str
    subject: str
    text: str


def write(
    stage: Stage,
    event: Event,
    before: Any,
    audiences: tuple[str, ...],
    announced: Target | None,
    by: str,
) -> tuple[str, list[Memo]] | None:
    """Prepare the memo about `event` and send it; its id and texts. `before` is the launch as it
    was, `announced` the date that the public was told last: it never heard of one that was moved
    inside only. None for an event that nobody writes of.
    """
    facts = memo_facts(event, before)
    if facts is None:
        return None
    texts = _rendered(stage, event, facts, before, audiences, announced)
    memo, at = new_id("mem"), event.occurred_at
    parts = {
        f"{one.audience}/{one.locale}": {
            "subject": keep_prose(stage.engine, one.subject),
            "text": keep_prose(stage.engine, one.text),
        }
        for one in texts
    }
    body = {"launch": event.subject, "what": facts.kind, "about": event.seq, "parts": parts}
    stage.must(Asked("memo", memo, by, "prepare", at + timedelta(minutes=1), body))
    for audience in audiences:
        sent = at + timedelta(minutes=2)
        stage.must(Asked("memo", memo, by, "send", sent, {"audience": audience}))
    return memo, texts


def _rendered(
    stage: Stage,
    event: Event,
    facts: MemoFacts,
    before: Any,
    audiences: tuple[str, ...],
    announced: Target | None,
) -> list[Memo]:
    note = read_prose(stage.engine, {facts.note} if facts.note else set())
    again = facts.kind == "planned" and before.postponements > 0
    duties = stage.pack.launch.duties if again and "public" in audiences else ()
    sheet = MemoSheet(
        facts,
        event.subject,
        before.name,
        before.tz,
        names={person: name for person, (name, _) in PEOPLE.items()},
        note=note.get(facts.note or ""),
        duties=duties,
    )
    outside = replace(sheet, facts=replace(facts, before=announced))
    renderer, found = MemoRenderer(BASE), []
    for audience in audiences:
        for locale in LOCALES:
            known = outside if audience == "public" else sheet
            said = renderer.render(known, audience, locale)
            found.append(Memo(facts.at, facts.kind, audience, locale, said.subject, said.text))
    return found
