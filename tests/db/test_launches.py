"""A launch opens by one row: who is served, what the opening refuses, what a suspension darkens."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from gonogo.db.launch_items import items_of_launch
from gonogo.db.session import reading, writing
from gonogo.db.standing import standing_of
from gonogo.db.tables import GptRow
from gonogo.recovery import rebuild
from policies.lifecycle.machines import MACHINES
from policies.wire import RecordAnswer, RecordRequest
from tests.builders import ADA, LEA, MAX, PUBLISHER, SOL, STORE
from tests.db.desk import Desk
from tests.db.openings import LAUNCH, Opening, in_gating, stored, to_its_hour
from tests.policies.launches import OPENING
from tests.policies.states import SYS, listing_body


@pytest.fixture
def opening(desk: Desk) -> Opening:
    return in_gating(desk)


def code(answer: RecordAnswer) -> str:
    return answer.refusal.code if answer.refusal else answer.outcome


def reasons(answer: RecordAnswer) -> list[str]:
    assert answer.refusal is not None, answer
    return list(answer.refusal.detail["reasons"])


def test_items_are_visible_with_the_opening_and_not_a_moment_before(opening: Opening) -> None:
    for number in (1, 2, 3):
        opening.bound(number)
    to_its_hour(opening)

    before = [opening.served(number).serving for number in (1, 2, 3)], opening.shown()
    stored(opening.give("open_wave", SYS))
    after = [opening.served(number).digest for number in (1, 2, 3)], opening.shown()

    assert before == (["none"] * 3, [])
    assert after == (["d1"] * 3, ["gpt_1", "gpt_2", "gpt_3"])
    assert opening.served(1, unit=None).digest == "d1"  # to everybody, named or not


def test_a_settled_item_is_served_by_its_listing_and_nothing_changes_for_people(
    opening: Opening,
) -> None:
    opening.bound(1)
    to_its_hour(opening).walk(("open_wave", SYS))

    at_first = opening.served(1).digest, opening.shown()
    stored(opening.settle("rel_1"))
    settled = opening.served(1).digest, opening.shown()

    assert at_first == settled == ("d1", ["gpt_1"])
    assert opening.desk.state("lst_1").exposure.weight_bp == 10_000


def test_what_is_opened_stays_visible_between_its_release_and_its_listing(opening: Opening) -> None:
    """A worker killed right there leaves no gap."""
    opening.bound(1)
    to_its_hour(opening).walk(("open_wave", SYS))
    row = {"status": "live", "wave": 1, "excluded": None}

    seen = {"precheck": (), "launch": row}
    stored(opening.desk.give_seeing("open", "rel_1", SYS, {}, seen))

    assert opening.desk.state("lst_1") is None
    assert (opening.served(1).digest, opening.shown()) == ("d1", ["gpt_1"])


def test_i6_what_fails_the_precheck_is_passed_over_and_stays_dark(opening: Opening) -> None:
    opening.bound(1)
    opening.bound(2, "should")
    to_its_hour(opening)
    stop = stored(opening.desk.stop("gpt", "gpt_2", SOL)).events[0].subject

    stored(opening.give("open_wave", SYS))
    stored(opening.desk.give("lift", stop, LEA, {"reason": "mended"}))

    state = opening.desk.state(LAUNCH)
    assert (state.status.value, dict(state.excluded)) == ("partial", {"rel_2": 1})
    assert (opening.served(1).serving, opening.served(2).serving) == ("candidate", "none")
    assert opening.shown() == ["gpt_1"]


def test_i6_the_opening_is_refused_when_items_changed_since_they_were_looked_at(
    opening: Opening,
) -> None:
    for number in (1, 2):
        opening.bound(number)
    to_its_hour(opening)
    seen = opening.seen()
    stored(opening.desk.stop("revision", "d1", SOL))

    stale = opening.seeing("open_wave", SYS, seen)
    fresh = opening.give("open_wave", SYS)

    assert reasons(stale) == ["changed"]
    assert opening.served(1).serving == "none"
    assert code(fresh) == "stored"  # and it holds: a must fails
    assert opening.desk.state(LAUNCH).held.cause == "must_failing"


def test_i6_an_item_that_left_since_it_was_looked_at_makes_it_look_again(opening: Opening) -> None:
    for number in (1, 2):
        opening.bound(number, "should")
    to_its_hour(opening)
    seen = opening.seen()
    stored(opening.desk.give("unbind", "rel_2", ADA, {"reason": "ship_alone"}))

    stale = opening.seeing("open_wave", SYS, seen)
    stored(opening.give("open_wave", SYS))

    assert reasons(stale) == ["changed"]
    assert (opening.served(1).digest, opening.served(2).serving) == ("d1", "none")


def test_changes_that_concern_no_item_do_not_make_it_look_again(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening)
    seen = opening.seen()
    opening.desk.queued(7)  # another case, of another GPT

    assert code(opening.seeing("open_wave", SYS, seen)) == "stored"


def test_i3_a_hold_a_moment_before_stops_the_opening(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening)
    seen = opening.seen()
    order = opening.desk.order("open_wave", LAUNCH, SYS, {})
    state = opening.desk.state(LAUNCH)
    facts = MACHINES["launch"].decide(state, order, opening.desk.now, seen)
    request = opening.desk.request(order, facts)
    stored(opening.give("hold", SOL))

    late = opening.desk.ledger.record(request)

    assert late.outcome == "behind"
    assert [event.type for event in late.events] == ["launch:held"]
    assert opening.served(1).serving == "none"


@pytest.mark.parametrize("seed", range(4))
def test_i3_a_hold_at_any_moment_of_the_opening_wins_or_comes_too_late_for_good(
    opening: Opening, seed: int
) -> None:
    """Both are decided on the same state and recorded at the same time: one of them is stored."""
    opening.bound(1)
    to_its_hour(opening)
    desk, chance = opening.desk, random.Random(seed)
    state, seen = desk.state(LAUNCH), opening.seen()
    requests = []
    for kind, actor, what in (("open_wave", SYS, {}), ("hold", SOL, {"reason": "doubt"})):
        order = desk.order(kind, LAUNCH, actor, what)
        facts = MACHINES["launch"].decide(state, order, desk.now, seen)
        requests.append(desk.request(order, facts))
    start = Barrier(2)

    def record(request: RecordRequest) -> RecordAnswer:
        start.wait()
        time.sleep(chance.uniform(0, 0.01))
        return desk.ledger.record(request)

    with ThreadPoolExecutor(2) as both:
        opened, held = both.map(record, requests)

    now = desk.state(LAUNCH)
    assert {opened.outcome, held.outcome} == {"stored", "behind"}
    assert now.wave == (1 if opened.outcome == "stored" else 0)
    assert (opening.served(1).digest == "d1") is (opened.outcome == "stored")
    assert now.status.value == ("live" if opened.outcome == "stored" else "hold")


def test_a_launch_takes_no_items_once_it_counts_down(opening: Opening) -> None:
    opening.bound(1)
    late = opening.ready(2)
    to_its_hour(opening)

    assert code(opening.bind(late)) == "illegal-move"
    assert code(opening.bind(late, launch="lch_none")) == "incomplete"


def test_a_gpt_is_bound_once_and_to_what_exists(opening: Opening) -> None:
    release = opening.bound(1)
    again = opening.ready(2)

    assert code(opening.bind(again, requires=["rel_none"])) == "incomplete"
    assert code(opening.bind(again, wave=21)) == "over-limit"
    assert code(opening.bind(again, requires=[release])) == "stored"


def test_i6_what_requires_something_that_fails_fails_with_it(opening: Opening) -> None:
    opening.bound(1, "optional")
    opening.bound(2, "optional", requires=["rel_1"])
    opening.bound(3, "optional")
    to_its_hour(opening)
    stored(opening.desk.stop("gpt", "gpt_1", SOL))

    stored(opening.give("open_wave", SYS))

    assert set(opening.desk.state(LAUNCH).excluded) == {"rel_1", "rel_2"}
    assert opening.shown() == ["gpt_3"]


def test_i9_who_is_served_by_the_launch_is_not_unbound_from_under_people(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening).walk(("open_wave", SYS))

    unbound = opening.desk.give("unbind", "rel_1", ADA, {"reason": "ship_alone"})
    cancelled = opening.desk.give("cancel", "rel_1", ADA, {"reason": "withdrawn"})

    assert (code(unbound), code(cancelled)) == ("illegal-move", "illegal-move")
    assert opening.served(1).digest == "d1"


def test_of_a_suspended_launch_nobody_is_served_settled_or_not(opening: Opening) -> None:
    for number in (1, 2, 3):
        opening.bound(number)
    to_its_hour(opening).walk(("open_wave", SYS))
    stored(opening.settle("rel_1"))
    stored(opening.settle("rel_2"))
    stored(
        opening.desk.give("promote", "lst_2", SYS, listing_body("promote") | {"release": "rel_2"})
    )

    stored(opening.give("suspend", SOL))
    dark = [opening.served(number) for number in (1, 2, 3)], opening.shown()
    stored(opening.give("restore", LEA))
    stored(opening.give("restore", MAX))
    back = [opening.served(number).digest for number in (1, 2, 3)], opening.shown()

    assert [one.serving for one in dark[0]] == ["none"] * 3
    assert "suspended" in dark[0][0].why
    assert dark[1] == []
    assert back == (["d1"] * 3, ["gpt_1", "gpt_2", "gpt_3"])


def test_i6_what_fails_when_a_launch_is_restored_stays_dark_settled_or_not(
    opening: Opening,
) -> None:
    for number in (1, 2, 3):
        opening.bound(number)
    to_its_hour(opening).walk(("open_wave", SYS))
    stored(opening.settle("rel_1"))
    opening.walk(("suspend", SOL), ("restore", LEA))
    lift = stored(opening.desk.stop("gpt", "gpt_1", SOL)).events[0].subject
    stored(opening.desk.stop("gpt", "gpt_2", SOL))

    stored(opening.give("restore", MAX))
    stored(opening.desk.give("lift", lift, LEA, {"reason": "mended"}))

    assert set(opening.desk.state(LAUNCH).excluded) == {"rel_1", "rel_2"}
    assert [opening.served(number).serving for number in (1, 2, 3)] == [
        "none", "none", "candidate",
    ]  # fmt: skip
    assert opening.shown() == ["gpt_3"]


def test_i6_the_life_of_an_approval_stands_still_while_bound_also_for_the_record(
    opening: Opening,
) -> None:
    opening.bound(1)
    until = opening.desk.ledger.events(STORE, "sub_1")[-2].body  # the approval
    assert "expires_at" in until
    opening.desk.wait(days=200)

    with reading(opening.desk.engine) as session:
        bound = standing_of(session, STORE, "sub_1", "d1")
    stored(opening.desk.give("unbind", "rel_1", ADA, {"reason": "ship_alone"}))
    opening.desk.wait(days=1)
    with reading(opening.desk.engine) as session:
        loose = standing_of(session, STORE, "sub_1", "d1")

    assert not bound.is_approval_over(opening.desk.now)
    assert not loose.is_approval_over(opening.desk.now)
    assert loose.is_approval_over(opening.desk.now + timedelta(days=90))


def test_what_is_looked_up_by_sets_is_what_is_looked_up_one_by_one(opening: Opening) -> None:
    for number in range(1, 6):
        opening.bound(number, "should")
    stored(opening.desk.stop("gpt", "gpt_1", SOL))
    stored(opening.desk.stop("publisher", PUBLISHER, SOL))
    with writing(opening.desk.engine) as session:
        moved = session.get(GptRow, (STORE, "gpt_2"))
        assert moved is not None
        moved.category = "education"
    stored(opening.desk.stop("category", "education", SOL))

    with reading(opening.desk.engine) as session:
        by_set = {
            item.release: item.standing for item in items_of_launch(session, STORE, LAUNCH).items
        }
        one_by_one = {
            f"rel_{n}": standing_of(session, STORE, f"sub_{n}", "d1") for n in range(1, 6)
        }

    assert by_set == one_by_one
    assert by_set["rel_2"].stops == ("category", "publisher")


def test_exclusions_are_drawn_again_from_the_events(opening: Opening) -> None:
    opening.bound(1)
    opening.bound(2, "should")
    to_its_hour(opening)
    stored(opening.desk.stop("gpt", "gpt_2", SOL))
    stored(opening.give("open_wave", SYS))

    assert rebuild(opening.desk.engine, STORE).differences == []
    assert opening.served(2).serving == "none"


def test_a_gpt_that_its_developer_took_down_is_not_listed_by_an_opening(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening).walk(("open_wave", SYS))
    stored(opening.settle("rel_1"))
    stored(opening.desk.give("unlist", "lst_1", ADA))

    assert opening.served(1).why == ("unlisted",)
    assert opening.shown() == []


def test_the_opening_is_the_instant_that_was_announced(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening)

    stored(opening.give("open_wave", SYS))

    assert opening.desk.state(LAUNCH).opened_at == OPENING
