"""A domain is proven by what a real name server or a real https server shows, and by nothing else.

The guard is opened for loopback by a constructor argument here; every hostile case meets it closed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.domains import Domains, ProveRequest
from activities.wellknown import WellKnown
from gonogo.db.publishers import DomainRow
from gonogo.db.session import engine_of, migrate, writing
from gonogo.domains import WELL_KNOWN
from gonogo.outside import Guard, Unfetched, is_public, resolver_of
from tests.names import NameServer, WebServer, certified

HOST, TOKEN = "lumen-learning.com", "gonogo-verification=abc"
LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


class Place:
    """A domain with both servers, and the activity that looks at it."""

    def __init__(self, names: NameServer, web: WebServer, domains: Domains) -> None:
        self.names, self.web, self.domains = names, web, domains

    def show(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.names.zone[HOST, "A"] = ["127.0.0.1"]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.web.pages[WELL_KNOWN] = (status, named, body)

    async def look(self, ref: str = "prose:d") -> tuple[str | None, tuple[str, ...]]:
        proof = await self.domains.prove(ProveRequest("default", "pub_a", ref))
        return proof.method, proof.why


@pytest.fixture
def place(names: NameServer, tmp_path: Path) -> Iterator[Place]:
    server, trust = certified(tmp_path, HOST)
    engine = engine_of(f"sqlite:///{tmp_path}/d.db")
    migrate(engine)
    with writing(engine) as session:
        session.add(DomainRow(store_id="default", ref="prose:d", publisher="pub_a", domain=HOST,
                              token=TOKEN, created_at=datetime.now(UTC)))  # fmt: skip
    with WebServer(server) as web:
        resolver = resolver_of([names.address])
        guard = Guard(frozenset({LOOPBACK}), web.port)
        yield Place(names, web, Domains(engine, resolver, WellKnown(resolver, guard, trust), 60))
    engine.dispose()


async def test_a_txt_record_proves_it(place: Place) -> None:
    place.names.txt(HOST, "v=spf1 -all", TOKEN)

    assert await place.look() == ("dns", ())


async def test_a_file_proves_it_and_is_asked_of_the_right_host(place: Place) -> None:
    place.show(f"# ours\n{TOKEN}\r\n".encode())

    assert await place.look() == ("https", ())
    assert place.web.asked == [(HOST, WELL_KNOWN)]


async def test_nothing_there_is_told_for_both_places(place: Place) -> None:
    assert await place.look() == (None, ("txt_missing", "no_address"))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (["v=spf1 -all"], "txt_other"),
        (["gonogo-verification=older"], "txt_older"),
        ([TOKEN + "x"], "txt_older"),
        (["x" + TOKEN], "txt_other"),
        ([TOKEN.upper()], "txt_other"),
    ],
)
async def test_only_the_whole_token_counts_in_a_record(
    place: Place, values: list[str], code: str
) -> None:
    place.names.txt(HOST, *values)

    assert await place.look() == (None, (code, "no_address"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "file_other"),
        (b"<html>gonogo-verification=abc</html>", "file_other"),
        (b"gonogo-verification=older", "file_older"),
        (b"\xff\xfe" + TOKEN.encode(), "file_other"),
        (b"x" * 4097, "https_too_large"),
        (b"\n" * 4000 + TOKEN.encode() + b"\n" * 97, "https_too_large"),
    ],
)
async def test_only_the_whole_token_counts_in_a_file(place: Place, body: bytes, code: str) -> None:
    place.show(body)

    assert await place.look() == (None, ("txt_missing", code))


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (404, {}, "https_status:404"),
        (500, {}, "https_status:500"),
        (302, {"location": "https://169.254.169.254/latest/meta-data/"}, "https_redirect"),
        (301, {"location": f"https://{HOST}{WELL_KNOWN}?again"}, "https_redirect"),
        (307, {"location": "http://127.0.0.1/"}, "https_redirect"),
    ],
)
async def test_only_this_place_itself_counts_and_redirects_are_not_followed(
    place: Place, status: int, headers: dict[str, str], code: str
) -> None:
    place.show(TOKEN.encode(), status, **headers)

    assert await place.look() == (None, ("txt_missing", code))
    assert len(place.web.asked) == 1


async def test_a_compressed_answer_is_not_unpacked(place: Place) -> None:
    place.show(b"\x1f\x8b" + b"\0" * 50, content_encoding="gzip")

    assert await place.look() == (None, ("txt_missing", "file_other"))


async def test_a_certificate_of_somebody_else_proves_nothing(place: Place, tmp_path: Path) -> None:
    place.show(TOKEN.encode())
    (tmp_path / "other").mkdir()
    other, _ = certified(tmp_path / "other", "elsewhere.com")
    _, trust = certified(tmp_path, HOST)
    with WebServer(other) as web:
        guard = Guard(frozenset({LOOPBACK}), web.port)
        files = WellKnown(resolver_of([place.names.address]), guard, trust)
        with pytest.raises(Unfetched) as fault:
            await files.fetch(HOST, WELL_KNOWN)

    assert fault.value.code == "certificate"
    assert web.asked == []


async def test_another_publishers_domain_and_an_erased_one_prove_nothing(place: Place) -> None:
    place.names.txt(HOST, TOKEN)

    foreign = await place.domains.prove(ProveRequest("default", "pub_b", "prose:d"))
    erased = await place.look("prose:gone")

    assert (foreign.method, foreign.why) == (None, ("domain_erased",))
    assert erased == (None, ("domain_erased",))


@pytest.mark.slow
async def test_a_name_server_that_says_nothing_takes_no_longer_than_agreed(place: Place) -> None:
    place.names.zone[f"_gonogo-challenge.{HOST}", "TXT"] = None
    place.names.zone[HOST, "A"] = place.names.zone[HOST, "AAAA"] = None
    async with asyncio.timeout(7.5):
        found = await place.look()

    assert found == (None, ("dns_timeout", "dns_failed"))


INSIDE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254",
    "169.254.0.1", "100.64.0.1", "100.100.100.200", "168.63.129.16", "0.0.0.0", "255.255.255.255",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "192.0.0.192",
    "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
async def test_i3_no_name_leads_to_an_address_inside(names: NameServer, address: str) -> None:
    kind = "AAAA" if ":" in address else "A"
    names.zone["evil.com", kind] = [address]
    files = WellKnown(resolver_of([names.address]))

    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(Unfetched) as fault:
        await files.fetch("evil.com", WELL_KNOWN)
    assert fault.value.code == "address_not_public"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "8.8.8.8"])
def test_an_address_for_everybody_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


async def test_one_address_inside_among_others_is_enough_to_refuse(names: NameServer) -> None:
    names.zone["evil.com", "A"] = ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(Unfetched, match="address_not_public"):
        await WellKnown(resolver_of([names.address])).fetch("evil.com", WELL_KNOWN)


async def test_a_name_that_changes_its_answer_is_asked_once(place: Place) -> None:
    answers = iter([["127.0.0.1"]])

    def changing() -> list[str]:
        return next(answers, ["169.254.169.254"])

    place.show(TOKEN.encode())
    place.names.zone[HOST, "A"] = changing

    assert (await place.look())[0] == "https"
    assert place.names.asked.count((HOST, "A")) == 1
    assert place.web.asked == [(HOST, WELL_KNOWN)]


async def test_a_closed_guard_connects_to_nothing_inside(names: NameServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        names.zone["evil.com", "A"] = ["127.0.0.1"]
        guard = Guard(port=int(listening.getsockname()[1]))
        with pytest.raises(Unfetched, match="address_not_public"):
            await WellKnown(resolver_of([names.address]), guard).fetch("evil.com", WELL_KNOWN)
        listening.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listening.accept()


def test_the_guard_judges_the_port_too() -> None:
    public = ipaddress.ip_address("93.184.216.34")

    assert Guard().allows("x.com", public, 443)
    assert not Guard().allows("x.com", public, 8443)


async def test_too_many_addresses_are_no_honest_answer(names: NameServer) -> None:
    names.zone["evil.com", "A"] = [f"93.184.216.{n}" for n in range(1, 21)]

    with pytest.raises(Unfetched, match="too_many_addresses"):
        await WellKnown(resolver_of([names.address])).fetch("evil.com", WELL_KNOWN)
