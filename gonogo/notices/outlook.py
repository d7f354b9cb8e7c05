"""What operators and owners see of deliveries, and how they send again."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, update
from sqlmodel import col, func, select

from gonogo.db.notices import AttemptRow, DeliveryRow, NoticeRow
from gonogo.db.session import reading, writing
from policies.rules.notice_topics import Channel

REPLAY_MOST = 1_000


@dataclass
class Receipt:
    """How many were told of one event. `people` counts inboxes; the rest are messages."""

    people: int = 0
    mails: int = 0
    bounced: int = 0  # mails that were given up
    webhooks: int = 0
    failed: int = 0  # webhooks that were given up
    waiting: int = 0

    def add(self, channel: str, state: str, count: int) -> None:
        if channel == Channel.INBOX:
            self.people += count
        elif state == "waiting":
            self.waiting += count
        elif channel == Channel.MAIL:
            self.mails += count if state == "sent" else 0
            self.bounced += count if state == "dead" else 0
        else:
            self.webhooks += count if state == "sent" else 0
            self.failed += count if state == "dead" else 0


class Outlook:
    """Of one store."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self.store = engine, store

    def dead(self, channel: Channel, limit: int = 50) -> list[DeliveryRow]:
        """What was given up, the newest first."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(DeliveryRow)
                .where(
                    DeliveryRow.store_id == self.store,
                    DeliveryRow.channel == channel.value,
                    DeliveryRow.state == "dead",
                )
                .order_by(col(DeliveryRow.created_at).desc(), col(DeliveryRow.id))
                .limit(limit)
            )
            return list(rows)

    def again(self, delivery: str) -> bool:
        """Send one again that was given up. False: none of this id was."""
        with writing(self._engine) as session:
            row = session.get(DeliveryRow, (self.store, delivery))
            if row is None or row.state != "dead" or not row.recipient:
                return False
            row.state, row.attempts, row.finished_at = "waiting", 0, None
            row.next_at = datetime.now(UTC)
            session.add(row)
        return True

    def put_aside(self, delivery: str) -> bool:
        """Nobody needs one any more that was given up: it goes with its time. False: none of this
        id was given up."""
        with writing(self._engine) as session:
            row = session.get(DeliveryRow, (self.store, delivery))
            if row is None or row.state != "dead":
                return False
            row.state, row.finished_at = "put_aside", datetime.now(UTC)
            session.add(row)
        return True

    def counts(self) -> dict[tuple[str, str], int]:
        """How many wait and how many are dead, by channel and state."""
        query = (
            select(DeliveryRow.channel, DeliveryRow.state, func.count())
            .where(
                DeliveryRow.store_id == self.store,
                col(DeliveryRow.state).in_(("waiting", "dead")),
            )
            .group_by(col(DeliveryRow.channel), col(DeliveryRow.state))
        )
        with reading(self._engine) as session:
            return {(channel, state): n for channel, state, n in session.exec(query)}

    def of(
        self, recipient: str, *, limit: int = 50
    ) -> list[tuple[DeliveryRow, NoticeRow, list[AttemptRow]]]:
        """The newest deliveries to one recipient, with their tries."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(DeliveryRow, NoticeRow)
                .where(
                    DeliveryRow.store_id == self.store,
                    DeliveryRow.recipient == recipient,
                    NoticeRow.store_id == self.store,
                    NoticeRow.id == DeliveryRow.notice_id,
                )
                .order_by(col(DeliveryRow.created_at).desc(), col(DeliveryRow.id).desc())
                .limit(limit)
            ).all()
            tries: dict[str, list[AttemptRow]] = {}
            for attempt in session.exec(
                select(AttemptRow)
                .where(
                    AttemptRow.store_id == self.store,
                    col(AttemptRow.delivery).in_([delivery.id for delivery, _ in rows]),
                )
                .order_by(col(AttemptRow.number))
            ):
                tries.setdefault(attempt.delivery, []).append(attempt)
        return [(delivery, notice, tries.get(delivery.id, [])) for delivery, notice in rows]

    def replay(
        self,
        recipient: str,
        *,
        delivery: str | None = None,
        since: datetime | None = None,
        also_sent: bool = False,
    ) -> int:
        """Send again, under the same ids: one delivery, or what was given up (or everything) since
        a moment, at most a thousand. How many are on their way now."""
        now = datetime.now(UTC)
        wanted = [
            col(DeliveryRow.store_id) == self.store,
            col(DeliveryRow.recipient) == recipient,
            col(DeliveryRow.channel) != Channel.INBOX.value,
        ]
        if delivery is not None:
            wanted.append(col(DeliveryRow.id) == delivery)
        else:
            states = ("dead", "sent") if also_sent else ("dead",)
            wanted.append(col(DeliveryRow.state).in_(states))
            wanted.append(col(DeliveryRow.created_at) >= (since or now))
        with writing(self._engine) as session:
            ids = session.exec(
                select(DeliveryRow.id)
                .where(*wanted)
                .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
                .limit(REPLAY_MOST)
            ).all()
            session.connection().execute(
                update(DeliveryRow)
                .where(col(DeliveryRow.store_id) == self.store, col(DeliveryRow.id).in_(ids))
                .values(state="waiting", next_at=now, finished_at=None, attempts=0)
            )
        return len(ids)

    def receipts(self, subject: str, *, limit: int = 200) -> list[tuple[DeliveryRow, NoticeRow]]:
        """Every delivery about a subject, the newest first: who was told what, when, and how."""
        with reading(self._engine) as session:
            rows = session.exec(
                select(DeliveryRow, NoticeRow)
                .where(
                    DeliveryRow.store_id == self.store,
                    DeliveryRow.subject == subject,
                    NoticeRow.store_id == self.store,
                    NoticeRow.id == DeliveryRow.notice_id,
                )
                .order_by(col(DeliveryRow.position).desc(), col(DeliveryRow.id))
                .limit(limit)
            )
            return [(delivery, notice) for delivery, notice in rows]

    def told(self, subject: str) -> dict[int, Receipt]:
        """Who was told of what happened to a subject, by the event's position."""
        query = (
            select(
                DeliveryRow.position,
                DeliveryRow.channel,
                DeliveryRow.state,
                func.count(func.distinct(DeliveryRow.recipient)),
            )
            .where(DeliveryRow.store_id == self.store, DeliveryRow.subject == subject)
            .group_by(col(DeliveryRow.position), col(DeliveryRow.channel), col(DeliveryRow.state))
        )
        found: dict[int, Receipt] = {}
        with reading(self._engine) as session:
            for position, channel, state, count in session.exec(query):
                found.setdefault(position, Receipt()).add(channel, state, count)
        return found
