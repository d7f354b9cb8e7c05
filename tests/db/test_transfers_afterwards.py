"""What follows the new owner of a GPT: stops, growth, who judges, who submits, whose texts go."""

from pathlib import Path

from gonogo.audit.owners import owner_faults
from gonogo.db.prose import keep_prose
from gonogo.db.session import reading, writing
from gonogo.db.standing import standing_of
from gonogo.db.tables import GptRow
from gonogo.erasable import plan
from gonogo.objects import Objects
from policies.lifecycle.kernel import Actor
from tests.builders import RUI, SOL, STORE
from tests.db.desk import Desk
from tests.db.test_limits import code
from tests.db.transferring import GIVER, GIVING, RECEIVING, TAKER, handed_over, offered, two
from tests.policies.states import SYS

REMI = Actor("per_remi", ("reviewer",), (GIVING,))  # reviews, and belongs to the giving publisher
RITA = Actor("per_rita", ("reviewer",), (RECEIVING,))


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
