"""The memos of the story: two texts from one event, inside and in public, in English and French."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gonogo.db.prose import read_prose
from gonogo.demo.launch.cast import PEOPLE, SAN_FRANCISCO
from gonogo.demo.launch.stage import Stage
from gonogo.notices.memos import MemoRenderer, MemoSheet
from policies.lifecycle.kernel import Event
from policies.rules.memo_facts import LOCALES, memo_facts
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


def memos_of(
    stage: Stage,
    event: Event,
    before: Any,
    audiences: tuple[str, ...],
    announced: Target | None,
) -> list[Memo]:
    """The memos about `event`; `before` is the launch as it was, `announced` the date that the
    public was told last: it never heard of one that was moved inside only."""
    facts = memo_facts(event, before)
    if facts is None:
        return []
    note = read_prose(stage.engine, {facts.note} if facts.note else set())
    opening = facts.kind == "planned" and facts.after is not None and facts.after.start is not None
    duties = stage.pack.launch.duties if opening and before.postponements else ()
    sheet = MemoSheet(
        facts,
        event.subject,
        before.name,
        names={person: name for person, (name, _) in PEOPLE.items()},
        note=note.get(facts.note or ""),
        duties=tuple(duty.title for duty in duties),
    )
    renderer = MemoRenderer(BASE, SAN_FRANCISCO)
    found = []
    for audience in audiences:
        if audience == "public":
            sheet = replace(sheet, facts=replace(facts, before=announced))
        for locale in LOCALES:
            said = renderer.render(sheet, audience, locale)
            found.append(Memo(facts.at, facts.kind, audience, locale, said.subject, said.text))
    return found
