"""Where a webhook may lead: nothing inside is connected to, whatever a name means by then, and a
host has to prove its name."""

import asyncio
from ipaddress import ip_address
from pathlib import Path

import pytest

from gonogo.db.session import writing
from gonogo.notices.webhooks import Wanted, check
from gonogo.outside import resolver_of
from tests.db.desk import Desk
from tests.names import NameServer, certified
from tests.notices.certificates import contexts
from tests.notices.conftest import deliveries
from tests.notices.hooks import book, deliver, hook, later, made
from tests.notices.receiver import receiving

OPENED = frozenset({ip_address("127.0.0.1")})


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
