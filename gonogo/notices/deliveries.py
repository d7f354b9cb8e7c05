"""Deliveries on their way: claimed, tried, finished or tried again, dead, replayed.

A claim moves `next_at` on by a lease and counts the attempt. Whoever claimed and was killed leaves
a row that is due again when the lease ends: sent twice at worst, under the same id.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from gonogo.db.notices import AttemptRow, DeliveryRow, NoticeRow
from gonogo.db.session import reading, writing
from gonogo.notices.rendering import Sheet
from gonogo.notices.sheets import sheets
from policies.rules.notice_topics import Channel
from policies.rules.webhook_rules import retry_at

LEASE = timedelta(minutes=3)
CLAIM = 20
DIGEST_MOST = 50
# Seconds after each failed attempt of a mail: two and a half days in all, as mail servers do.
MAIL_RETRY_S = (60, 300, 900, 3_600, 14_400, 43_200, 57_600, 86_400)


@dataclass(frozen=True)
class Outgoing:
    """A claimed delivery. `parts` are the deliveries that this one message carries."""

    row: DeliveryRow
    notice: NoticeRow
    sheet: Sheet
    parts: tuple[DeliveryRow, ...] = ()
    sheets: tuple[Sheet, ...] = ()


@dataclass(frozen=True)
class Result:
    """How an attempt ended. `final`: trying again is pointless."""

    ok: bool
    outcome: str  # a code
    status: int | None
    latency_ms: int
    final: bool = False
    not_before: datetime | None = None  # the other side named a time


class Deliveries:
    """Of one store and channel."""

    def __init__(
        self, engine: Engine, store: str, channel: Channel, schedule: tuple[int, ...]
    ) -> None:
        self._engine, self.store, self.channel, self._schedule = engine, store, channel, schedule

    def due(self, now: datetime | None = None) -> bool:
        with reading(self._engine) as session:
            return bool(self._due(session, now or datetime.now(UTC), 1))

    def claim(
        self, busy: frozenset[str] = frozenset(), *, now: datetime | None = None, limit: int = CLAIM
    ) -> list[Outgoing]:
        """Take what is due, the oldest first; one per recipient and none of those that are `busy`,
        so that whoever is slow or broken takes one place and not all."""
        at = now or datetime.now(UTC)
        with writing(self._engine) as session:
            taken: list[tuple[DeliveryRow, tuple[DeliveryRow, ...]]] = []
            seen: set[str] = set()
            for row in self._due(session, at, limit * 5, busy):
                if row.recipient in seen or len(taken) == limit:
                    continue
                seen.add(row.recipient)
                parts = self._parts(session, row)
                for part in parts or (row,):
                    part.attempts, part.next_at = part.attempts + 1, at + LEASE
                    session.add(part)
                taken.append((row, parts))
            session.flush()
            return [one for row, parts in taken if (one := self._outgoing(session, row, parts))]

    def finish(self, out: Outgoing, result: Result, now: datetime | None = None) -> str:
        """Keep how it ended; the state it is in now: sent, waiting or dead."""
        at = now or datetime.now(UTC)
        again = None if result.ok or result.final else self._again(out.row, result, at)
        state = "sent" if result.ok else "waiting" if again else "dead"
        with writing(self._engine) as session:
            for row in out.parts or (out.row,):
                there = session.get(DeliveryRow, (self.store, row.id))
                if there is None or there.state == "sent":
                    continue
                there.state, there.receipt, there.next_at = state, result.outcome, again
                there.finished_at = None if state == "waiting" else at
                session.add(there)
            # Counted here and not with the claims: a replay begins its schedule anew.
            before = session.exec(
                select(func.max(AttemptRow.number)).where(
                    AttemptRow.store_id == self.store, AttemptRow.delivery == out.row.id
                )
            ).one()
            session.add(
                AttemptRow(
                    store_id=self.store,
                    delivery=out.row.id,
                    number=(before or 0) + 1,
                    at=at,
                    outcome=result.outcome,
                    status=result.status,
                    latency_ms=result.latency_ms,
                )
            )
        return state

    def _again(self, row: DeliveryRow, result: Result, now: datetime) -> datetime | None:
        at = retry_at(self._schedule, row.attempts, now)
        return max(at, result.not_before) if at and result.not_before else at

    def _due(
        self, session: Session, now: datetime, limit: int, busy: frozenset[str] = frozenset()
    ) -> list[DeliveryRow]:
        rows = session.exec(
            select(DeliveryRow)
            .where(
                DeliveryRow.store_id == self.store,
                DeliveryRow.channel == self.channel.value,
                DeliveryRow.state == "waiting",
                col(DeliveryRow.next_at) <= now,
                col(DeliveryRow.recipient).not_in(busy),
            )
            .order_by(col(DeliveryRow.next_at), col(DeliveryRow.position), col(DeliveryRow.id))
            .limit(limit)
        )
        return list(rows)

    def _parts(self, session: Session, row: DeliveryRow) -> tuple[DeliveryRow, ...]:
        """All deliveries that go out as one digest with `row`."""
        if row.digest is None:
            return ()
        rows = session.exec(
            select(DeliveryRow)
            .where(
                DeliveryRow.store_id == self.store,
                DeliveryRow.channel == self.channel.value,
                DeliveryRow.recipient == row.recipient,
                DeliveryRow.message_id == row.message_id,
                DeliveryRow.state == "waiting",
            )
            .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
        )
        return tuple(rows)

    def _outgoing(
        self, session: Session, row: DeliveryRow, parts: tuple[DeliveryRow, ...]
    ) -> Outgoing | None:
        shown = parts[:DIGEST_MOST] or (row,)
        notices = {
            one.id: one
            for one in session.exec(
                select(NoticeRow).where(
                    NoticeRow.store_id == self.store,
                    col(NoticeRow.id).in_([part.notice_id for part in shown]),
                )
            )
        }
        if row.notice_id not in notices:
            return None
        made = sheets(session, notices.values())
        told = tuple(made[part.notice_id] for part in shown if part.notice_id in made)
        return Outgoing(row, notices[row.notice_id], made[row.notice_id], parts, told)
