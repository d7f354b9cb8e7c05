"""Windows over a launch in the record: asked at the look, and again as it opens."""

from typing import Any

import pytest
from sqlalchemy import event

from gonogo.db.launch_windows import windows_of_launch
from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow
from policies.lifecycle.launch_state import Status
from policies.rules.launch_windows import Closed
from tests.builders import LEA, MAX, PUBLISHER, SOL, STORE
from tests.db.desk import Desk
from tests.db.openings import LAUNCH, Opening, in_gating, stored, to_its_hour
from tests.db.test_launches import code, reasons
from tests.policies.launches import OPENING
from tests.policies.states import SYS

FROM, TO = "2026-04-21T08:00", "2026-04-21T18:00"  # the opening lies in it


@pytest.fixture
def opening(desk: Desk) -> Opening:
    return in_gating(desk)


def draw(opening: Opening, name: str = "win_1", scope: str = "store", **over: Any) -> str:
    window = {
        "kind": "deny", "tz": "UTC", "begins": FROM, "ends": TO, "scope": scope,
        "override_role": "product_lead",
    } | over  # fmt: skip
    body = {"window": window, "reason": "holidays", "over_at": None}
    stored(opening.desk.give("declare", name, LEA, body))
    return name


def closed(opening: Opening) -> Closed:
    with reading(opening.desk.engine) as session:
        return windows_of_launch(session, STORE, LAUNCH, opening.desk.now)


def test_i6_a_launch_does_not_open_inside_a_window_of_the_store(opening: Opening) -> None:
    opening.bound(1)
    draw(opening)
    to_its_hour(opening)

    stored(opening.give("open_wave", SYS))

    launch = opening.desk.state(LAUNCH)
    assert (launch.status, launch.held.cause, launch.wave) == (Status.HOLD, "frozen", 0)
    assert launch.freeze.until == OPENING.replace(hour=18)
    assert opening.served(1).serving == "none"


def test_i6_a_window_whose_end_newer_zone_data_moved_is_met_until_that_end(
    opening: Opening,
) -> None:
    opening.bound(1)
    stale = {"over_at": OPENING.replace(hour=8, minute=30).isoformat()}  # its zone was another then
    window = {"kind": "deny", "tz": "UTC", "begins": FROM, "ends": TO, "scope": "store",
              "override_role": "product_lead"}  # fmt: skip
    stored(opening.desk.give("declare", "win_1", LEA,
                             {"window": window, "reason": "holidays"} | stale))  # fmt: skip
    to_its_hour(opening)

    stored(opening.give("open_wave", SYS))

    launch = opening.desk.state(LAUNCH)
    assert (launch.status, launch.wave) == (Status.HOLD, 0)
    assert launch.freeze.until == OPENING.replace(hour=18)


def test_i6_a_window_drawn_between_the_look_and_the_opening_is_met(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening)
    looked = opening.seen()

    draw(opening)
    refused = opening.seeing("open_wave", SYS, looked)
    again = opening.give("open_wave", SYS)

    assert (code(refused), reasons(refused)) == ("evidence-blocks", ["changed"])
    assert again.outcome == "stored"
    assert opening.desk.state(LAUNCH).held.cause == "frozen"


def test_i6_a_window_that_begins_between_the_look_and_the_opening_is_met(opening: Opening) -> None:
    opening.bound(1)
    draw(opening, begins="2026-04-21T09:00:02")
    to_its_hour(opening)
    looked = opening.seen()

    opening.desk.wait(seconds=3)
    refused = opening.seeing("open_wave", SYS, looked)

    assert (code(refused), reasons(refused)) == ("evidence-blocks", ["changed"])


@pytest.mark.parametrize("scope", ["gpt:gpt_2", f"publisher:{PUBLISHER}", "category:writing"])
def test_i6_an_item_under_a_freeze_of_its_own_scope_is_passed_over(
    opening: Opening, scope: str
) -> None:
    opening.bound(1, "should")
    opening.bound(2, "should")
    with writing(opening.desk.engine) as session:
        for number, category in ((1, "games"), (2, "writing")):
            session.get_one(GptRow, (STORE, f"gpt_{number}")).category = category
    draw(opening, scope=scope)
    to_its_hour(opening)

    saw = opening.seen()["items"]["failing"]
    answer = opening.give("open_wave", SYS)

    assert saw["rel_2"] == ["frozen:win_1"]
    assert answer.outcome == "stored"
    if scope.startswith("gpt:"):
        assert dict(opening.desk.state(LAUNCH).excluded) == {"rel_2": 1}
        assert (opening.served(1).digest, opening.served(2).serving) == ("d1", "none")
    else:  # of both, the revision's category and the publisher are the same
        assert opening.desk.state(LAUNCH).held.cause == "nothing_ready"


def test_l7_a_must_item_under_a_freeze_of_its_own_holds_the_opening(opening: Opening) -> None:
    opening.bound(1)
    opening.bound(2)
    draw(opening, scope="gpt:gpt_2")
    to_its_hour(opening)

    stored(opening.give("open_wave", SYS))

    held = opening.desk.state(LAUNCH).held
    assert (held.cause, held.failing) == ("must_failing", ("rel_2",))


@pytest.mark.parametrize("ended", [False, True])
def test_i6_another_window_over_some_items_makes_the_record_look_at_all_of_them(
    opening: Opening, ended: bool
) -> None:
    opening.bound(1, "should")
    opening.bound(2, "should")
    if ended:
        draw(opening, scope="gpt:gpt_2")
    to_its_hour(opening)
    looked = opening.seen()

    if ended:
        stored(opening.desk.give("end", "win_1", MAX, {"reason": "over"}))
    else:
        draw(opening, scope="gpt:gpt_2")
    refused = opening.seeing("open_wave", SYS, looked)

    assert (code(refused), reasons(refused)) == ("evidence-blocks", ["changed"])


def test_a_window_that_binds_none_of_its_items_changes_nothing(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening)
    looked = opening.seen()

    draw(opening, scope="gpt:gpt_elsewhere")

    assert opening.seeing("open_wave", SYS, looked).outcome == "stored"
    assert opening.desk.state(LAUNCH).status is Status.LIVE


def test_whoever_the_window_names_gets_past_it_and_the_record_knows(opening: Opening) -> None:
    opening.bound(1)
    draw(opening)
    to_its_hour(opening)
    why = {"reason": "press_is_there"}

    stored(opening.give("override_freeze", LEA, **why))
    opened = opening.give("open_wave", SYS)

    assert opened.outcome == "stored"
    assert opening.served(1).digest == "d1"


def test_what_was_suspended_does_not_return_inside_a_window(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening).walk(("open_wave", SYS), ("suspend", SOL), ("restore", MAX))
    looked = opening.seen("restore")

    draw(opening)
    refused = opening.seeing("restore", LEA, looked)
    past = opening.give("restore", LEA, override={"reason": "press_is_there"})

    assert (code(refused), reasons(refused)) == ("evidence-blocks", ["changed"])
    assert past.outcome == "stored"
    assert opening.served(1).digest == "d1"


def test_windows_are_asked_in_three_queries_whatever_the_number_of_items(opening: Opening) -> None:
    for number in range(1, 4):
        opening.bound(number)
    draw(opening, scope="gpt:gpt_2")
    opening.desk.now = OPENING
    queries: list[str] = []
    engine = opening.desk.engine

    event.listen(engine, "before_cursor_execute", lambda *told: queries.append(str(told[2])))
    found = closed(opening)

    assert dict(found.scopes) == {"gpt:gpt_2": ("win_1",)}
    assert len([one for one in queries if one.startswith("SELECT")]) <= 3
