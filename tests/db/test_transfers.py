"""Transfers in the record: who offers and answers, what is in the way, and the change of hands."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from gonogo.audit.beside import author_faults, picture_faults
from gonogo.audit.events import read_events
from gonogo.db.handover import REMEDIES
from gonogo.db.publishers import in_the_way
from gonogo.db.purges import in_use
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, GptRow
from gonogo.recovery import rebuild, underway
from policies.lifecycle.kernel import Actor, Fact
from tests.builders import AMY, EVE, IDA, RUI, SOL, STORE
from tests.db.desk import Desk
from tests.db.test_limits import code
from tests.db.transferring import (
    GIVER,
    GIVING,
    RECEIVING,
    TAKER,
    founded,
    handed_over,
    offered,
    owner,
    two,
)
from tests.policies.launches import at
from tests.policies.states import PREPARED, SYS
from tests.policies.test_transfer_machine import OFFER


def test_on_acceptance_gpt_and_listing_change_hands_in_one_transaction(desk: Desk) -> None:
    two(desk)
    offered(desk)
    assert owner(desk) == (GIVING, GIVING)

    answer = desk.give("accept", "trf_1", TAKER)

    assert (answer.outcome, answer.answer["step"]) == ("stored", "accepted")
    assert [event.type for event in answer.events] == ["transfer:accepted"]
    assert owner(desk) == (RECEIVING, RECEIVING)
    moved = desk.ledger.events(STORE, "lst_1")[-1]
    accepted = desk.ledger.events(STORE, "trf_1")[-1]
    assert (moved.type, moved.body) == ("listing:transferred", {"from": GIVING, "to": RECEIVING})
    assert (moved.position, moved.caused_by) == (accepted.position + 1, "trf_1")
    # The past stays whose it was.
    assert desk.state("sub_1").publisher == GIVING
    # The listing's new owner commands it, the former one does not.
    with pytest.raises(Exception, match="not yours"):
        desk.give("unlist", "lst_1", GIVER)
    assert code(desk.give("unlist", "lst_1", TAKER)) == "stored"


def test_a_gpt_that_was_never_listed_changes_hands_too(desk: Desk) -> None:
    two(desk, listed=False)
    offered(desk)

    assert code(desk.give("accept", "trf_1", TAKER)) == "stored"
    with reading(desk.engine) as session:
        assert session.get_one(GptRow, (STORE, "gpt_1")).publisher == RECEIVING


def test_what_was_drawn_is_what_the_events_say(desk: Desk) -> None:
    handed_over(desk)

    assert rebuild(desk.engine, STORE).differences == []
    with reading(desk.engine) as session:
        read = read_events(session, STORE)
        faults = [*read.faults, *picture_faults(session, STORE, read)]
        authors = [one for one in author_faults(session, STORE) if one.subject == "lst_1"]
    assert (faults, authors) == ([], [])

    with writing(desk.engine) as session:  # somebody writes the row: the record decides
        session.get_one(GptRow, (STORE, "gpt_1")).publisher = "pub_thief"
    assert rebuild(desk.engine, STORE).differences == ["gpt_1 (owner)"]
    assert owner(desk) == (RECEIVING, RECEIVING)


def test_only_owners_of_the_two_publishers_offer_and_answer(desk: Desk) -> None:
    two(desk)
    for publisher, person in ((GIVING, "per_mia"), (RECEIVING, "per_ned")):
        desk.give("add_member", publisher, AMY, {"person": person})
    mia = Actor("per_mia", ("developer",), (GIVING,))
    ned = Actor("per_ned", ("developer",), (RECEIVING,))

    assert code(offered(desk, by=mia)) == "not-allowed"
    assert code(offered(desk)) == "stored"
    for kind in ("accept", "decline"):
        assert code(desk.give(kind, "trf_1", ned)) == "not-allowed"
    assert code(desk.give("withdraw", "trf_1", mia)) == "not-allowed"
    assert code(desk.give("decline", "trf_1", TAKER)) == "stored"


def test_one_offer_of_a_gpt_is_open_at_a_time_and_of_its_owner_alone(desk: Desk) -> None:
    two(desk)
    founded(desk, "pub_three", EVE)
    offered(desk)
    body = OFFER | {"gpt": "gpt_1", "publisher": GIVING, "to": "pub_three"}

    assert code(desk.give("offer", "trf_2", GIVER, body)) == "over-limit"
    desk.give("accept", "trf_1", TAKER)
    assert code(desk.give("offer", "trf_2", GIVER, body)) == "illegal-move"  # no longer theirs
    onwards = body | {"publisher": RECEIVING}
    assert code(desk.give("offer", "trf_2", TAKER, onwards)) == "stored"
    eve = Actor(EVE.id, EVE.roles, ("pub_three",))
    assert code(desk.give("accept", "trf_2", eve)) == "stored"
    assert owner(desk) == ("pub_three", "pub_three")
    assert rebuild(desk.engine, STORE).differences == []


def _verification(desk: Desk) -> None:
    desk.give("revoke", RECEIVING, SOL, {"reason": "not_theirs"})


def _case(desk: Desk) -> None:
    opening = {"gpt": "gpt_1", "digest": "d2", "publisher": GIVING}
    desk.review("submit", "sub_2", GIVER, **opening)


def _undoable(desk: Desk) -> None:
    _case(desk)
    for kind in ("scanned", "tested"):
        desk.review(kind, "sub_2", SYS)
    for kind in ("claim", "approve"):
        desk.review(kind, "sub_2", RUI)


def _release(desk: Desk) -> None:
    desk.give("prepare", "rel_9", SYS, dict(PREPARED) | {"gpt": "gpt_1", "submission": "sub_1"})


IN_THE_WAY: dict[str, Any] = {
    "submission": _case,
    "submission, undoable": _undoable,
    "release": _release,
    "quarantine": lambda desk: desk.give("quarantine", "lst_1", SOL, {"reason": "unsafe"}),
    "stop": lambda desk: desk.stop("gpt", "gpt_1", SOL),
    "stop, receiving": lambda desk: desk.stop("publisher", RECEIVING, SOL),
    "stop, category": lambda desk: desk.stop("category", "education", SOL),
    "hold": lambda desk: desk.give("place", "hld_1", IDA,
                                   {"scope": "publisher", "target": GIVING, "reason": "court"}),
    "embargo": lambda desk: desk.give("set", "emb_1", GIVER,
                                      {"gpt": "gpt_1", "publisher": GIVING, "reason": "press",
                                       "target": at(datetime(2190, 1, 1, tzinfo=UTC))}),
    "unverified": _verification,
}  # fmt: skip


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_i6_what_stands_in_the_way_is_named_when_offering_and_when_accepting(
    desk: Desk, what: str
) -> None:
    two(desk)
    IN_THE_WAY[what](desk)
    before = desk.totals()

    refused = offered(desk).refusal

    assert refused, what
    assert desk.totals() == before
    if what == "unverified":
        assert (refused.code, refused.detail["publisher"]) == ("evidence-blocks", RECEIVING)
        return
    name = what.partition(",")[0]
    assert (refused.code, list(refused.detail["in_the_way"])) == ("illegal-move", [name])
    assert REMEDIES[name] in refused.because


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_i6_what_came_into_the_way_since_the_offer_stops_the_acceptance(
    desk: Desk, what: str
) -> None:
    two(desk)
    offered(desk)
    IN_THE_WAY[what](desk)

    assert code(desk.give("accept", "trf_1", TAKER)) in ("illegal-move", "evidence-blocks")
    assert owner(desk) == (GIVING, GIVING)
    assert code(desk.give("decline", "trf_1", TAKER)) == "stored"  # always possible


def test_i2_nobody_orders_a_listing_to_change_hands(desk: Desk) -> None:
    two(desk)
    fact = Fact("listing:transferred", {"from": GIVING, "to": "pub_thief"})

    for actor in (SYS, GIVER):
        order = desk.order("relist", "lst_1", actor)
        answer = desk.ledger.record(desk.request(order, facts=(fact,)))
        assert code(answer) == "forged"
    assert owner(desk) == (GIVING, GIVING)


def test_an_open_offer_keeps_publisher_and_gpt_from_being_closed_or_erased(desk: Desk) -> None:
    two(desk, listed=False)
    offered(desk)

    with reading(desk.engine) as session:
        for publisher in (GIVING, RECEIVING):
            assert in_the_way(session, STORE, publisher) == ["trf_1"]
            assert in_use(session, STORE, "publisher", publisher) == ["trf_1"]
        assert in_use(session, STORE, "gpt", "gpt_1") == ["trf_1"]
    assert [one[:2] for one in underway(desk.engine, STORE)] == [("Transfer", "transfer/trf_1")]
    desk.give("withdraw", "trf_1", GIVER)
    assert list(underway(desk.engine, STORE)) == []


def test_a_repeat_of_the_acceptance_changes_nothing_more(desk: Desk) -> None:
    two(desk)
    offered(desk)
    order = desk.order("accept", "trf_1", TAKER)
    request = desk.request(order)

    first, again = desk.ledger.record(request), desk.ledger.record(request)

    assert (first.outcome, again.outcome) == ("stored", "known")
    with reading(desk.engine) as session:
        moves = session.exec(
            select(EventRow.seq).where(col(EventRow.type) == "listing:transferred")
        ).all()
    assert len(moves) == 1
