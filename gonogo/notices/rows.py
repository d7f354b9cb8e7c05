"""Notices and deliveries as rows. Their ids follow from event, notice, channel and recipient: made
again, they are the same rows."""

import hashlib
from datetime import datetime

from gonogo.db.notices import DeliveryRow, NoticeRow
from policies.lifecycle.kernel import Event
from policies.rules.notice_facts import Facts, facts_value
from policies.rules.notice_topics import NOTICES, Channel

EVENT = "event"  # the notice of webhooks


def notice_row(event: Event, notice: str, facts: Facts) -> NoticeRow:
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


def _id(prefix: str, *parts: str) -> str:
    return f"{prefix}_{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:32]}"
