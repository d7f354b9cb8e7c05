"""Transfers in the record: what is in the way, who owns it then, and what that puts in conflict."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from gonogo.audit.beside import author_faults, picture_faults
from gonogo.audit.events import read_events
from gonogo.audit.owners import owner_faults
from gonogo.db.handover import REMEDIES
from gonogo.db.prose import keep_prose
from gonogo.db.publishers import in_the_way
from gonogo.db.purges import in_use
from gonogo.db.session import reading, writing
from gonogo.db.standing import standing_of
from gonogo.db.tables import EventRow, GptRow, ListingPicture
from gonogo.erasable import plan
from gonogo.objects import Objects
from gonogo.recovery import rebuild, underway
from policies.lifecycle.kernel import Actor, Fact
from policies.wire import RecordAnswer
from tests.builders import AMY, EVE, IDA, LEA, RUI, SOL, STORE, T0
from tests.db.desk import Desk
from tests.db.test_limits import code
from tests.policies.publishers import publisher_body
from tests.policies.states import PREPARED, SYS
from tests.policies.test_transfer_machine import OFFER

GIVING, RECEIVING = "pub_one", "pub_two"
GIVER = Actor("per_giver", ("developer",), (GIVING,))
TAKER = Actor("per_taker", ("developer",), (RECEIVING,))
REMI = Actor("per_remi", ("reviewer",), (GIVING,))  # reviews, and belongs to the giving publisher
RITA = Actor("per_rita", ("reviewer",), (RECEIVING,))


def founded(desk: Desk, publisher: str, owner: Actor) -> None:
    desk.give("found", publisher, owner, publisher_body("found", name="prose:n", limit=9))
    desk.give("attest", publisher, LEA, publisher_body("attest"))


def two(desk: Desk, number: int = 1, *, listed: bool = True) -> None:
    """Two verified publishers; `gpt_<number>` is the first one's, approved and served."""
    founded(desk, GIVING, GIVER)
    founded(desk, RECEIVING, TAKER)
    with writing(desk.engine) as session:
        session.add(GptRow(store_id=STORE, id=f"gpt_{number}", publisher=GIVING, name="Sky",
                           category="education", created_at=T0))  # fmt: skip
    if not listed:
        return
    subject = f"sub_{number}"
    opening = {"gpt": f"gpt_{number}", "digest": "d1", "publisher": GIVING}
    desk.review("submit", subject, GIVER, **opening)
    desk.review("scanned", subject, SYS)
    desk.review("tested", subject, SYS)
    desk.review("claim", subject, RUI)
    desk.review("approve", subject, RUI)
    desk.wait(minutes=11).review("settle", subject, SYS, release=None)
    desk.ledger.record(desk.exposing(number, publisher=GIVING))


def offered(desk: Desk, by: Actor = GIVER, number: int = 1, **changes: Any) -> RecordAnswer:
    body = OFFER | {"gpt": f"gpt_{number}", "publisher": GIVING, "to": RECEIVING}
    return desk.give("offer", "trf_1", by, body | changes)


def handed_over(desk: Desk) -> None:
    two(desk)
    assert code(offered(desk)) == "stored"
    assert code(desk.give("accept", "trf_1", TAKER)) == "stored"


def owner(desk: Desk) -> tuple[str, str]:
    """Of the GPT's row and of its listing."""
    with reading(desk.engine) as session:
        gpt = session.get_one(GptRow, (STORE, "gpt_1"))
        listing = session.exec(select(ListingPicture).where(ListingPicture.gpt == "gpt_1")).one()
        return gpt.publisher, listing.publisher


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


def test_i6_growth_rests_on_the_verification_of_whoever_owns_it_now(desk: Desk) -> None:
    handed_over(desk)

    def verified() -> bool:
        with reading(desk.engine) as session:
            return standing_of(session, STORE, "sub_1", "d1").publisher_verified

    desk.give("revoke", GIVING, SOL, {"reason": "not_theirs"})
    assert verified()
    desk.give("revoke", RECEIVING, SOL, {"reason": "not_theirs"})
    assert not verified()


def test_a_stop_on_a_publisher_follows_the_owner(desk: Desk) -> None:
    handed_over(desk)

    def stops() -> tuple[str, ...]:
        with reading(desk.engine) as session:
            return standing_of(session, STORE, "sub_1", "d1").stops

    desk.stop("publisher", GIVING, SOL)
    assert stops() == ()
    desk.stop("publisher", RECEIVING, SOL)
    assert stops() == ("publisher",)


def test_i2_members_of_every_side_judge_nothing_of_it(desk: Desk) -> None:
    two(desk)
    opening = {"gpt": "gpt_1", "digest": "d2", "publisher": GIVING}
    offered(desk)
    desk.review("submit", "sub_2", GIVER, **opening)
    for kind in ("scanned", "tested"):
        desk.review(kind, "sub_2", SYS)
    assert code(desk.review("claim", "sub_2", RITA)) == "self-approval"  # it is offered to them
    desk.review("withdraw", "sub_2", GIVER)
    assert code(desk.give("accept", "trf_1", TAKER)) == "stored"

    desk.review("submit", "sub_3", TAKER, **opening | {"publisher": RECEIVING, "digest": "d3"})
    for kind in ("scanned", "tested"):
        desk.review(kind, "sub_3", SYS)
    assert code(desk.review("claim", "sub_3", REMI)) == "self-approval"  # it was theirs
    assert code(desk.review("claim", "sub_3", RUI)) == "stored"


def test_nobody_submits_or_reopens_what_is_no_longer_theirs(desk: Desk) -> None:
    two(desk)
    opening = {"gpt": "gpt_1", "digest": "d2", "publisher": GIVING}
    desk.review("submit", "sub_2", GIVER, **opening)
    desk.review("scanned", "sub_2", SYS, blocking=1)
    desk.wait(days=31).review("expire", "sub_2", SYS)
    offered(desk)
    assert code(desk.give("accept", "trf_1", TAKER)) == "stored"

    again = desk.review("submit", "sub_2", GIVER, **opening | {"digest": "d4"})
    fresh = desk.review("submit", "sub_5", GIVER, **opening | {"digest": "d5"})

    for refused in (again, fresh):
        assert refused.refusal
        assert "changed hands" in refused.refusal.because


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


def test_erasing_the_former_publisher_erases_its_texts_and_not_what_is_served(
    desk: Desk, tmp_path: Path
) -> None:
    objects = Objects(tmp_path / "objects")
    two(desk)
    opening = {"gpt": "gpt_1", "digest": "d2", "publisher": GIVING}
    desk.review("submit", "sub_2", GIVER, **opening)
    for kind in ("scanned", "tested"):
        desk.review(kind, "sub_2", SYS)
    desk.review("claim", "sub_2", RUI)
    note = keep_prose(desk.engine, "Private to the former publisher.")
    desk.review("reject", "sub_2", RUI, note=note)
    desk.wait(minutes=11).review("settle", "sub_2", SYS, release=None)
    offer = keep_prose(desk.engine, "As agreed.")
    offered(desk, note=offer)
    desk.give("accept", "trf_1", TAKER)

    former = plan(desk.engine, objects, STORE, "publisher", GIVING, desk.now)
    present = plan(desk.engine, objects, STORE, "gpt", "gpt_1", desk.now)

    assert former.prose == {note, offer}
    assert (former.gpts, former.objects) == (set(), set())
    assert present.prose == {note, offer}
    assert former.uploads == set()
    assert ("default", "gpt_1", "d1") in present.uploads


def test_a_row_that_names_another_owner_than_the_record_is_a_fault(desk: Desk) -> None:
    two(desk)
    two_owners: list[list[str]] = []
    for accepted in (False, True):
        if accepted:
            offered(desk)
            desk.give("accept", "trf_1", TAKER)
        for meddled in (None, "pub_thief"):
            with writing(desk.engine) as session:
                row = session.get_one(GptRow, (STORE, "gpt_1"))
                kept, row.publisher = row.publisher, meddled or row.publisher
                session.flush()
                two_owners.append([fault.what for fault in owner_faults(session, STORE)])
                row.publisher = kept

    clean, stolen, handed_over, taken_back = two_owners
    assert clean == handed_over == []
    assert stolen == [f"its row names pub_thief as owner, the record {GIVING}"]
    assert taken_back == [f"its row names pub_thief as owner, the record {RECEIVING}"]
