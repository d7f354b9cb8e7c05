"""Webhooks to real receivers: signed as the specification says, thin, and to those who may hear."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from gonogo.db.session import writing
from gonogo.notices.keys import Seal
from gonogo.notices.signing import Keys, headers
from gonogo.notices.webhooks import MOST, OVERLAP, TooMany, Webhooks
from policies.rules.webhook_rules import is_filter, wants
from tests.builders import PUBLISHER, RUI, STORE
from tests.db.desk import Desk
from tests.notices.hooks import BASE, book, deliver, hook, made, old_enough
from tests.notices.receiver import Got, receiving


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
