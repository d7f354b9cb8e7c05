"""Endpoints of webhooks for tests: made, looked at, delivered to."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import select

from gonogo.db.notices import WebhookRow
from gonogo.db.session import writing
from gonogo.notices.deliveries import Deliveries
from gonogo.notices.hooking import Hooker
from gonogo.notices.keys import Seal
from gonogo.notices.pumping import pump
from gonogo.notices.signing import Keys
from gonogo.notices.webhooks import Wanted, Webhooks
from gonogo.outside import resolver_of
from policies.rules.notice_topics import Channel
from policies.rules.webhook_rules import RETRY_AFTER_S
from tests.builders import KEY, STORE
from tests.db.desk import Desk
from tests.notices.conftest import deliveries

BASE = "https://store.example"


def book(desk: Desk) -> Webhooks:
    return Webhooks(desk.engine, STORE, Seal(KEY), loopback=True)


def made(desk: Desk, url: str, *types: str, publisher: str | None = None) -> tuple[str, Keys]:
    row, keys = book(desk).create(Wanted("Hook", url, types, publisher), "per_adam")
    return row.id, keys


def old_enough(desk: Desk) -> None:
    """Endpoints hear of what happens after they were made; the record's clock here is the past."""
    with writing(desk.engine) as session:
        for row in session.exec(select(WebhookRow)):
            row.created_at = datetime(2020, 1, 1, tzinfo=UTC)
            session.add(row)


async def deliver(desk: Desk, **more: Any) -> int:
    usual = {"mail": False, "resolver": resolver_of(()), "loopback": True, "deadline_s": 1.0}
    options: dict[str, Any] = usual | more
    hooker = Hooker(desk.engine, book(desk), BASE, **options)
    lane = Deliveries(desk.engine, STORE, Channel.WEBHOOK, RETRY_AFTER_S)
    return await pump(lane, hooker.send, seconds=8, done=hooker.done)


def later(desk: Desk) -> None:
    with writing(desk.engine) as session:
        for row in deliveries(desk, channel="webhook", state="waiting"):
            row.next_at = datetime.now(UTC) - timedelta(seconds=1)
            session.merge(row)


def hook(desk: Desk, webhook: str) -> WebhookRow:
    row = book(desk).of(webhook)
    assert row is not None
    return row
