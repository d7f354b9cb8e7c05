"""Webhooks to real receivers: signed as the specification says, thin, again on its schedule, and
safe from whoever answers."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import select
from standardwebhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs

from gonogo.db.notices import WebhookRow
from gonogo.db.session import reading, writing
from gonogo.notices.deliveries import Deliveries
from gonogo.notices.fanout import Fanout
from gonogo.notices.hooking import Hooker
from gonogo.notices.keys import Seal
from gonogo.notices.outlook import Outlook
from gonogo.notices.pumping import pump
from gonogo.notices.signing import Keys, headers
from gonogo.notices.webhooks import MOST, OVERLAP, TooMany, Wanted, Webhooks, check
from gonogo.outside import resolver_of
from policies.rules.notice_topics import Channel
from policies.rules.webhook_rules import (
    DISABLE_AFTER,
    RETRY_AFTER_S,
    is_filter,
    retry_at,
    wants,
)
from tests.builders import KEY, PUBLISHER, RUI, STORE
from tests.db.desk import Desk
from tests.names import NameServer, certified
from tests.notices.certificates import contexts
from tests.notices.conftest import deliveries
from tests.notices.receiver import OK, Got, always, receiving, status

BASE = "https://store.example"
OPENED = frozenset({ip_address("127.0.0.1")})


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


def v1a_holds(public: str, got: Got) -> bool:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    for one in got.headers["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        if version == "v1a":
            try:
                key.verify(base64.b64decode(signature), signed)
            except InvalidSignature:
                continue
            return True
    return False


async def test_an_event_arrives_signed_and_thin(peopled: Desk, fan_out: Callable[[], int]) -> None:
    async with receiving() as receiver:
        _, keys = made(peopled, receiver.url, "submission.review.*")
        old_enough(peopled)
        case = peopled.queued(1)
        peopled.review("claim", case, RUI)
        peopled.review("ask", case, RUI)
        fan_out()
        assert await deliver(peopled) == 2
        got = receiver.got[-1]

    value = Webhook(keys.shown_secret).verify(got.body, got.headers)
    assert v1a_holds(keys.public, got)
    assert value["type"] == "submission.review.asked"
    assert set(value) == {"type", "timestamp", "data"}
    assert set(value["data"]) == {"store", "subject", "position", "gpt", "publisher", "links"}
    assert value["data"]["links"]["api"] == f"{BASE}/v1/submissions/sub_1"
    assert "prose" not in got.body.decode()
    assert "per_" not in got.body.decode()
    assert got.headers["content-type"] == "application/json"


async def test_a_changed_body_or_another_secret_does_not_verify(peopled: Desk) -> None:
    keys, other = Keys.new(), Keys.new()
    now = int(datetime.now(UTC).timestamp())
    body = b'{"type":"a"}'
    signed = headers((keys,), "msg_1", now, body)

    assert Webhook(keys.shown_secret).verify(body, signed) == {"type": "a"}
    for secret, sent in ((other.shown_secret, body), (keys.shown_secret, b'{"type":"b"}')):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(sent, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(keys.shown_secret).verify(body, {**signed, "webhook-id": "msg_2"})
    assert not v1a_holds(other.public, Got("/", signed, body))
    assert v1a_holds(keys.public, Got("/", signed, body))


async def test_while_keys_are_rotated_both_sign_and_afterwards_the_new_ones_alone(
    peopled: Desk,
) -> None:
    async with receiving() as receiver:
        webhook, old = made(peopled, receiver.url)
        new = book(peopled).rotate(webhook)
        assert new is not None
        book(peopled).test(webhook)
        await deliver(peopled)
        with writing(peopled.engine) as session:
            row = session.merge(hook(peopled, webhook))
            assert row.old_until is not None
            assert row.old_until > datetime.now(UTC) + OVERLAP - timedelta(minutes=1)
            row.old_until = datetime.now(UTC) - timedelta(seconds=1)
        book(peopled).test(webhook)
        await deliver(peopled)
        both, alone = receiver.got

    for keys in (old, new):
        Webhook(keys.shown_secret).verify(both.body, both.headers)
        assert v1a_holds(keys.public, both)
    Webhook(new.shown_secret).verify(alone.body, alone.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.shown_secret).verify(alone.body, alone.headers)
    assert not v1a_holds(old.public, alone)


async def test_a_publisher_hears_of_its_own_alone_and_a_filter_is_kept(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    async with receiving() as own, receiving() as foreign, receiving() as stops:
        made(peopled, own.url, publisher=PUBLISHER)
        made(peopled, foreign.url, publisher="pub_e")
        made(peopled, stops.url, "stop.*")
        old_enough(peopled)
        peopled.queued(1)
        fan_out()
        await deliver(peopled)

    assert [json.loads(one.body)["type"] for one in own.got] == [
        "submission.opened",
        "submission.static.passed",
        "submission.tests.finished",
    ]
    assert foreign.got == []
    assert stops.got == []


async def test_an_endpoint_hears_nothing_of_the_time_before_it_was_made(
    peopled: Desk, fan_out: Callable[[], int]
) -> None:
    peopled.queued(1)
    async with receiving() as receiver:
        made(peopled, receiver.url)
        fan_out()
        await deliver(peopled)

    assert receiver.got == []


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


async def test_i3_nothing_inside_is_connected_to_whatever_a_name_means_by_then(
    peopled: Desk,
) -> None:
    accepted = 0

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        writer.close()

    hosts = ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254",
             "inside.example", "mixed.example")  # fmt: skip
    with NameServer() as names:
        names.zone["inside.example", "A"] = ["127.0.0.1"]
        names.zone["mixed.example", "A"] = ["93.184.216.34", "127.0.0.1"]
        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            webhook, _ = made(peopled, f"http://127.0.0.1:{port}/")
            for host in hosts:
                with writing(peopled.engine) as session:
                    row = session.merge(hook(peopled, webhook))
                    row.url = f"https://{host}:{port}/hook"
                book(peopled).test(webhook)
                await deliver(peopled, loopback=False, resolver=resolver_of([names.address]))
            await asyncio.sleep(0.05)

    receipts = [row.receipt for row in deliveries(peopled, channel="webhook")]
    assert receipts == ["inside_address"] * len(hosts)
    assert accepted == 0


async def test_the_judged_address_is_connected_to_and_the_hosts_certificate_asked_for(
    peopled: Desk, tmp_path: Path
) -> None:
    server, client = certified(tmp_path, "hooks.example")
    with NameServer() as names:
        names.zone["hooks.example", "A"] = names.zone["other.example", "A"] = ["127.0.0.1"]
        async with receiving(tls=server) as receiver:
            port = receiver.url.rpartition(":")[2]
            webhook, _ = made(peopled, "http://127.0.0.1:9/")
            for host in ("hooks.example", "other.example", "nobody.example"):
                with writing(peopled.engine) as session:
                    session.merge(hook(peopled, webhook)).url = f"https://{host}:{port}"
                book(peopled).test(webhook)
                await deliver(
                    peopled, opened=OPENED, resolver=resolver_of([names.address]), tls=client
                )

    receipts = [row.receipt for row in deliveries(peopled, channel="webhook")]
    assert sorted(receipts, key=str) == ["204", "tls", "unreachable"]
    (got,) = receiver.got
    assert got.headers["host"] == f"hooks.example:{port.partition('/')[0]}"
    assert names.asked.count(("hooks.example", "A")) == 1


async def test_a_certificate_nobody_vouches_for_ends_the_attempt(
    peopled: Desk, tmp_path: Path
) -> None:
    server, client = contexts(tmp_path)
    async with receiving(tls=server) as receiver:
        webhook, _ = made(peopled, "http://127.0.0.1:9/")
        with writing(peopled.engine) as session:
            session.merge(hook(peopled, webhook)).url = receiver.url
        book(peopled).test(webhook)
        await deliver(peopled, opened=OPENED)
        assert [row.receipt for row in deliveries(peopled, channel="webhook")] == ["tls"]
        later(peopled)
        await deliver(peopled, opened=OPENED, tls=client)
        assert [row.receipt for row in deliveries(peopled, channel="webhook")] == ["204"]


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


def test_another_mac_key_opens_nothing_and_sends_nothing(peopled: Desk) -> None:
    made(peopled, "http://127.0.0.1:9/")
    other = Webhooks(peopled.engine, STORE, Seal(b"o" * 32), loopback=True)
    row = other.listed((), whole=True)[0]

    with pytest.raises(ValueError):
        other.keys(row, datetime.now(UTC))


def test_an_owner_has_no_endless_number_of_endpoints(peopled: Desk) -> None:
    for _ in range(MOST):
        made(peopled, "https://hooks.example/")

    with pytest.raises(TooMany):
        made(peopled, "https://hooks.example/")
    made(peopled, "https://hooks.example/", publisher=PUBLISHER)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://metadata.internal/",
        "https://printer.local/",
        "https://user:password@hooks.example/",
        "https://hooks.example/#fragment",
        "https://hooks.example:99999/",
        "https://hooks.exämple/",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX: y",
        "ftp://hooks.example/",
        "https://",
        "https://" + "a" * 2_000 + ".example/",
    ],
)
def test_a_url_that_leads_inside_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        check(Wanted("x", url), loopback=False)


def test_types_are_filtered_by_name_or_by_beginning() -> None:
    event = "submission:review:approved"

    assert wants((), event)
    assert wants(("*",), event)
    assert wants(("submission.*",), event)
    assert wants(("submission.review.approved",), event)
    assert not wants(("submission.review",), event)
    assert not wants(("sub.*", "release.*"), event)
    assert is_filter("release.stage.entered")
    for wrong in ("", "Release", "release..x", "release.*.x", "a" * 100, "re lease", "release.*\n"):
        assert not is_filter(wrong), wrong


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
