"""What an endpoint answers, and how fast: tried again on the schedule, left at the deadline, or
switched off."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from gonogo.db.notices import WebhookRow
from gonogo.db.session import reading, writing
from gonogo.notices.fanout import Fanout
from gonogo.notices.outlook import Outlook
from policies.rules.webhook_rules import DISABLE_AFTER, RETRY_AFTER_S, retry_at
from tests.builders import PUBLISHER, STORE
from tests.db.desk import Desk
from tests.notices.conftest import deliveries
from tests.notices.hooks import book, deliver, hook, later, made, old_enough
from tests.notices.receiver import OK, Got, always, receiving, status


@pytest.mark.parametrize(
    ("answer", "outcome", "state"),
    [
        (status(200, body=b"x" * 100), "200", "sent"),
        (status(500), "500", "waiting"),
        (status(404), "404", "waiting"),
        (status(302, "location: http://127.0.0.1:1/"), "redirect:302", "waiting"),
        (status(429, "retry-after: 600"), "429", "waiting"),
        (b"not http at all\r\n\r\n", "error:RemoteProtocolError", "waiting"),
        (b"", "error:RemoteProtocolError", "waiting"),
    ],
)
async def test_what_the_receiver_answers_decides(
    peopled: Desk, answer: bytes, outcome: str, state: str
) -> None:
    async with receiving() as receiver:
        receiver.answer = always(answer)
        webhook, _ = made(peopled, receiver.url)
        book(peopled).test(webhook)
        await deliver(peopled)

    (row,) = deliveries(peopled, channel="webhook")
    assert (row.receipt, row.state) == (outcome, state)
    if "retry-after" in answer.decode():
        assert row.next_at is not None
        assert row.next_at > datetime.now(UTC) + timedelta(minutes=9)
    assert (hook(peopled, webhook).failing_since is None) == (state == "sent")


async def _drip(got: Got, writer: asyncio.StreamWriter) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def _too_late(got: Got, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2)
    writer.write(OK)


@pytest.mark.parametrize("answer", [_drip, _too_late], ids=["slow loris", "200 after the deadline"])
async def test_whoever_is_slow_is_left_at_the_deadline_and_tried_again_under_the_same_id(
    peopled: Desk, answer: Callable[[Got, asyncio.StreamWriter], Any]
) -> None:
    async with receiving() as receiver:
        receiver.answer = answer
        webhook, _ = made(peopled, receiver.url)
        book(peopled).test(webhook)
        began = asyncio.get_running_loop().time()
        await deliver(peopled)
        assert asyncio.get_running_loop().time() - began < 4
        assert [row.receipt for row in deliveries(peopled, channel="webhook")] == ["timeout"]
        receiver.answer = always(OK)
        later(peopled)
        await deliver(peopled)

    ids = [one.headers["webhook-id"] for one in receiver.got]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert receiver.got[0].body == receiver.got[1].body


async def test_a_huge_answer_is_not_read(peopled: Desk) -> None:
    sent = 0

    async def flood(got: Got, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while sent < 100_000_000:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with receiving() as receiver:
        receiver.answer = flood
        webhook, _ = made(peopled, receiver.url)
        book(peopled).test(webhook)
        await deliver(peopled)

    assert [row.state for row in deliveries(peopled, channel="webhook")] == ["sent"]
    assert sent < 20_000_000


async def test_a_slow_endpoint_does_not_hold_up_another(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    async with receiving() as slow, receiving() as quick:
        slow.answer = _too_late
        made(peopled, slow.url)
        made(peopled, quick.url)
        old_enough(peopled)
        for number in range(3):
            peopled.queued(number)
        fan_out()
        work = asyncio.create_task(deliver(peopled))
        for _ in range(100):
            await asyncio.sleep(0.05)
            if len(quick.got) == 9:
                break
        at_that_time = len(slow.got)
        await work

    assert len(quick.got) == 9
    assert at_that_time < 9
    order = [json.loads(one.body)["data"]["position"] for one in quick.got]
    assert order == sorted(order)


async def test_410_switches_an_endpoint_off_and_its_owners_are_told(peopled: Desk) -> None:
    async with receiving() as receiver:
        receiver.answer = always(status(410))
        webhook, _ = made(peopled, receiver.url, publisher=PUBLISHER)
        book(peopled).test(webhook)
        await deliver(peopled)

    assert (hook(peopled, webhook).state, hook(peopled, webhook).why) == ("disabled", "gone")
    told = deliveries(peopled, channel="inbox", subject=webhook)
    assert {row.recipient for row in told} == {"per_ada", "per_alf"}
    assert book(peopled).test(webhook) is None


async def test_days_of_failure_switch_it_off_and_replay_brings_what_it_missed(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    async with receiving() as receiver:
        receiver.answer = always(status(503))
        webhook, keys = made(peopled, receiver.url)
        old_enough(peopled)
        peopled.queued(1)
        fan_out()
        await deliver(peopled)
        with writing(peopled.engine) as session:
            row = session.merge(hook(peopled, webhook))
            row.failing_since = datetime.now(UTC) - DISABLE_AFTER
        later(peopled)
        await deliver(peopled)
        assert (hook(peopled, webhook).state, hook(peopled, webhook).why) == ("disabled", "failing")
        assert {row.receipt for row in deliveries(peopled, channel="webhook")} <= {
            "503",
            "disabled",
        }
        peopled.queued(2)  # nobody is sent this
        fan_out()
        receiver.got.clear()
        receiver.answer = always(OK)

        book(peopled).change(webhook, active=True)
        since = datetime.now(UTC) - timedelta(days=3650)
        missed = Fanout(peopled.engine, STORE, "UTC", mail=False).catch_up(
            hook(peopled, webhook), since
        )
        again = Outlook(peopled.engine, STORE).replay(webhook, since=since)
        await deliver(peopled)

    assert (missed, again) == (3, 3)
    subjects = [json.loads(one.body)["data"]["subject"] for one in receiver.got]
    assert sorted(subjects) == ["sub_1"] * 3 + ["sub_2"] * 3
    Webhook(keys.shown_secret).verify(receiver.got[0].body, receiver.got[0].headers)
    assert hook(peopled, webhook).failing_since is None


async def test_every_try_is_in_the_log_and_no_secret_and_no_url_in_ours(peopled: Desk) -> None:
    with capture_logs() as logs:
        async with receiving() as receiver:
            receiver.answer = always(status(500, body=b"their stack trace"))
            webhook, keys = made(peopled, receiver.url + "?token=abc")
            book(peopled).test(webhook)
            await deliver(peopled)
            later(peopled)
            await deliver(peopled)

    ((_, _, tries),) = Outlook(peopled.engine, STORE).of(webhook)
    assert [(one.number, one.outcome, one.status) for one in tries] == [
        (1, "500", 500),
        (2, "500", 500),
    ]
    for secret in ("whsec_", keys.shown_secret, "token=abc", "stack trace"):
        assert secret not in repr(logs)
    with reading(peopled.engine) as session:
        kept = repr(session.exec(select(WebhookRow)).all())
    assert keys.shown_secret.removeprefix("whsec_") not in kept
    assert repr(keys.secret)[2:-1] not in kept


def test_the_schedule_is_that_of_the_specification() -> None:
    now = datetime(2026, 4, 1, tzinfo=UTC)
    waits = [retry_at(RETRY_AFTER_S, n, now) for n in range(1, len(RETRY_AFTER_S) + 2)]

    assert [at and at - now for at in waits] == [
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=h) for h in (2, 5, 10, 14, 20, 24)),
        None,
    ]
    with pytest.raises(ValueError):
        retry_at(RETRY_AFTER_S, 0, now)
