"""From the outbox to deliveries: read what happened, ask the rules who is told, write rows.

An outbox row is marked in the transaction that writes its deliveries, and their ids follow from
what they are about: a second worker, or the same one after a kill, writes nothing twice.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gonogo.db.codec import event_of
from gonogo.db.notices import DeliveryRow, NoticeRow, WebhookRow
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, OutboxRow
from gonogo.logs import log
from gonogo.notices.reach import Reached, reached
from gonogo.notices.rows import EVENT, delivery_row, notice_row
from policies.lifecycle.kernel import Event
from policies.lifecycle.machines import MACHINES, kind_of
from policies.pack import PolicyPack
from policies.rules.notice_facts import Facts, facts_of
from policies.rules.notice_topics import PERSONS_CHANNELS, Channel, Preferences, slot
from policies.rules.notices import Telling, recipients, tellings
from policies.rules.webhook_rules import wants

BATCH = 50
CATCH_UP_MOST = 1_000
# After a long standstill the inbox holds everything; nobody wants last month's mail today.
TOO_OLD = timedelta(days=7)


@dataclass(frozen=True)
class Happened:
    """One event with the subject's state before and after it."""

    event: Event
    before: Any
    after: Any


class Fanout:
    """Of one store. `mail`: a mail server is configured; without one the inbox has it all.
    `in_force`: the policies that builders accept, None: those that a launch pins."""

    def __init__(
        self,
        engine: Engine,
        store: str,
        zone: str,
        *,
        mail: bool,
        in_force: PolicyPack | None = None,
    ) -> None:
        self._engine, self.store, self._zone, self._mail = engine, store, ZoneInfo(zone), mail
        self._in_force = in_force

    def waiting(self) -> bool:
        with reading(self._engine) as session:
            return bool(self._outbox(session, 1))

    def batch(self, now: datetime | None = None) -> int:
        """Turn up to `BATCH` outbox rows into deliveries; how many were taken."""
        at = now or datetime.now(UTC)
        with reading(self._engine) as session:
            positions = [row.position for row in self._outbox(session, BATCH)]
            happened, faults = self._happened(session, positions)
            told = {
                one.event.position: tellings(one.event, one.before, one.after) for one in happened
            }
            everything = [telling for some in told.values() for telling in some]
            reach = reached(session, self.store, everything, self._in_force)
            webhooks = self._webhooks(session, {_publisher(one) for one in happened})
        rows: list[NoticeRow | DeliveryRow] = []
        for one in happened:
            rows += self._people_rows(one, told[one.event.position], reach, at)
            rows += self._webhook_rows(one, webhooks, at)
        rows += faults
        with writing(self._engine) as session:
            self._keep(session, rows)
            session.connection().execute(
                update(OutboxRow)
                .where(
                    col(OutboxRow.store_id) == self.store,
                    col(OutboxRow.position).in_(positions),
                    col(OutboxRow.delivered_at).is_(None),
                )
                .values(delivered_at=at)
            )
        return len(positions)

    def catch_up(self, hook: WebhookRow, since: datetime) -> int:
        """Deliveries to one webhook of what it was never sent since a moment, at most the newest
        thousand events: what happened while it was switched off."""
        now = datetime.now(UTC)
        with reading(self._engine) as session:
            had = select(DeliveryRow.position).where(
                DeliveryRow.store_id == self.store, DeliveryRow.recipient == hook.id
            )
            positions = session.exec(
                select(EventRow.position)
                .where(
                    EventRow.store_id == self.store,
                    col(EventRow.recorded_at) >= max(since, hook.created_at),
                    col(EventRow.position).not_in(had),
                )
                .order_by(col(EventRow.position).desc())
                .limit(CATCH_UP_MOST)
            ).all()
            rows: list[NoticeRow | DeliveryRow] = []
            for start in range(0, len(positions), BATCH):
                happened, _ = self._happened(session, list(positions[start : start + BATCH]))
                for one in happened:
                    rows += self._webhook_rows(one, [hook], now, old=True)
        with writing(self._engine) as session:
            self._keep(session, rows)
        return sum(isinstance(row, DeliveryRow) for row in rows)

    def _outbox(self, session: Session, limit: int) -> list[OutboxRow]:
        rows = session.exec(
            select(OutboxRow)
            .where(OutboxRow.store_id == self.store, col(OutboxRow.delivered_at).is_(None))
            .order_by(col(OutboxRow.position))
            .limit(limit)
        )
        return list(rows)

    def _happened(
        self, session: Session, positions: list[int]
    ) -> tuple[list[Happened], list[NoticeRow | DeliveryRow]]:
        """The events at `positions`, folded; and a dead delivery for each that cannot be."""
        wanted = session.exec(
            select(EventRow).where(
                EventRow.store_id == self.store, col(EventRow.position).in_(positions)
            )
        ).all()
        last = {row.subject: row.seq for row in sorted(wanted, key=lambda row: row.seq)}
        found, faults = [], []
        for subject, seq in last.items():
            rows = session.exec(
                select(EventRow)
                .where(
                    EventRow.store_id == self.store,
                    EventRow.subject == subject,
                    EventRow.seq <= seq,
                )
                .order_by(col(EventRow.seq))
            )
            try:
                found += _folded([event_of(row) for row in rows], set(positions))
            except (KeyError, TypeError, ValueError, AttributeError) as fault:
                # One subject nobody can read must not keep the others from being told.
                log.error("notices_unreadable", subject=subject, error=type(fault).__name__)
                for row in wanted:
                    if row.subject == subject:
                        faults += _unreadable(row, type(fault).__name__)
        return sorted(found, key=lambda one: one.event.position), faults

    def _people_rows(
        self, one: Happened, told: tuple[Telling, ...], reach: Reached, now: datetime
    ) -> list[NoticeRow | DeliveryRow]:
        found: list[NoticeRow | DeliveryRow] = []
        meant = recipients(told, reach.people, one.event.actor_id)
        for notice, ids in meant.items():
            row = notice_row(one.event, notice, facts_of(one.event, one.after))
            found.append(row)
            for person in ids:
                found += self._by_channel(row, person, reach, now)
        return found

    def _by_channel(
        self, row: NoticeRow, person: str, reach: Reached, now: datetime
    ) -> list[DeliveryRow]:
        """At most one delivery per channel, at the time this person prefers."""
        found = []
        preferences = reach.preferences.get(person, Preferences())
        old = now - row.created_at > TOO_OLD
        for channel in PERSONS_CHANNELS:
            mail = channel is Channel.MAIL
            if mail and (not self._mail or old or person not in reach.addressed):
                continue
            when = slot(row.notice, channel, preferences, now, self._zone)
            if when is not None:
                found.append(delivery_row(row, channel, person, when.at, digest=when.digest))
        return found

    def _webhooks(self, session: Session, publishers: set[str | None]) -> list[WebhookRow]:
        """Of the store and of these publishers; how many one may have is bounded where they are
        made."""
        rows = session.exec(
            select(WebhookRow)
            .where(
                WebhookRow.store_id == self.store,
                WebhookRow.state == "active",
                or_(
                    col(WebhookRow.publisher).is_(None),
                    col(WebhookRow.publisher).in_({one for one in publishers if one}),
                ),
            )
            .order_by(col(WebhookRow.id))
        )
        return list(rows)

    def _webhook_rows(
        self, one: Happened, webhooks: list[WebhookRow], now: datetime, *, old: bool = False
    ) -> list[NoticeRow | DeliveryRow]:
        facts = facts_of(one.event, one.after)
        meant = [
            hook
            for hook in webhooks
            if wants(tuple(hook.types), one.event.type)
            and hook.publisher in (None, facts.publisher)
            and hook.created_at <= one.event.recorded_at
        ]
        if not meant or (now - one.event.recorded_at > TOO_OLD and not old):
            return []
        row = notice_row(one.event, EVENT, facts)
        return [row, *(delivery_row(row, Channel.WEBHOOK, hook.id, now) for hook in meant)]

    def _keep(self, session: Session, rows: list[NoticeRow | DeliveryRow]) -> None:
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        for table in (NoticeRow, DeliveryRow):
            values = [row.model_dump() for row in rows if type(row) is table]
            if values:
                session.connection().execute(insert(table).on_conflict_do_nothing(), values)


def _folded(events: list[Event], positions: set[int]) -> list[Happened]:
    evolve = MACHINES[kind_of(events[0].subject)].evolve
    state: Any = None
    found: list[Happened] = []
    for event in events:
        before, state = state, evolve(state, event)
        if event.position in positions:
            found.append(Happened(event, before, state))
    return found


def _publisher(one: Happened) -> str | None:
    return facts_of(one.event, one.after).publisher


def _unreadable(row: EventRow, error: str) -> list[NoticeRow | DeliveryRow]:
    event = event_of(row)
    notice = notice_row(event, EVENT, Facts())
    dead = delivery_row(notice, Channel.WEBHOOK, "", event.recorded_at)
    dead.state, dead.receipt, dead.next_at = "dead", f"unreadable:{error}", None
    return [notice, dead]
