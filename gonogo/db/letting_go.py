"""Which closed cases need their texts and bundles no more: swept by the retention, or purged."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from gonogo.db.erasures import PurgePicture, SweptRow
from gonogo.db.holds import holds
from gonogo.db.tables import GptRow, ListingPicture, ReleasePicture, StoreRow, SubmissionPicture
from gonogo.db.transfers import TransferPicture

Case = tuple[str, str]  # store, submission


@dataclass
class LetGo:
    """Cases by what they let go. None that is held or open is among them."""

    prose: set[Case] = field(default_factory=set)
    bundles: set[Case] = field(default_factory=set)
    transcripts: set[Case] = field(default_factory=set)


def what_was_let_go(session: Session) -> LetGo:
    """Of all stores."""
    found = LetGo()
    of_kind = {"prose": found.prose, "bundles": found.bundles, "transcripts": found.transcripts}
    columns = (SweptRow.store_id, SweptRow.subject, SweptRow.kind)
    for store, subject, kind in session.execute(select(*columns).execution_options(yield_per=500)):
        if kind in of_kind:
            of_kind[kind].add((store, subject))
    for store in session.exec(select(StoreRow.id)).all():
        purged, texts = _purged(session, store)
        kept = _kept(session, store)
        found.prose |= texts
        for cases in of_kind.values():
            cases |= purged
            cases -= kept
    return found


def subjects_of(session: Session, store: str, pairs: list[tuple[str, str]], scope: str) -> set[str]:
    """The subjects whose events belong to what `covers` found for `scope`."""
    if scope == "submission":
        return {pairs[0][1]}
    found = {t for s, t in pairs if s == "submission"}
    found |= {t for s, t in pairs if s == "publisher" and scope == "publisher"}
    gpts = {t for s, t in pairs if s == "gpt"}
    for table in (ReleasePicture, ListingPicture, TransferPicture):
        found |= set(
            session.exec(select(table.id).where(table.store_id == store, col(table.gpt).in_(gpts)))
        )
    if scope == "publisher":
        given = select(TransferPicture.id).where(
            TransferPicture.store_id == store,
            col(TransferPicture.publisher).in_({t for s, t in pairs if s == "publisher"}),
        )
        found |= set(session.exec(given))
    return found


def given_away(session: Session, store: str, pairs: list[tuple[str, str]]) -> set[str]:
    """Cases of GPTs that are another publisher's now: their texts go, what is served stays."""
    cases = {t for s, t in pairs if s == "submission"}
    rows = session.exec(
        select(SubmissionPicture.id).where(
            SubmissionPicture.store_id == store,
            col(SubmissionPicture.publisher).in_({t for s, t in pairs if s == "publisher"}),
            col(SubmissionPicture.gpt).not_in({t for s, t in pairs if s == "gpt"}),
        )
    )
    return cases & set(rows)


def _purged(session: Session, store: str) -> tuple[set[Case], set[Case]]:
    """Cases that were closed when a request about them was carried out to its end; and those that
    let go their texts alone, since their GPT is another publisher's now."""
    purges = session.exec(
        select(PurgePicture.scope, PurgePicture.target, PurgePicture.state).where(
            PurgePicture.store_id == store,
            PurgePicture.step == "done",
            col(PurgePicture.scope).in_(("submission", "gpt", "publisher")),
        )
    ).all()
    until: dict[tuple[str, str], datetime] = {}
    for scope, target, state in purges:
        at = datetime.fromisoformat(state["done_at"])
        until[scope, target] = max(at, until.get((scope, target), at))
    if not until:
        return set(), set()
    owned = session.exec(select(GptRow.id, GptRow.publisher).where(GptRow.store_id == store))
    owners = dict(owned.all())
    cases = session.execute(
        select(
            SubmissionPicture.id,
            SubmissionPicture.gpt,
            SubmissionPicture.publisher,
            col(SubmissionPicture.state)["since"].as_string(),
        )
        .where(SubmissionPicture.store_id == store, ~col(SubmissionPicture.is_open))
        .execution_options(yield_per=500)
    )
    found: set[Case] = set()
    texts: set[Case] = set()
    for case, gpt, publisher, since in cases:
        closed = datetime.fromisoformat(since)
        for key in (("submission", case), ("gpt", gpt), ("publisher", publisher)):
            if key in until and closed < until[key]:
                gone = key[0] == "publisher" and owners.get(gpt, publisher) != publisher
                (texts if gone else found).add((store, case))
    return found, texts


def _kept(session: Session, store: str) -> set[Case]:
    """Cases under a legal hold, and those that were opened again."""
    held = holds(session, store)
    opened = select(SubmissionPicture.id).where(
        SubmissionPicture.store_id == store, col(SubmissionPicture.is_open)
    )
    found = {(store, case) for case in session.exec(opened)}
    if held.targets:
        columns = (SubmissionPicture.id, SubmissionPicture.gpt, SubmissionPicture.publisher)
        rows = session.execute(
            select(*columns)
            .where(SubmissionPicture.store_id == store)
            .execution_options(yield_per=500)
        )
        found |= {(store, case) for case, gpt, pub in rows if held.keeps(case, gpt, pub)}
    return found
