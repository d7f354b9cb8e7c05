"""An address gets one letter until its reader confirms it, and nothing once it is erased."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from gonogo.notices.addresses import HOLDS, PAUSE, Addresses, TooSoon
from gonogo.notices.keys import Seal, Unsealable, derived
from tests.builders import KEY, STORE
from tests.db.desk import Desk
from tests.notices.conftest import deliveries
from tests.notices.post_office import open_post_office
from tests.notices.test_mailing import at, deliver

PROOF_KEY = derived(KEY, "addresses")


async def letter(desk: Desk, email: str) -> str:
    """Ask for it, let it arrive, and read the proof out of its link."""
    assert Addresses(desk.engine, STORE).ask("per_ada", email)
    async with open_post_office() as office:
        assert await deliver(desk, at(office)) == 1
        mail = office.mails()[0]
    assert mail["To"].addresses[0].addr_spec == email
    found = re.search(r"/inbox/address/([0-9a-f]{64})", mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]  # every mail of ours has a text
    assert found is not None
    return found[1]


async def test_only_whoever_reads_the_letter_can_confirm(peopled: Desk) -> None:
    book = Addresses(peopled.engine, STORE)
    proof = await letter(peopled, "ada@example.org")

    assert not book.confirm("per_ada", "0" * 64, PROOF_KEY)
    assert not book.confirm("per_alf", proof, PROOF_KEY)
    assert not book.confirm("per_ada", proof, derived(KEY, "something else"))
    row = book.of("per_ada")
    assert row is not None
    assert row.confirmed_at is None
    assert book.confirm("per_ada", proof, PROOF_KEY)
    assert book.confirm("per_ada", proof, PROOF_KEY)  # a second click is no error
    row = book.of("per_ada")
    assert row is not None
    assert row.confirmed_at is not None


async def test_a_letter_to_another_address_makes_the_first_one_void(peopled: Desk) -> None:
    book = Addresses(peopled.engine, STORE)
    first = await letter(peopled, "ada@example.org")
    later = datetime.now(UTC) + PAUSE + timedelta(seconds=1)

    with pytest.raises(TooSoon):
        book.ask("per_ada", "eve@example.org")
    assert book.ask("per_ada", "eve@example.org", later)

    assert not book.confirm("per_ada", first, PROOF_KEY)


def test_erasing_an_address_does_not_shorten_the_pause_between_letters(peopled: Desk) -> None:
    book = Addresses(peopled.engine, STORE)
    now = datetime.now(UTC)
    assert book.ask("per_ada", "ada@example.org", now)

    assert book.erase("per_ada")
    with pytest.raises(TooSoon):
        book.ask("per_ada", "eve@example.org", now + PAUSE - timedelta(seconds=1))
    assert book.ask("per_alf", "alf@example.org", now)
    assert len(deliveries(peopled, channel="mail")) == 2
    assert book.ask("per_ada", "eve@example.org", now + PAUSE)


async def test_a_link_ends_after_three_days(peopled: Desk) -> None:
    proof = await letter(peopled, "ada@example.org")
    late = datetime.now(UTC) + HOLDS + timedelta(minutes=1)

    assert not Addresses(peopled.engine, STORE).confirm("per_ada", proof, PROOF_KEY, late)


def test_an_address_that_is_confirmed_is_not_asked_again(peopled: Desk) -> None:
    book = Addresses(peopled.engine, STORE)
    book.keep("per_ada", "ada@example.org")

    assert not book.ask("per_ada", "ada@example.org")
    assert deliveries(peopled, channel="mail") == []
    with pytest.raises(ValueError):
        book.keep("per_ada", "ada@example.org\r\nBcc: eve@example.org")
    assert book.erase("per_ada")
    assert not book.erase("per_ada")
    assert book.of("per_ada") is None


def test_a_sealed_value_opens_in_its_place_under_its_key_alone() -> None:
    seal = Seal(KEY)
    sealed = seal.close(b"whsec", "webhooks/whk_1")

    assert seal.open(sealed, "webhooks/whk_1") == b"whsec"
    assert seal.close(b"whsec", "webhooks/whk_1") != sealed
    assert b"whsec" not in sealed
    for other, place in ((seal, "webhooks/whk_2"), (Seal(b"x" * 32), "webhooks/whk_1")):
        with pytest.raises(Unsealable):
            other.open(sealed, place)
    for broken in (b"", b"\x01short", sealed[:-1], b"\x02" + sealed[1:]):
        with pytest.raises(Unsealable):
            seal.open(broken, "webhooks/whk_1")
