"""Many open cases in little time: through the real rules and the real record, without the engine.

Each case is three commands (submit, scanned, tested), decided by the machine and appended by
`Ledger.record` as events, picture and outbox. Only the flush to disk is left to the operating
system while filling. Their workflows are started afterwards, as `gonogo recover` does it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import Session

from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of
from gonogo.db.tables import GptRow, RevisionRow
from gonogo.ids import new_id
from gonogo.settings import Settings
from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Actor, Command, Event, iso, mac_of
from policies.lifecycle.submission import MACHINE
from policies.lifecycle.submission_state import Submission
from policies.lifecycle.terms import terms_from
from policies.pack import PolicyPack
from policies.wire import RecordRequest

_SPREAD = timedelta(days=3)  # due dates lie this far apart at most


def fill(settings: Settings, pack: PolicyPack, cases: int, publisher: str, person: str) -> None:
    """`cases` queued cases of `publisher`, submitted by `person`. Raises `RuntimeError` when the
    record refuses one."""
    engine = quick_engine(settings)
    ada = Actor(person, ("developer",), (publisher,))
    ledger, key = Ledger(engine, settings.mac_key()), settings.mac_key()
    digest = "d" * 64
    for number in range(cases):
        gpt = _gpt(engine, settings.store, publisher, digest, number)
        _case(ledger, key, settings.store, pack, ada, gpt, digest, number / max(1, cases))
    engine.dispose()


def quick_engine(settings: Settings) -> Engine:
    """An engine that leaves flushing to the operating system."""
    engine = engine_of(settings.database)
    if engine.dialect.name != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def leave_flushing_to_the_system(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return engine


def _gpt(engine: Engine, store: str, publisher: str, digest: str, number: int) -> str:
    gpt, now, name = new_id("gpt"), datetime.now(UTC), f"Filled {number}"
    with Session(engine) as session, session.begin():
        session.add(
            GptRow(
                store_id=store,
                id=gpt,
                publisher=publisher,
                name=name,
                category=None,
                created_at=now,
            )
        )
        session.add(
            RevisionRow(
                store_id=store,
                gpt=gpt,
                digest=digest,
                name=name,
                description="One of many.",
                category=None,
                starters=[],
                created_at=now,
            )
        )
    return gpt


def _case(
    ledger: Ledger,
    key: bytes,
    store: str,
    pack: PolicyPack,
    ada: Actor,
    gpt: str,
    digest: str,
    share: float,
) -> None:
    now, subject = datetime.now(UTC), new_id("sub")
    due = now + timedelta(days=1) + _SPREAD * share
    state: Submission | None = None
    for kind, actor, body in (
        (
            "submit",
            ada,
            {
                "gpt": gpt,
                "publisher": ada.publishers[0],
                "digest": digest,
                "terms": terms_from(pack),
                "pack": pack.digest,
            },
        ),
        (
            "scanned",
            SYSTEM_ACTOR,
            {
                "evidence": ["e" * 64],
                "blocking": 0,
                "rules": [],
                "tier": ("low", "medium", "high")[int(share * 100) % 3],
                "reasons": [],
            },
        ),
        (
            "tested",
            SYSTEM_ACTOR,
            {
                "evidence": ["f" * 64],
                "blocked_by": [],
                "why": [],
                "due_at": iso(due),
                "incomplete": False,
            },
        ),
    ):
        seq = state.seq if state else 0
        bare = Command(f"{subject}:{seq}:{kind}", kind, store, subject, actor, now, body)
        command = replace(bare, mac=mac_of(bare, key))
        facts = MACHINE.decide(state, command, now, {})
        answer = ledger.record(
            RecordRequest("submission", seq, command, facts, now, pack.digest, RULES)
        )
        if answer.outcome != "stored":
            raise RuntimeError(f"the record says {answer.outcome}: {answer.refusal}")
        state = _fold(state, answer.events)


def _fold(state: Submission | None, events: tuple[Event, ...]) -> Submission | None:
    for one in events:
        state = MACHINE.evolve(state, one)
    return state
