"""From the outbox to deliveries: read what happened, ask the rules who is told, write rows.

An outbox row is marked in the transaction that writes its deliveries, and their ids follow from
what they are about: a second worker, or the same one after a kill, writes nothing twice.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, String, cast, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gonogo.db.bound_people import bound_people, silent_people
from gonogo.db.codec import event_of
from gonogo.db.notices import AddressRow, DeliveryRow, NoticeRow, PreferenceRow, WebhookRow
from gonogo.db.owing_people import owing_people
from gonogo.db.people import MemberRow, PersonRow
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, OutboxRow
from gonogo.logs import log
from policies.lifecycle.kernel import Event
from policies.lifecycle.machines import MACHINES, kind_of
from policies.pack import PolicyPack
from policies.rules.notice_facts import Facts, facts_of, facts_value
from policies.rules.notice_topics import (
    NOTICES,
    PERSONS_CHANNELS,
    Channel,
    Preferences,
    preferences_of,
    slot,
)
from policies.rules.notices import Person, Telling, owing_in, recipients, tellings
from policies.rules.webhook_rules import wants

BATCH = 50
STAFF_MOST = 500
BOUND_MOST = 5_000  # people of publishers in a launch who are told of it
CATCH_UP_MOST = 1_000
# After a long standstill the inbox holds everything; nobody wants last month's mail today.
TOO_OLD = timedelta(days=7)
EVENT = "event"  # the notice of webhooks


@dataclass(frozen=True)
class Happened:
    """One event with the subject's state before and after it."""

    event: Event
    before: Any
    after: Any


@dataclass(frozen=True)
class _Reached:
    people: tuple[Person, ...]
    preferences: Mapping[str, Preferences]
    addressed: frozenset[str]


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
            told = {one.event.position: self._told(one) for one in happened}
            reached = self._reached(session, [t for some in told.values() for t in some])
            webhooks = self._webhooks(session, {_publisher(one) for one in happened})
        rows: list[NoticeRow | DeliveryRow] = []
        for one in happened:
            rows += self._people_rows(one, told[one.event.position], reached, at)
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

    def _told(self, one: Happened) -> tuple[Telling, ...]:
        return tellings(one.event, one.before, one.after)

    def _reached(self, session: Session, told: Iterable[Telling]) -> _Reached:
        """Everybody who may be meant, in six queries whatever the batch holds."""
        audiences = [telling.audience for telling in told]
        owners = {a.owners_of for a in audiences if a.owners_of}
        named = {person for a in audiences for person in a.people}
        roles = sorted({role for a in audiences for role in a.roles})
        launches = bound_people(
            session, self.store, {a.bound_to for a in audiences if a.bound_to}, BOUND_MOST
        )
        silent = silent_people(
            session, self.store, {a.silent_in for a in audiences if a.silent_in}, BOUND_MOST
        )
        takers = {*launches, *silent}
        members = session.exec(
            select(MemberRow.person).where(
                MemberRow.store_id == self.store, col(MemberRow.publisher).in_(owners)
            )
        ).all()
        owing = {a.bound_to for a in audiences if a.bound_to and a.owing}
        for person, of in owing_people(
            session, self.store, owing, self._in_force, BOUND_MOST
        ).items():
            launches.setdefault(person, set()).update(map(owing_in, of))
        text = cast(col(PersonRow.roles), String)
        chosen = [col(PersonRow.id).in_({*named, *members, *takers})]
        chosen += [text.like(f'%"{role}"%') for role in roles]
        people = session.exec(
            select(PersonRow)
            .where(PersonRow.store_id == self.store, col(PersonRow.left_at).is_(None), or_(*chosen))
            .order_by(col(PersonRow.id))
            .limit(STAFF_MOST + len(takers))
        ).all()
        full = BOUND_MOST in (len(launches), len(silent))
        if full or len(people) == STAFF_MOST + len(takers):
            log.warning("notices_many_people", store=self.store, most=len(people))
        ids = [person.id for person in people]
        belong: dict[str, set[str]] = {}
        for row in session.exec(
            select(MemberRow).where(
                MemberRow.store_id == self.store, col(MemberRow.person).in_(ids)
            )
        ):
            belong.setdefault(row.person, set()).add(row.publisher)
        preferences = session.exec(
            select(PreferenceRow).where(
                PreferenceRow.store_id == self.store, col(PreferenceRow.person).in_(ids)
            )
        )
        addressed = session.exec(
            select(AddressRow.person).where(
                AddressRow.store_id == self.store,
                col(AddressRow.person).in_(ids),
                col(AddressRow.confirmed_at).is_not(None),
            )
        )
        return _Reached(
            tuple(
                Person(
                    p.id,
                    frozenset(p.roles),
                    frozenset(belong.get(p.id, ())),
                    frozenset(launches.get(p.id, ())),
                    frozenset(silent.get(p.id, ())),
                )
                for p in people
            ),
            {row.person: preferences_of(row.value) for row in preferences},
            frozenset(addressed),
        )

    def _people_rows(
        self, one: Happened, told: tuple[Telling, ...], reached: _Reached, now: datetime
    ) -> list[NoticeRow | DeliveryRow]:
        found: list[NoticeRow | DeliveryRow] = []
        meant = recipients(told, reached.people, one.event.actor_id)
        for notice, ids in meant.items():
            row = notice_row(one.event, notice, facts_of(one.event, one.after), now)
            found.append(row)
            for person in ids:
                found += self._by_channel(row, person, reached, now)
        return found

    def _by_channel(
        self, row: NoticeRow, person: str, reached: _Reached, now: datetime
    ) -> list[DeliveryRow]:
        """At most one delivery per channel, at the time this person prefers."""
        found = []
        preferences = reached.preferences.get(person, Preferences())
        old = now - row.created_at > TOO_OLD
        for channel in PERSONS_CHANNELS:
            mail = channel is Channel.MAIL
            if mail and (not self._mail or old or person not in reached.addressed):
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
        row = notice_row(one.event, EVENT, facts, now)
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


def notice_row(event: Event, notice: str, facts: Facts, now: datetime) -> NoticeRow:
    return NoticeRow(
        store_id=event.store,
        id=_id("ntc", event.store, str(event.position), notice),
        notice=notice,
        position=event.position,
        subject=event.subject,
        type=event.type,
        facts=facts_value(facts),
        created_at=event.recorded_at,
    )


def delivery_row(
    notice: NoticeRow, channel: Channel, recipient: str, at: datetime, *, digest: str | None = None
) -> DeliveryRow:
    """A delivery to the inbox has arrived as soon as it is written."""
    inbox = channel is Channel.INBOX
    delivery = _id("dlv", notice.id, channel.value, recipient)
    part_of = _id("dgs", notice.store_id, recipient, digest) if digest else None
    return DeliveryRow(
        store_id=notice.store_id,
        id=delivery,
        notice_id=notice.id,
        channel=channel.value,
        recipient=recipient,
        subject=notice.subject,
        position=notice.position,
        topic=NOTICES[notice.notice].topic.value if notice.notice in NOTICES else "",
        state="sent" if inbox else "waiting",
        attempts=0,
        created_at=notice.created_at,
        next_at=None if inbox else at,
        finished_at=at if inbox else None,
        # All parts of a digest are one message.
        message_id=part_of or delivery.replace("dlv_", "msg_"),
        digest=digest,
    )


def _unreadable(row: EventRow, error: str) -> list[NoticeRow | DeliveryRow]:
    event = event_of(row)
    notice = notice_row(event, EVENT, Facts(), event.recorded_at)
    dead = delivery_row(notice, Channel.WEBHOOK, "", event.recorded_at)
    dead.state, dead.receipt, dead.next_at = "dead", f"unreadable:{error}", None
    return [notice, dead]


def _id(prefix: str, *parts: str) -> str:
    return f"{prefix}_{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:32]}"
