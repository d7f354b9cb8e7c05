"""What the pack's retention lets go: texts, bundles and transcripts of closed cases, old rows.

One sweep takes at most `CASES` cases and is a purge of its own in the record (`purge:swept`), with
tombstones like any other. Legal holds keep what they cover. Approved cases are never swept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import Engine
from sqlmodel import Session, and_, col, exists, or_

from gonogo.db.erasures import SweptRow
from gonogo.db.holds import Held, holds
from gonogo.db.session import reading, writing
from gonogo.db.tables import SubmissionPicture
from gonogo.erasable import Plan, plan_of_cases
from gonogo.erasure import Interrupted, erase, told
from gonogo.objects import Objects
from gonogo.old_rows import ROWS, count, let_go, old_rows
from policies.pack import Retention

CASES = 50
CLOSED = ("rejected", "withdrawn", "expired")
KINDS = ("transcripts", "bundles", "prose")
_PAGE = 100
_PLANS = 3  # in a row, when holds are placed meanwhile; then the next sweep goes on


@dataclass
class Sweep:
    """What is due now. `cases` are by kind, `rows` counts rows by theirs; `held` counts cases that
    would be due; `more`: another sweep finds more."""

    cases: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    held: int = 0
    more: bool = False
    plan: Plan = field(default_factory=Plan)

    def counts(self) -> dict[str, Any]:
        return {
            "cases": {kind: len(cases) for kind, cases in self.cases.items()},
            "erased": {
                "prose": len(self.plan.prose),
                "objects": len(self.plan.objects),
                **self.rows,
            },
            "kept": {"prose": self.plan.kept_prose, "objects": self.plan.kept_objects},
            "held": self.held,
            "more": self.more,
        }


def due(engine: Engine, objects: Objects, store: str, rules: Retention, now: datetime) -> Sweep:
    """A dry run: looks and changes nothing."""
    found = Sweep()
    with reading(engine) as session:
        held = holds(session, store)
        for kind in KINDS:
            days = getattr(rules, f"{kind}_d")
            if days is None:
                continue
            free: list[str] = []
            for case, is_held in _cases(session, store, kind, now - timedelta(days=days), held):
                if len(free) == CASES:
                    found.more = True
                    break
                if is_held:
                    found.held += 1
                else:
                    free.append(case)
            found.cases[kind] = free
        found.rows = {old.name: count(session, old) for old in old_rows(store, rules, now)}
    found.more |= any(number > ROWS for number in found.rows.values())
    found.plan = plan_of_cases(
        engine,
        objects,
        store,
        prose=set(found.cases.get("prose", ())),
        bundles=set(found.cases.get("bundles", ())),
        transcripts=set(found.cases.get("transcripts", ())),
    )
    found.plan.holds = held.ids
    return found


def sweep(
    engine: Engine,
    objects: Objects,
    store: str,
    purge: str,
    rules: Retention,
    now: datetime | None = None,
    beat: Callable[[], None] = lambda: None,
) -> tuple[dict[str, Any] | None, bool]:
    """Erase what is due under the id `purge`: the body of its event, None when nothing is due, and
    whether more is. A call after a kill, with the same id, finishes what was begun."""
    at = now or datetime.now(UTC)
    for _ in range(_PLANS):
        found = due(engine, objects, store, rules, at)
        try:
            body = erase(engine, objects, store, purge, found.plan, beat)
        except Interrupted:
            continue  # somebody placed a hold, or wants again what would be erased
        break
    else:
        found.cases, found.more = {}, True
        body = told(engine, store, purge, Plan())
    _swept(engine, store, found, at)
    for old in old_rows(store, rules, at):
        body["erased"][old.name] = let_go(engine, store, old)
    return body if any(body["erased"].values()) else None, found.more


def _cases(
    session: Session, store: str, kind: str, before: datetime, held: Held
) -> Iterator[tuple[str, bool]]:
    """Closed since before `before` and not swept for `kind`, the oldest first; which are held.

    By pages, so that whoever is held or closed lately keeps nobody behind them waiting.
    """
    swept = exists().where(
        col(SweptRow.store_id) == SubmissionPicture.store_id,
        col(SweptRow.subject) == SubmissionPicture.id,
        col(SweptRow.kind) == kind,
    )
    opened, id = col(SubmissionPicture.opened_at), col(SubmissionPicture.id)
    query = (
        sqlalchemy.select(
            col(SubmissionPicture.id),
            col(SubmissionPicture.gpt),
            col(SubmissionPicture.publisher),
            col(SubmissionPicture.opened_at),
            col(SubmissionPicture.state)["since"].as_string(),
        )
        .where(
            col(SubmissionPicture.store_id) == store,
            col(SubmissionPicture.stage).in_(CLOSED),
            col(SubmissionPicture.opened_at) < before,
            ~swept,
        )
        .order_by(opened, id)
        .limit(_PAGE)
    )
    page = session.execute(query).all()
    while page:
        for case, gpt, publisher, _, since in page:
            if datetime.fromisoformat(since) < before:
                yield case, held.keeps(case, gpt, publisher)
        last, at = page[-1][0], page[-1][3]
        after = or_(opened > at, and_(opened == at, id > last))
        page = session.execute(query.where(after)).all()


def _swept(engine: Engine, store: str, found: Sweep, at: datetime) -> None:
    with writing(engine) as session:
        for kind, cases in found.cases.items():
            for case in cases:
                if session.get(SweptRow, (store, case, kind)) is None:
                    session.add(SweptRow(store_id=store, subject=case, kind=kind, swept_at=at))
