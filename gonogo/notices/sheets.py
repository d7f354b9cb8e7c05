"""From stored notices to what templates are given: names, notes and titles, in three queries."""

from collections.abc import Iterable

from sqlalchemy import union_all
from sqlmodel import Session, col, select

from gonogo.db.launches import LaunchPicture
from gonogo.db.notices import NoticeRow, WebhookRow
from gonogo.db.people import PublisherRow
from gonogo.db.tables import GptRow, PackRow, ProseRow
from gonogo.notices.rendering import Sheet
from policies.rules.notice_facts import Facts, facts_from
from policies.rules.notice_topics import NOTICES, Topic

_REVIEWER = frozenset({Topic.REVIEWS})
_FOLDERS = {
    "sub": "/submissions",
    "rel": "/releases",
    "lch": "/launches",
    "pub": "/publishers",
    "mem": "/memos",
    "trf": "/transfers",
}


def sheets(session: Session, rows: Iterable[NoticeRow]) -> dict[str, Sheet]:
    """By notice id. What was erased meanwhile is left out, and named by its id."""
    listed = list(rows)
    facts = {row.id: facts_from(row.facts) for row in listed}
    names = _names(session, listed, list(facts.values()))
    notes = {f.note for f in facts.values() if f.note}
    texts = {
        row.digest: row.text
        for row in session.exec(select(ProseRow).where(col(ProseRow.digest).in_(notes)))
    }
    titles = _titles(session, {f.pack for f in facts.values() if f.pack and f.clauses})
    found = {}
    for row in listed:
        f = facts[row.id]
        about = f.endpoint or f.gpt or f.launch or f.target or f.publisher or row.subject
        found[row.id] = Sheet(
            notice=row.notice,
            type=row.type,
            facts=f,
            path=path_of(row),
            name=names.get(about, about),
            note=texts.get(f.note, "(erased)") if f.note else None,
            clauses=titles,
        )
    return found


def path_of(row: NoticeRow) -> str:
    """The page of the subject, as whoever gets this notice works on it."""
    prefix = row.subject.partition("_")[0]
    topic = NOTICES[row.notice].topic if row.notice in NOTICES else None
    if prefix == "sub" and (topic in _REVIEWER or row.notice == "review_late"):
        return f"/reviews/{row.subject}"
    if prefix in _FOLDERS:
        return f"{_FOLDERS[prefix]}/{row.subject}"
    if topic is Topic.WEBHOOKS:
        return f"/webhooks/{row.subject}"
    if topic is Topic.RECORD:
        return "/purges" if prefix == "prg" else "/audit"
    return "/inbox"


def _names(session: Session, rows: list[NoticeRow], facts: list[Facts]) -> dict[str, str]:
    """GPTs, publishers and endpoints by id."""
    if not rows:
        return {}
    store = rows[0].store_id
    wanted = {
        one for f in facts for one in (f.gpt, f.target, f.endpoint, f.publisher, f.launch) if one
    }
    named = (
        select(table.id, column).where(table.store_id == store, col(table.id).in_(wanted))
        for table, column in (
            (GptRow, GptRow.name),
            (PublisherRow, PublisherRow.name),
            (WebhookRow, WebhookRow.label),
            (LaunchPicture, LaunchPicture.name),
        )
    )
    return {row[0]: row[1] for row in session.execute(union_all(*named))}


def _titles(session: Session, packs: set[str]) -> dict[str, str]:
    titles: dict[str, str] = {}
    for pack in session.exec(select(PackRow).where(col(PackRow.digest).in_(packs))):
        for clause in pack.value.get("review", {}).get("clauses", ()):
            titles[clause["id"]] = clause["title"]
    return titles
