"""What the record names, in scope of an erasure and outside of it: texts, bundles and evidence.

Every event and every upload is read, since what somebody else needs may be named anywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlmodel import Session, select

from gonogo.db.holds import Held
from gonogo.db.letting_go import what_was_let_go
from gonogo.db.prose import prose_in
from gonogo.db.publishers import ERASED
from gonogo.db.tables import EventRow, RevisionRow

_OPENS = frozenset({"submission:opened", "submission:round:opened"})


@dataclass
class Named:
    """What events name. `told` is the evidence whose transcripts are needed."""

    prose: set[str] = field(default_factory=set)
    bundles: set[str] = field(default_factory=set)
    evidence: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)


@dataclass
class Split:
    """What events in scope name and what all others do; which uploads belong to which of them, as
    (store, GPT, digest)."""

    mine: Named = field(default_factory=Named)
    others: Named = field(default_factory=Named)
    own: set[tuple[str, str, str]] = field(default_factory=set)
    past: set[tuple[str, str, str]] = field(default_factory=set)


def split_of(
    session: Session,
    store: str,
    held: Held,
    in_scope: Callable[[Any], bool],
    needed: Callable[[Any], bool] = lambda row: False,
    texts_only: frozenset[str] | set[str] = frozenset(),
) -> Split:
    """`in_scope` says which events of `store` are its own, `needed` whose texts others need. Of the
    cases `texts_only` others need everything but the texts."""
    found, let_go = Split(), what_was_let_go(session)
    events: Any = EventRow.__table__  # type: ignore[attr-defined]  # every table has one
    e = events.c
    rows = session.execute(
        sqlalchemy.select(
            e.store_id, e.subject, e.actor_id, e.type, e.body, e.evidence
        ).execution_options(yield_per=500)
    )
    gpts: dict[tuple[str, str], str] = {}
    rounds: list[tuple[bool, str, str, str]] = []
    for row in rows:
        case, own = (row.store_id, row.subject), row.store_id == store and in_scope(row)
        texts = set(prose_in(row.body))
        if own:
            found.mine.prose |= texts
        kept = row.store_id == store and row.actor_id in held.persons
        if kept or (needed(row) if own else case not in let_go.prose):
            found.others.prose |= texts
        own = own and row.subject not in texts_only
        if own:
            found.mine.evidence.update(row.evidence)
        else:
            found.others.evidence.update(row.evidence)
            if case not in let_go.transcripts:
                found.others.told.update(row.evidence)
        if row.type in _OPENS:
            gpts[case] = row.body.get("gpt") or gpts.get(case, "")
            if own or case in let_go.bundles:
                rounds.append((own, *case, row.body["digest"]))
            if own:
                found.mine.bundles.add(row.body["digest"])
            elif case not in let_go.bundles:
                found.others.bundles.add(row.body["digest"])
    for own, of, subject, digest in rounds:
        (found.own if own else found.past).add((of, gpts.get((of, subject), ""), digest))
    return found


def add_uploads(session: Session, store: str, gpts: set[str], split: Split) -> None:
    """Uploads count as named, whether they were submitted or not; of the same bytes only those of
    the very GPT that is in scope are its own."""
    columns = (RevisionRow.store_id, RevisionRow.gpt, RevisionRow.digest, RevisionRow.name)
    for of, gpt, digest, name in session.execute(select(*columns).execution_options(yield_per=500)):
        upload = (of, gpt, digest)
        if (of == store and gpt in gpts) or upload in split.own:
            split.mine.bundles.add(digest)
        elif upload not in split.past and name != ERASED:
            split.others.bundles.add(digest)
