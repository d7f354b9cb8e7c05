"""A record without an orchestrator: decide here, record there, one clock for all."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import func, select

from gonogo.db.codec import PICTURES, state_of
from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of, migrate, reading
from gonogo.db.tables import EventRow, OutboxRow, StoreRow
from gonogo.packs import PackStore
from policies.lifecycle.kernel import RULES, Actor, Command, Fact
from policies.lifecycle.machines import MACHINES, fold, kind_of
from policies.wire import RecordAnswer, RecordRequest
from tests.builders import ADA, KEY, PUBLISHER, RUI, STORE, T0, command, signed
from tests.policies.states import HOLDS, PACK, SYS, listing_body, submission_body


def fast_engine(url: str) -> Engine:
    """What is tested here is not the disk: nothing waits for it."""
    engine = engine_of(url)
    if engine.dialect.name != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return engine


def new_database(url: str) -> None:
    """An empty, migrated database with one store, one verified publisher and the default pack."""
    engine = fast_engine(url)
    migrate(engine)
    identity = Identity(engine, STORE)
    identity.ensure_store("Test")
    identity.add_publisher("A", verified=True, publisher=PUBLISHER)
    PackStore(engine).install(PACK)
    engine.dispose()


class Desk:
    """`give` is a whole command: signed, decided on what is recorded now, recorded."""

    def __init__(self, url: str) -> None:
        self.engine = fast_engine(url)
        self.ledger = Ledger(self.engine, KEY)
        self.identity = Identity(self.engine, STORE)
        self.now = T0
        self._count = 0

    def wait(self, **time: float) -> "Desk":
        self.now += timedelta(**time)
        return self

    def state(self, subject: str) -> Any:
        """What the picture says; None before the first event."""
        kind = kind_of(subject)
        with reading(self.engine) as session:
            row: Any = session.get(PICTURES[kind], (STORE, subject))
            return state_of(kind, row.state) if row is not None else None

    def folded(self, subject: str) -> Any:
        return fold(kind_of(subject), self.ledger.events(STORE, subject))

    def order(
        self, kind: str, subject: str, actor: Actor, body: Mapping[str, Any] | None = None
    ) -> Command:
        self._count += 1
        order = command(kind, subject, actor, body, at=self.now, id=f"cmd_{subject}_{self._count}")
        return order if actor.is_system else signed(order)

    def give_seeing(
        self,
        kind: str,
        subject: str,
        actor: Actor,
        body: Mapping[str, Any],
        seen: Mapping[str, Any],
    ) -> RecordAnswer:
        """`give` with what was looked up, where that decides."""
        order, state = self.order(kind, subject, actor, body), self.state(subject)
        facts = MACHINES[kind_of(subject)].decide(state, order, self.now, seen)
        return self.ledger.record(self.request(order, facts))

    def request(
        self, order: Command, facts: tuple[Fact, ...] | None = None, at: datetime | None = None
    ) -> RecordRequest:
        """The request a workflow would make of `order`, decided on what is recorded now."""
        kind, state = kind_of(order.subject), self.state(order.subject)
        decided = MACHINES[kind].decide(state, order, self.now, HOLDS) if facts is None else facts
        return RecordRequest(
            kind=kind,
            expected_seq=state.seq if state else 0,
            command=order,
            facts=decided,
            occurred_at=at or self.now,
            pack=PACK.digest,
            rules=RULES,
        )

    def give(
        self, kind: str, subject: str, actor: Actor, body: Mapping[str, Any] | None = None
    ) -> RecordAnswer:
        return self.ledger.record(self.request(self.order(kind, subject, actor, body)))

    def review(self, kind: str, subject: str, actor: Actor, **changes: Any) -> RecordAnswer:
        """A well-formed command to a submission."""
        return self.give(
            kind, subject, actor, submission_body(kind, self.state(subject), **changes)
        )

    def queued(self, number: int, digest: str = "d1", **opening: Any) -> str:
        """Case `sub_<number>` of GPT `gpt_<number>`, waiting for a reviewer."""
        subject = f"sub_{number}"
        self.review("submit", subject, ADA, **{"gpt": f"gpt_{number}", "digest": digest} | opening)
        self.review("scanned", subject, SYS)
        self.review("tested", subject, SYS)
        return subject

    def approved(self, number: int, digest: str = "d1") -> str:
        """An approval that has taken effect."""
        subject = self.queued(number, digest)
        self.review("claim", subject, RUI)
        self.review("approve", subject, RUI)
        self.wait(minutes=11).review("settle", subject, SYS, release=f"rel_{number}")
        return subject

    def exposing(self, number: int, **changes: Any) -> RecordRequest:
        """The system's order to expose the approved digest of case `number`."""
        body = listing_body("expose") | {
            "gpt": f"gpt_{number}",
            "submission": f"sub_{number}",
            "release": f"rel_{number}",
        }
        return self.request(self.order("expose", f"lst_{number}", SYS, body | changes))

    def stop(self, scope: str, target: str, actor: Actor) -> RecordAnswer:
        self._count += 1
        body = {"scope": scope, "target": target, "reason": "unsafe"}
        return self.give("place", f"stp_{self._count}", actor, body)

    def totals(self) -> tuple[int, int, int]:
        """Events, outbox rows, the store's position: what a refusal must leave as it was."""
        with reading(self.engine) as session:
            events = session.exec(select(func.count()).select_from(EventRow)).one()
            outbox = session.exec(select(func.count()).select_from(OutboxRow)).one()
            store = session.get(StoreRow, STORE)
            assert store is not None
            return events, outbox, store.position


def forged(request: RecordRequest, **changes: Any) -> RecordRequest:
    """`request` with a command changed after it was signed."""
    return replace(request, command=replace(request.command, **changes))
