"""Publishers in the record: limits across them, and the tables that are drawn from it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from gonogo.audit.beside import author_faults, pack_faults, picture_faults
from gonogo.audit.events import read_events
from gonogo.db.adoption import adopt, enrol
from gonogo.db.people import MemberRow, PublisherRow
from gonogo.db.prose import keep_prose
from gonogo.db.publishers import DomainRow, InvitationRow, due, is_verified
from gonogo.db.session import reading, writing
from gonogo.recovery import rebuild
from policies.lifecycle.kernel import Actor
from tests.builders import ADA, ALF, AMY, EVE, LEA, PUBLISHER, STORE, T0
from tests.db.desk import Desk
from tests.db.test_limits import code, why
from tests.policies.publishers import HIDDEN, publisher_body, shown
from tests.policies.states import SYS


def found(desk: Desk, publisher: str, by: Actor = ADA) -> str:
    name = keep_prose(desk.engine, f"House of {publisher}")
    answer = desk.give("found", publisher, by, publisher_body("found", name=name, limit=2))
    assert answer.outcome == "stored", answer
    return publisher


def domain(desk: Desk, publisher: str, name: str) -> str:
    """A reference to `name`, as the edge keeps it."""
    ref = keep_prose(desk.engine, name)
    assert ref
    with writing(desk.engine) as session:
        session.add(DomainRow(store_id=STORE, ref=ref, publisher=publisher, domain=name,
                              token="t", created_at=T0))  # fmt: skip
    return ref


def proven(desk: Desk, publisher: str, name: str, by: Actor = ADA) -> Any:
    """The answer to a look that found what it should; a desk looks at no domain itself."""
    ref = domain(desk, publisher, name)
    desk.give("challenge", publisher, by, publisher_body("challenge", domain=ref))
    return desk.give_seeing("check", publisher, by, publisher_body("check"), shown(ref))


def row(desk: Desk, publisher: str) -> PublisherRow:
    with reading(desk.engine) as session:
        found_row = session.get(PublisherRow, (STORE, publisher))
    assert found_row is not None
    return found_row


def faults(desk: Desk) -> list[Any]:
    """What an audit says of the events, their pictures, authors and packs."""
    with reading(desk.engine) as session:
        read = read_events(session, STORE)
        return [
            *read.faults,
            *picture_faults(session, STORE, read),
            *pack_faults(session, read),
            *author_faults(session, STORE),
        ]


def members(desk: Desk, publisher: str) -> list[str]:
    with reading(desk.engine) as session:
        rows = session.exec(select(MemberRow.person).where(MemberRow.publisher == publisher))
        return sorted(rows)


def test_names_members_and_invitations_are_drawn_from_the_record(desk: Desk) -> None:
    found(desk, "pub_1")
    desk.give("invite", "pub_1", ADA, publisher_body("invite"))

    with reading(desk.engine) as session:
        invited = session.exec(select(InvitationRow.person)).all()
    assert (row(desk, "pub_1").name, row(desk, "pub_1").verified_at) == ("House of pub_1", None)
    assert (members(desk, "pub_1"), invited) == ([ADA.id], [EVE.id])

    desk.give("accept", "pub_1", EVE)
    desk.give("set_role", "pub_1", ADA, {"person": EVE.id, "role": "owner"})
    desk.give("leave", "pub_1", ADA)
    assert members(desk, "pub_1") == [EVE.id]


def test_no_name_and_no_domain_is_in_an_event(desk: Desk) -> None:
    found(desk, "pub_1")
    proven(desk, "pub_1", "secret-name.com")

    written = repr([event.body for event in desk.ledger.events(STORE, "pub_1")])

    assert "House" not in written
    assert "secret-name" not in written


def test_i6_verification_and_its_loss_are_the_records(desk: Desk) -> None:
    found(desk, "pub_1")
    proven(desk, "pub_1", "lumen-learning.com")

    def holds() -> bool:
        with reading(desk.engine) as session:
            return is_verified(session, STORE, "pub_1")

    assert holds()
    assert row(desk, "pub_1").verified_at == desk.now
    with writing(desk.engine) as session:  # somebody writes the row: the record decides
        session.get_one(PublisherRow, (STORE, "pub_1")).verified_at = None
    assert holds()
    desk.wait(days=31).give_seeing("recheck", "pub_1", SYS, {}, HIDDEN)
    assert holds()
    desk.wait(days=15).give_seeing("recheck", "pub_1", SYS, {}, HIDDEN)
    assert not holds()
    assert row(desk, "pub_1").verified_at is None


def test_i6_exposure_does_not_grow_for_a_publisher_that_lost_its_proof(desk: Desk) -> None:
    desk.approved(1)
    adopt(desk.engine, STORE)
    desk.ledger.record(desk.exposing(1, weight_bp=500, visibility="link"))
    assert code(desk.give("revoke", PUBLISHER, LEA, publisher_body("revoke"))) == "stored"

    assert why(desk.ledger.record(desk.exposing(1))) == ["publisher_unverified"]
    assert desk.state("lst_1").exposure.weight_bp == 500  # it stays

    desk.give("attest", PUBLISHER, AMY, publisher_body("attest"))
    assert code(desk.ledger.record(desk.exposing(1))) == "stored"


def test_one_domain_stands_for_one_publisher(desk: Desk) -> None:
    found(desk, "pub_1")
    found(desk, "pub_2", by=EVE)
    assert code(proven(desk, "pub_1", "lumen-learning.com")) == "stored"
    before = desk.totals()

    taken = proven(desk, "pub_2", "lumen-learning.com", by=EVE)

    assert code(taken) == "illegal-move"
    assert desk.totals()[0] == before[0] + 1  # the challenge, no proof
    assert not desk.state("pub_2").holds
    assert code(proven(desk, "pub_2", "other-name.com", by=EVE)) == "stored"
    desk.give("revoke", "pub_1", LEA, publisher_body("revoke"))
    desk.wait(hours=1)
    # A domain that staff revoked serves nobody until they give it back.
    assert code(proven(desk, "pub_2", "lumen-learning.com", by=EVE)) == "illegal-move"
    desk.give("reinstate", "pub_1", AMY, publisher_body("reinstate"))
    assert code(proven(desk, "pub_1", "lumen-learning.com")) == "stored"


def test_a_person_founds_only_so_many(desk: Desk) -> None:
    found(desk, "pub_1")
    found(desk, "pub_2")

    third = desk.give("found", "pub_3", ADA, publisher_body("found", limit=2))

    assert code(third) == "over-limit"
    desk.give("close", "pub_1", ADA)
    assert code(desk.give("found", "pub_3", ADA, publisher_body("found", limit=2))) == "stored"


def test_a_publisher_does_not_close_over_what_is_open_or_listed(desk: Desk) -> None:
    adopt(desk.engine, STORE)
    desk.give("add_member", PUBLISHER, AMY, {"person": ADA.id, "role": "owner"})
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.queued(2)

    refused = desk.give("close", PUBLISHER, ADA)

    assert refused.refusal is not None
    assert refused.refusal.detail["subjects"] == ["sub_2", "lst_1"]
    desk.review("withdraw", "sub_2", ADA)
    desk.give("unlist", "lst_1", ADA)
    assert code(desk.give("close", PUBLISHER, ADA)) == "stored"
    assert members(desk, PUBLISHER) == []


def test_rows_from_before_are_adopted_once_as_they_are(desk: Desk) -> None:
    ada = desk.identity.add_person("Ada", ("developer",), (PUBLISHER,))
    other = desk.identity.add_publisher("B", verified=False)

    first, again = adopt(desk.engine, STORE), adopt(desk.engine, STORE)

    assert (first, again) == (2, 0)
    assert (desk.state(PUBLISHER).holds, desk.state(other).holds) == (True, False)
    assert desk.state(PUBLISHER).members == {ada: "owner"}
    assert row(desk, PUBLISHER).name == "A"
    assert faults(desk) == []


def test_the_operator_enrols_through_the_record_once_it_knows_the_publisher(desk: Desk) -> None:
    adopt(desk.engine, STORE)
    bea = desk.identity.add_person("Bea", ("developer",), (PUBLISHER,))
    before = desk.totals()
    enrol(desk.engine, STORE, PUBLISHER, bea)

    assert desk.state(PUBLISHER).members == {bea: "owner"}
    assert members(desk, PUBLISHER) == [bea]
    assert desk.totals() == before
    assert desk.ledger.events(STORE, PUBLISHER)[-1].on_behalf_of == "operator"


def test_rebuilding_mends_what_was_drawn_and_names_it(desk: Desk) -> None:
    found(desk, "pub_1")
    desk.give("invite", "pub_1", ADA, publisher_body("invite"))
    assert rebuild(desk.engine, STORE).differences == []
    with writing(desk.engine) as session:
        session.add(MemberRow(store_id=STORE, publisher="pub_1", person=ALF.id))
        session.get_one(PublisherRow, (STORE, "pub_1")).verified_at = T0

    mended = rebuild(desk.engine, STORE)

    assert mended.differences == ["pub_1 (members)"]
    assert (members(desk, "pub_1"), row(desk, "pub_1").verified_at) == ([ADA.id], None)


@pytest.mark.parametrize(("days", "expected"), [(29, []), (31, ["pub_1"])])
def test_proofs_come_due(desk: Desk, days: int, expected: list[str]) -> None:
    found(desk, "pub_1")
    found(desk, "pub_2")
    desk.now = datetime.now(UTC)
    proven(desk, "pub_1", "lumen-learning.com")

    with reading(desk.engine) as session:
        rows = due(session, STORE, desk.now + timedelta(days=days), 10)

    assert [one.id for one in rows] == expected
