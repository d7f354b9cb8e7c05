"""What happens between the look at a launch's items and its opening, inside the launch and out."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gonogo.db.adoption import adopt
from gonogo.db.launch_around import gather
from gonogo.db.launch_items import items_of_launch
from gonogo.db.session import reading, writing
from gonogo.db.standing import standing_of
from gonogo.db.transfers import ACCEPTED, TransferPicture
from policies.errors import EvidenceBlocks
from policies.lifecycle.launch_state import Held, Launch, Status
from policies.lifecycle.machines import MACHINES
from policies.rules.launch_opening import readiness
from policies.wire import RecordRequest
from tests.builders import ADA, LEA, MAX, PUBLISHER, SOL, STORE
from tests.db.desk import Desk
from tests.db.openings import LAUNCH, Opening, in_gating, stored, to_its_hour
from tests.db.test_launch_windows import draw
from tests.db.test_launches import code, reasons
from tests.policies.launches import OPENING, at
from tests.policies.publishers import publisher_body
from tests.policies.states import PACK, SYS

MINUTE = timedelta(minutes=1)


@pytest.fixture
def opening(desk: Desk) -> Opening:
    return in_gating(desk)


def out_already(opening: Opening, number: int) -> str:
    """A release of no launch that people are served."""
    release = opening.ready(number)
    seen = {"precheck": (), "freeze": None}
    stored(opening.desk.give_seeing("start", release, LEA, {}, seen))
    return release


def embargo(opening: Opening, number: int, until: datetime) -> str:
    name = f"emb_{number}"
    body = {"gpt": f"gpt_{number}", "publisher": PUBLISHER, "target": at(until), "reason": "press"}
    stored(opening.desk.give("set", name, ADA, body))
    return name


def state(opening: Opening) -> Launch:
    found: Launch = opening.desk.state(LAUNCH)
    return found


def held(opening: Opening) -> Held:
    found = state(opening).held
    assert found is not None
    return found


def decided(opening: Opening, kind: str = "open_wave", actor: Any = SYS) -> RecordRequest:
    """What the workflow decided now, on its way to the record."""
    desk = opening.desk
    order = desk.order(kind, LAUNCH, actor, {"reason": "mended"})
    facts = MACHINES["launch"].decide(desk.state(LAUNCH), order, desk.now, opening.seen(kind))
    return desk.request(order, facts)


def test_i6_what_an_item_rests_on_is_looked_at_again_wherever_it_belongs(opening: Opening) -> None:
    base = out_already(opening, 9)
    opening.bound(1, requires=[base])
    opening.bound(2, "optional")
    to_its_hour(opening)
    request = decided(opening)
    stored(opening.desk.give("roll_back", base, LEA, {"reason": "broken"}))

    late = opening.desk.ledger.record(request)
    stored(opening.give("open_wave", SYS))

    assert reasons(late) == ["changed"]
    assert held(opening).cause == "must_failing"
    assert opening.shown() == []


def test_i6_a_must_item_that_is_taken_out_at_the_last_second_is_not_outrun(
    opening: Opening,
) -> None:
    opening.bound(1)
    gone = opening.bound(2)
    to_its_hour(opening)
    request = decided(opening)
    stored(opening.desk.give("unbind", gone, LEA, {"reason": "withdrawn"}))

    late = opening.desk.ledger.record(request)
    stored(opening.give("open_wave", SYS))  # before anybody told the launch that it left

    assert reasons(late) == ["changed"]
    assert held(opening).cause == "must_left"
    assert opening.shown() == []


def test_i6_a_publisher_that_is_verified_no_more_is_met_in_the_transaction(
    opening: Opening,
) -> None:
    opening.bound(1)
    adopt(opening.desk.engine, STORE)
    to_its_hour(opening)
    request = decided(opening)
    stored(opening.desk.give("revoke", PUBLISHER, LEA, publisher_body("revoke")))

    late = opening.desk.ledger.record(request)

    assert reasons(late) == ["changed"]
    assert opening.shown() == []


def test_i6_a_wave_rests_on_what_an_earlier_one_opened(opening: Opening) -> None:
    opening.bound(1)
    opening.bound(2, wave=2, requires=["rel_1"])
    to_its_hour(opening).walk(("open_wave", SYS))
    stored(opening.settle("rel_1"))
    opening.walk(("next_wave", LEA))
    request = decided(opening)
    stored(opening.desk.give("roll_back", "rel_1", LEA, {"reason": "broken"}))

    late = opening.desk.ledger.record(request)

    assert reasons(late) == ["changed"]
    assert state(opening).wave == 1


def test_other_releases_of_the_store_do_not_make_it_look_again(opening: Opening) -> None:
    base, other = out_already(opening, 9), out_already(opening, 8)
    opening.bound(1, requires=[base])
    to_its_hour(opening)
    request = decided(opening)
    stored(opening.desk.give("roll_back", other, LEA, {"reason": "broken"}))

    assert code(opening.desk.ledger.record(request)) == "stored"


@pytest.mark.parametrize(
    ("importance", "until", "shown", "status"),
    [
        ("must", OPENING + MINUTE, [], Status.HOLD),
        ("should", OPENING + MINUTE, ["gpt_1"], Status.PARTIAL),
        ("must", OPENING, ["gpt_1", "gpt_2"], Status.LIVE),  # it ends as the launch opens
        ("must", OPENING - MINUTE, ["gpt_1", "gpt_2"], Status.LIVE),
    ],
)
def test_i6_a_gpt_under_embargo_is_not_ready(
    opening: Opening, importance: str, until: datetime, shown: list[str], status: Status
) -> None:
    opening.bound(1)
    opening.bound(2, importance)
    if until <= OPENING:
        embargo(opening, 2, until)  # the poll and its checks are long before its end
    to_its_hour(opening)
    if until > OPENING:
        embargo(opening, 2, until)

    stored(opening.give("open_wave", SYS))

    assert (opening.shown(), state(opening).status) == (shown, status)
    if status is Status.HOLD:
        assert held(opening).failing == ("rel_2",)


def test_no_poll_opens_over_a_must_that_will_be_under_embargo(opening: Opening) -> None:
    opening.bound(1)
    embargo(opening, 1, OPENING + MINUTE)

    with pytest.raises(EvidenceBlocks, match="must_failing"):
        to_its_hour(opening)


def test_i6_an_embargo_that_is_set_as_it_opens_is_met(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening)
    request = decided(opening)
    embargo(opening, 1, OPENING + timedelta(days=1))

    assert reasons(opening.desk.ledger.record(request)) == ["changed"]
    assert state(opening).wave == 0


@pytest.mark.parametrize(
    ("planned", "of_the_gpt"), [(2 * MINUTE, -MINUTE), (-MINUTE, 2 * MINUTE), (MINUTE, MINUTE)]
)
def test_the_later_of_two_embargoes_holds(
    opening: Opening, planned: timedelta, of_the_gpt: timedelta
) -> None:
    """They stay apart: the plan's moves with the launch, the GPT's does not."""
    opening.bound(1, not_before=(OPENING + planned).isoformat())
    embargo(opening, 1, OPENING + of_the_gpt)

    with reading(opening.desk.engine) as session:
        (item,) = items_of_launch(session, STORE, LAUNCH).items
        plan = gather(session, opening.desk.state(LAUNCH), PACK, OPENING, in_force=PACK).plan
    at_once, later = (
        readiness([item], (), OPENING - MINUTE, {}, opens).failing.get(item.release, ())
        for opens in (OPENING, OPENING + 2 * MINUTE)
    )

    assert "embargo" in at_once
    assert "embargo" not in later
    assert plan.items[item.release].not_before == OPENING + planned


def test_i6_an_embargo_set_while_it_is_suspended_keeps_nothing_back_for_good(
    opening: Opening,
) -> None:
    """It ends by itself; what a restored launch leaves out waits for a person."""
    opening.bound(1)
    to_its_hour(opening).walk(("open_wave", SYS))
    stored(opening.settle("rel_1"))
    opening.walk(("suspend", SOL), ("restore", LEA))
    embargo(opening, 1, OPENING + timedelta(days=1))

    stored(opening.give("restore", MAX))

    assert dict(state(opening).excluded) == {}


@pytest.mark.parametrize(
    ("waited_s", "outcome"),
    [(0.0, "stored"), (840.0, "stored"), (901.0, "refused"), (10_800.0, "refused")],
)
def test_i6_what_was_decided_in_time_and_arrives_after_an_outage_opens_nothing(
    opening: Opening, waited_s: float, outcome: str
) -> None:
    opening.bound(1)
    to_its_hour(opening)
    request = replace(decided(opening), waited_s=waited_s)

    answer = opening.desk.ledger.record(request)

    assert answer.outcome == outcome
    assert opening.shown() == (["gpt_1"] if outcome == "stored" else [])


def test_i6_a_window_that_began_while_the_opening_was_under_way_is_met(opening: Opening) -> None:
    opening.bound(1)
    draw(opening, begins="2026-04-21T09:02")
    to_its_hour(opening)
    request = replace(decided(opening), waited_s=180.0)

    assert reasons(opening.desk.ledger.record(request)) == ["changed"]
    assert state(opening).wave == 0


def test_i6_evidence_that_ended_while_a_return_was_under_way_stays_dark(opening: Opening) -> None:
    opening.bound(1)
    to_its_hour(opening).walk(("open_wave", SYS), ("suspend", SOL), ("restore", LEA))
    request = replace(decided(opening, "restore", MAX), waited_s=400 * 86_400.0)

    assert reasons(opening.desk.ledger.record(request)) == ["changed"]
    assert opening.shown() == []


def test_i6_who_owns_the_gpt_now_is_verified_not_who_submitted_it(opening: Opening) -> None:
    opening.bound(1)
    opening.desk.identity.add_publisher("B", verified=False, publisher="pub_b")
    with writing(opening.desk.engine) as session:
        session.add(
            TransferPicture(store_id=STORE, id="trf_1", gpt="gpt_1", publisher=PUBLISHER,
                            receiver="pub_b", step=ACCEPTED, until=OPENING, seq=2, version=2,
                            state={})
        )  # fmt: skip
    stored(opening.desk.stop("publisher", "pub_b", SOL))

    with reading(opening.desk.engine) as session:
        (item,) = items_of_launch(session, STORE, LAUNCH).items
        alone = standing_of(session, STORE, "sub_1", "d1")

    assert item.standing == alone
    assert (alone.publisher_verified, alone.stops) == (False, ("publisher",))
