"""What the pack's retention lets go: texts, bundles and transcripts of closed cases, old rows.

One sweep takes at most `CASES` cases and is a purge of its own in the record (`purge:swept`), with
tombstones like any other. Legal holds keep what they cover. Approved cases are never swept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func
from sqlmodel import Session, and_, col, exists, or_, select

from gonogo.db.erasures import SweptRow
from gonogo.db.purges import holding
from gonogo.db.session import reading, writing
from gonogo.db.signin import SessionRow
from gonogo.db.tables import OutboxRow, SubmissionPicture
from gonogo.erasable import Plan, plan_of_cases
from gonogo.erasure import erase
from gonogo.objects import Objects
from policies.pack import Retention

CASES = 50
ROWS = 5_000
CLOSED = ("rejected", "withdrawn", "expired")
KINDS = ("transcripts", "bundles", "prose")


@dataclass
class Sweep:
    """What is due now. `cases` are by kind; `more`: another sweep finds more."""

    cases: dict[str, list[str]] = field(default_factory=dict)
    sessions: int = 0
    outbox: int = 0
    held: int = 0
    more: bool = False
    plan: Plan = field(default_factory=Plan)

    def counts(self) -> dict[str, Any]:
        return {
            "cases": {kind: len(cases) for kind, cases in self.cases.items()},
            "erased": {
                "prose": len(self.plan.prose),
                "objects": len(self.plan.objects),
                "sessions": self.sessions,
                "outbox": self.outbox,
            },
            "kept": {"prose": self.plan.kept_prose, "objects": self.plan.kept_objects},
            "held": self.held,
            "more": self.more,
        }

    @property
    def is_empty(self) -> bool:
        return not any(self.cases.values()) and not self.sessions and not self.outbox


def due(engine: Engine, objects: Objects, store: str, rules: Retention, now: datetime) -> Sweep:
    """A dry run: looks and changes nothing."""
    found = Sweep()
    with reading(engine) as session:
        for kind in KINDS:
            days = getattr(rules, f"{kind}_d")
            if days is None:
                continue
            cases = _cases(session, store, kind, now - timedelta(days=days))
            found.more |= len(cases) == CASES
            free = [one for one in cases if not holding(session, store, "submission", one)]
            found.held += len(cases) - len(free)
            found.cases[kind] = free
        found.sessions = _count(session, SessionRow, _old_sessions(store, rules, now))
        found.outbox = _count(session, OutboxRow, _old_outbox(store, rules, now))
    found.more |= found.sessions > ROWS or found.outbox > ROWS
    found.plan = plan_of_cases(
        engine,
        objects,
        store,
        prose=set(found.cases.get("prose", ())),
        bundles=set(found.cases.get("bundles", ())),
        transcripts=set(found.cases.get("transcripts", ())),
    )
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
    found = due(engine, objects, store, rules, at)
    body = erase(engine, objects, store, purge, found.plan, beat)
    anything = any(body["erased"].values())
    if found.is_empty and not anything:
        return None, False
    with writing(engine) as session:
        for kind, cases in found.cases.items():
            for case in cases:
                if session.get(SweptRow, (store, case, kind)) is None:
                    session.add(SweptRow(store_id=store, subject=case, kind=kind, swept_at=at))
        for name, table, which in (
            ("sessions", SessionRow, _old_sessions(store, rules, at)),
            ("outbox", OutboxRow, _old_outbox(store, rules, at)),
        ):
            body["erased"][name] = _delete(session, table, which)
    return body if any(body["erased"].values()) else None, found.more


def _cases(session: Session, store: str, kind: str, before: datetime) -> list[str]:
    """Closed since before `before` and not swept for `kind`, the oldest first."""
    swept = exists().where(
        col(SweptRow.store_id) == SubmissionPicture.store_id,
        col(SweptRow.subject) == SubmissionPicture.id,
        col(SweptRow.kind) == kind,
    )
    rows = session.exec(
        select(SubmissionPicture)
        .where(
            SubmissionPicture.store_id == store,
            col(SubmissionPicture.stage).in_(CLOSED),
            col(SubmissionPicture.opened_at) < before,
            ~swept,
        )
        .order_by(col(SubmissionPicture.opened_at), col(SubmissionPicture.id))
        .limit(CASES)
    )
    return [row.id for row in rows if datetime.fromisoformat(row.state["since"]) < before]


def _old_sessions(store: str, rules: Retention, now: datetime) -> Any:
    if rules.sessions_d is None:
        return None
    before = now - timedelta(days=rules.sessions_d)
    ended = or_(col(SessionRow.expires_at) < before, col(SessionRow.revoked_at) < before)
    return and_(col(SessionRow.store_id) == store, ended)


def _old_outbox(store: str, rules: Retention, now: datetime) -> Any:
    """Notices that were delivered; an undelivered one is never let go."""
    if rules.outbox_d is None:
        return None
    before = now - timedelta(days=rules.outbox_d)
    return and_(col(OutboxRow.store_id) == store, col(OutboxRow.delivered_at) < before)


def _count(session: Session, table: Any, which: Any) -> int:
    if which is None:
        return 0
    return session.exec(select(func.count()).select_from(table).where(which)).one()


def _delete(session: Session, table: Any, which: Any) -> int:
    """At most `ROWS` rows; the next sweep goes on."""
    if which is None:
        return 0
    keys = list(table.__table__.primary_key)
    rows = session.execute(select(*keys).where(which).limit(ROWS)).all()
    for row in rows:
        session.execute(
            delete(table).where(and_(*(key == value for key, value in zip(keys, row, strict=True))))
        )
    return len(rows)
