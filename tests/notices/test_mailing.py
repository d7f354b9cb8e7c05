"""Mail to a real SMTP server: what arrives, what is tried again, always under one id."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gonogo.db.notices import AddressRow
from gonogo.db.session import reading, writing
from gonogo.notices.deliveries import LEASE, MAIL_RETRY_S, Deliveries
from gonogo.notices.keys import derived
from gonogo.notices.mailing import Mailer, SmtpServer, compose, is_email
from gonogo.notices.outlook import Outlook
from gonogo.notices.pumping import pump
from gonogo.notices.rendering import Rendered, Renderer
from policies.rules.notice_topics import Channel
from tests.builders import KEY, RUI, STORE
from tests.db.desk import Desk
from tests.notices.certificates import contexts
from tests.notices.conftest import deliveries
from tests.notices.post_office import PostOffice, open_post_office
from tests.notices.test_fanout import give_address

BASE, SENDER = "https://store.example", "gonogo@store.example"


def mailer(desk: Desk, server: SmtpServer, **more: Any) -> Mailer:
    return Mailer(
        desk.engine,
        STORE,
        server,
        SENDER,
        Renderer(BASE, "Europe/London"),
        derived(KEY, "addresses"),
        base=BASE,
        **{"timeout_s": 2.0, **more},
    )


def at(office: PostOffice) -> SmtpServer:
    return SmtpServer("127.0.0.1", office.port, "none")


def lane(desk: Desk) -> Deliveries:
    return Deliveries(desk.engine, STORE, Channel.MAIL, MAIL_RETRY_S)


async def deliver(desk: Desk, server: SmtpServer, **more: Any) -> int:
    return await pump(lane(desk), mailer(desk, server, **more).send, seconds=5)


def later(desk: Desk) -> None:
    """Let every wait be over."""
    with writing(desk.engine) as session:
        for row in deliveries(desk, channel="mail", state="waiting"):
            row.next_at = datetime.now(UTC) - timedelta(seconds=1)
            session.merge(row)


@pytest.fixture
def asked(peopled: Desk, fan_out: Callable[[], int]) -> Desk:
    """A question to ada and alf, who both have an address."""
    for person in ("per_ada", "per_alf"):
        give_address(peopled, person)
    case = peopled.queued(1)
    peopled.review("claim", case, RUI)
    peopled.review("ask", case, RUI)
    fan_out()
    with writing(peopled.engine) as session:  # what belongs to the daily digest is not meant here
        for row in deliveries(peopled, channel="mail"):
            if row.digest:
                session.delete(session.merge(row))
    return peopled


async def test_a_mail_says_what_happened_in_text_and_html(asked: Desk) -> None:
    async with open_post_office() as office:
        assert await deliver(asked, at(office)) == 2
        mail = office.mails()[0]

    assert mail["Subject"] == "A reviewer has a question: gpt_1"
    assert mail["From"].addresses[0].addr_spec == SENDER
    assert mail["To"].addresses[0].addr_spec in ("per_ada@example.org", "per_alf@example.org")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == f"<{BASE}/inbox/preferences>"
    assert re.fullmatch(r"<msg_[0-9a-f]{32}@store\.example>", mail["Message-ID"])
    assert mail["Date"].datetime.tzinfo is not None
    body = {part.get_content_type(): part.get_content() for part in mail.iter_parts()}
    assert f"{BASE}/submissions/sub_1" in body["text/plain"]
    assert f'href="{BASE}/submissions/sub_1"' in body["text/html"]
    assert {row.state for row in deliveries(asked, channel="mail")} == {"sent"}
    assert {row.receipt for row in deliveries(asked, channel="mail")} == {"250"}


async def test_a_mail_whose_answer_got_lost_comes_again_as_the_very_same_message(
    asked: Desk,
) -> None:
    async with open_post_office() as office:
        office.data = lambda address: None if "ada" in address else "250 OK"
        await deliver(asked, at(office))
        waiting = deliveries(asked, channel="mail", state="waiting")
        assert [(row.recipient, row.receipt) for row in waiting] == [("per_ada", "disconnected")]
        office.data = lambda address: "250 OK"
        later(asked)
        await deliver(asked, at(office))

    to_ada = [raw for address, raw in office.received if "ada" in address]
    assert len(to_ada) == 2
    assert to_ada[0] == to_ada[1]
    assert {row.state for row in deliveries(asked, channel="mail")} == {"sent"}


async def test_killed_between_sending_and_marking_the_same_message_comes_again(
    asked: Desk,
) -> None:
    async with open_post_office() as office:
        send = mailer(asked, at(office)).send
        for out in lane(asked).claim():
            assert (await send(out)).ok  # and here the worker is killed: nothing is marked
        assert lane(asked).claim() == []  # others leave it alone while it may still be alive
        again = lane(asked).claim(now=datetime.now(UTC) + LEASE + timedelta(seconds=1))
        for out in again:
            lane(asked).finish(out, await send(out))

    ids = [mail["Message-ID"] for mail in office.mails()]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    assert {row.attempts for row in deliveries(asked, channel="mail")} == {2}


@pytest.mark.parametrize(
    ("where", "answer", "state", "receipt"),
    [
        ("rcpt", "550 no such person", "dead", "refused:550"),
        ("rcpt", "450 greylisted", "waiting", "refused:450"),
        ("rcpt", None, "waiting", "disconnected"),
        ("data", "554 spam", "dead", "rejected:554"),
        ("data", "452 disk full", "waiting", "rejected:452"),
        ("data", "421 closing", "waiting", "rejected:421"),
    ],
)
async def test_what_the_server_says_decides_and_one_recipient_does_not_block_the_other(
    asked: Desk, where: str, answer: str | None, state: str, receipt: str
) -> None:
    async with open_post_office() as office:
        setattr(office, where, lambda address: answer if "ada" in address else "250 OK")
        await deliver(asked, at(office))

    rows = {row.recipient: row for row in deliveries(asked, channel="mail")}
    assert (rows["per_ada"].state, rows["per_ada"].receipt) == (state, receipt)
    assert (rows["per_alf"].state, rows["per_alf"].receipt) == ("sent", "250")
    if state == "waiting":
        assert rows["per_ada"].next_at is not None
        assert rows["per_ada"].next_at > datetime.now(UTC) + timedelta(seconds=50)


async def test_a_bounce_is_remembered_until_mail_arrives_again(asked: Desk) -> None:
    async def bounced() -> bool:
        with reading(asked.engine) as session:
            row = session.get(AddressRow, (STORE, "per_ada"))
            assert row is not None
            return row.bounced_at is not None

    async with open_post_office() as office:
        office.rcpt = lambda address: "550 gone" if "ada" in address else "250 OK"
        await deliver(asked, at(office))
        assert await bounced()
        assert Outlook(asked.engine, STORE).told("sub_1")
        office.rcpt = lambda address: "250 OK"
        dead = deliveries(asked, channel="mail", state="dead")[0]
        assert Outlook(asked.engine, STORE).replay("per_ada", delivery=dead.id) == 1
        await deliver(asked, at(office))

    assert not await bounced()
    assert {row.state for row in deliveries(asked, channel="mail")} == {"sent"}


async def test_a_server_that_is_away_costs_tries_and_after_the_last_the_mail_is_given_up(
    asked: Desk,
) -> None:
    nowhere = SmtpServer("127.0.0.1", 9, "none")
    for number in range(len(MAIL_RETRY_S) + 1):
        states = {row.state for row in deliveries(asked, channel="mail")}
        assert states == {"waiting"}, number
        later(asked)
        await deliver(asked, nowhere)

    rows = deliveries(asked, channel="mail")
    assert {(row.state, row.receipt) for row in rows} == {("dead", "unreachable")}
    tries = Outlook(asked.engine, STORE).of("per_ada")
    numbers = [[a.number for a in attempts] for _, _, attempts in tries if attempts]
    assert numbers == [list(range(1, len(MAIL_RETRY_S) + 2))]


async def test_a_server_that_says_nothing_is_left_in_time(asked: Desk) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    began = asyncio.get_running_loop().time()
    port = server.sockets[0].getsockname()[1]
    await deliver(asked, SmtpServer("127.0.0.1", port, "none"), timeout_s=0.5)
    server.close()

    assert asyncio.get_running_loop().time() - began < 4
    assert {row.receipt for row in deliveries(asked, channel="mail")} == {"timeout"}


async def test_an_erased_address_gets_nothing_more(asked: Desk) -> None:
    with writing(asked.engine) as session:
        session.delete(session.get(AddressRow, (STORE, "per_ada")))

    async with open_post_office() as office:
        await deliver(asked, at(office))

    assert [address for address, _ in office.received] == ["per_alf@example.org"]
    row = deliveries(asked, channel="mail", recipient="per_ada")[0]
    assert (row.state, row.receipt) == ("dead", "no_address")


async def test_the_day_of_a_reviewer_is_one_mail(peopled: Desk, fan_out: Callable[[], int]) -> None:
    give_address(peopled, "per_rui")
    for number in range(3):
        peopled.queued(number)
    fan_out()
    async with open_post_office() as office:
        assert await deliver(peopled, at(office)) == 0  # tomorrow at eight
        later(peopled)
        assert await deliver(peopled, at(office)) == 1

    (mail,) = office.mails()
    assert mail["Subject"] == "3 notices of your day"
    assert mail["Message-ID"].startswith("<dgs_")
    assert {row.state for row in deliveries(peopled, channel="mail")} == {"sent"}


async def test_tls_and_starttls_are_spoken_and_a_stranger_is_not_trusted(
    asked: Desk, tmp_path: Path
) -> None:
    server, client = contexts(tmp_path)
    async with open_post_office(tls=server) as office:
        await deliver(asked, SmtpServer("127.0.0.1", office.port, "tls"))
        assert {row.receipt for row in deliveries(asked, channel="mail")} == {"tls"}
        assert office.received == []
        later(asked)
        await deliver(asked, SmtpServer("127.0.0.1", office.port, "tls"), tls=client)
        assert len(office.received) == 2


async def test_starttls_that_is_not_offered_is_no_reason_to_go_on_without(
    asked: Desk, tmp_path: Path
) -> None:
    server, client = contexts(tmp_path)
    async with open_post_office() as office:
        await deliver(asked, SmtpServer("127.0.0.1", office.port, "starttls"), tls=client)
        assert office.received == []
        assert {row.state for row in deliveries(asked, channel="mail")} == {"waiting"}
    async with open_post_office(tls_context=server, require_starttls=True) as office:
        later(asked)
        await deliver(asked, SmtpServer("127.0.0.1", office.port, "starttls"), tls=client)
        assert len(office.received) == 2


async def test_logs_hold_ids_and_codes_and_no_address(asked: Desk) -> None:
    with capture_logs() as logs:
        async with open_post_office() as office:
            office.rcpt = lambda address: f"550 {address} is unknown"
            await deliver(asked, at(office))

    assert {line["outcome"] for line in logs} == {"refused:550"}
    assert "@" not in repr(logs)


@pytest.mark.parametrize(
    ("url", "security", "port"),
    [
        ("smtps://mail.example", "tls", 465),
        ("smtp+starttls://u:p%40ss@mail.example:2525", "starttls", 2525),
        ("smtp://127.0.0.1:1025", "none", 1025),
        ("smtp://u:p@[::1]", "none", 25),
    ],
)
def test_a_server_is_named_by_a_url(url: str, security: str, port: int) -> None:
    found = SmtpServer.of(url)

    assert (found.security, found.port) == (security, port)
    assert found.password in (None, "p", "p@ss")


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "mail.example:25",
        "smtps://",
        "smtps://mail.example/path",
        "smtp://user:password@mail.example",
    ],
)
def test_a_url_that_is_wrong_or_would_betray_a_password_is_refused_without_repeating_it(
    url: str,
) -> None:
    with pytest.raises(ValueError) as refused:
        SmtpServer.of(url)

    assert "password@" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org,eve@example.org",
        "<ada@example.org>",
        '"ada b"@example.org',
        "ada@exa mple.org",
        "ada@",
        "@example.org",
        "ada@-example.org",
        "ada@example..org",
        "ädä@example.org",
        "a" * 65 + "@example.org",
        "ada@" + "a." * 140 + "org",
        "",
    ],
)
def test_what_is_no_plain_address_is_never_mailed(address: str) -> None:
    assert not is_email(address)
    with pytest.raises(ValueError):
        compose(
            Rendered("s", "t", "h"),
            recipient=address,
            sender=SENDER,
            message_id="m",
            at=datetime.now(UTC),
            thread=None,
            base=BASE,
        )


@given(st.text(max_size=200), st.text(max_size=400))
def test_no_subject_and_no_text_adds_a_header(subject: str, text: str) -> None:
    made = compose(
        Rendered(" ".join(subject.split()), text, f"<p>{text}</p>"),
        recipient="ada@example.org",
        sender=SENDER,
        message_id="msg_1",
        at=datetime.now(UTC),
        thread="sub_1",
        base=BASE,
    )

    raw = made.as_bytes().partition(b"\r\n\r\n")[0]
    names = re.findall(rb"^([A-Za-z-]+):", raw, re.MULTILINE)
    assert sorted(names) == sorted(
        name.encode()
        for name in (
            *("From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted"),
            *("List-Unsubscribe", "MIME-Version", "Content-Type"),
        )
    )
