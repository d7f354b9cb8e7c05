"""Stopping a launch is easy; going on, going sooner and coming back have their guards (I3)."""

from datetime import timedelta
from typing import Any

import pytest

from policies.lifecycle.launch_state import Status
from tests.builders import ALF, AMY, LEA, MAX, PIA, RUI, SENA, SOL
from tests.policies.launches import (
    ARMED,
    COUNTDOWN,
    DAY,
    LAUNCHES,
    MEASURED,
    OPEN,
    OPENING,
    POLLED,
    SYS,
    at,
    body,
    items,
    launched,
    looked,
    seen,
    span,
    walk,
)

# Stopping is easy (I3), going on has its guards.


@pytest.mark.parametrize(
    "row", ["planned", "gating", "poll", "armed", "countdown", "its hour", "partial"]
)
@pytest.mark.parametrize("actor", [SOL, LEA, PIA, SENA])
def test_i3_a_gate_owner_the_lead_or_safety_holds_it_at_any_moment(row: str, actor: Any) -> None:
    road = LAUNCHES[row]()
    before = road.state.status

    state = road.give("hold", actor, {"reason": "unsafe"})  # nobody looked at anything

    assert state.held is not None
    assert (state.status, state.held.before) == (Status.HOLD, before)
    assert state.held.review_by > road.now
    assert road.refused("open_wave", SYS, {}, **seen(road.now)) == "illegal-move"


def test_i3_who_owns_no_gate_does_not_hold() -> None:
    for actor in (RUI, AMY, ALF):
        road = LAUNCHES["countdown"]()
        assert road.refused("hold", actor, {"reason": "unsafe"}) == "not-allowed"


def test_i3_a_no_on_the_way_stops_it_at_once() -> None:
    for row in ("poll", "armed", "countdown"):
        road = LAUNCHES[row]()
        no = {"gate": "safety_review", "verdict": "no", "reason": "prose:r"}

        state = road.give("sign", SOL, no)

        assert (state.status, state.held and state.held.cause) == (Status.HOLD, "gate_red")
    road = LAUNCHES["gating"]()
    assert road.give("sign", SOL, no).status is Status.GATING


def test_a_hold_goes_back_to_where_it_was_when_its_gates_hold() -> None:
    road = launched(*COUNTDOWN, ("hold", SOL))()

    assert road.refused("resume", LEA, {}, gates=looked(road.now, no_stop=1)) == "evidence-blocks"
    assert road.give("resume", LEA, {}, gates=looked(road.now)).status is Status.COUNTDOWN


def test_i4_a_hold_gives_voters_back_the_time_it_took() -> None:
    road = launched(*POLLED)()
    assert road.state.poll is not None
    closes = road.state.poll.closes_at

    walk(road, 3600.0, ("hold", SOL), 7200.0, ("resume", LEA))

    assert road.state.poll.closes_at == closes + timedelta(hours=2)


def test_i4_a_hold_that_nobody_reviews_is_told_again_and_again() -> None:
    road = launched(*COUNTDOWN, ("hold", SOL))()

    assert road.wait(hours=3.9).refused("overdue", SYS) == "not-yet"
    road.wait(hours=0.1).give("overdue", SYS)
    assert road.wait(hours=23).refused("overdue", SYS) == "not-yet"
    assert road.wait(hours=1).give("overdue", SYS).told == 2


def test_i3_suspending_takes_one_and_restoring_two_who_looked() -> None:
    road = LAUNCHES["live"]()
    road.give("suspend", SOL, {"reason": "unsafe"})
    road.give("restore", MAX, {"reason": "mended"})

    assert road.refused("restore", MAX, {}, **seen(road.now, 1)) == "same-voice"
    assert road.refused("restore", LEA) == "evidence-blocks"
    failing = items(failing={"rel_2": ["stopped:gpt"]})
    state = road.give("restore", LEA, {}, items=failing, **OPEN)
    assert (state.status, dict(state.excluded)) == (Status.LIVE, {"rel_2": 1})


def test_i3_what_is_open_is_taken_down_even_while_the_next_wave_is_on_hold() -> None:
    road = LAUNCHES["hold, partial"]()

    state = road.give("suspend", SOL, {"reason": "unsafe"})

    assert (state.status, state.suspended_from) == (Status.SUSPENDED, Status.PARTIAL)
    assert LAUNCHES["hold, countdown"]().refused("suspend", SOL, {"reason": "x"}) == (
        "illegal-move"
    )
    road.give("restore", MAX, {"reason": "mended"})
    assert road.give("restore", LEA, {}, **seen(road.now, 1)).status is Status.PARTIAL


def test_i2_two_people_cancel_and_the_lead_begins() -> None:
    road = LAUNCHES["hold"]()

    assert road.refused("cancel", SOL, {"reason": "x"}) == "not-allowed"
    assert road.give("cancel", LEA, {"reason": "x"}).status is Status.HOLD
    assert road.refused("cancel", LEA, {"reason": "x"}) == "same-voice"
    assert road.give("cancel", SOL).status is Status.CANCELLED


def test_i2_a_voice_for_cancelling_does_not_outlive_the_hold() -> None:
    road = LAUNCHES["hold, one voice"]()

    walk(road, ("resume", LEA), ("hold", SOL))

    assert road.state.proposal is None
    assert road.give("cancel", LEA, {"reason": "x"}).status is Status.HOLD


# Dates (L9, L10, L13).


def test_i3_the_second_postponement_holds_at_once_and_only_its_date_waits() -> None:
    road = LAUNCHES["postponed"]()
    walk(road, ("replan", LEA))

    state = walk(road, ("postpone", LEA)).state

    assert (state.status, state.postponements) == (Status.POSTPONED, 2)
    assert road.refused("replan", LEA, body("replan", road)) == "not-yet"
    assert road.refused("approve_date", MAX, body("approve_date", road)) == "not-allowed"
    walk(road, ("approve_date", AMY))
    assert walk(road, ("replan", LEA)).state.status is Status.GATING


def test_a_second_postponement_to_no_date_is_approved_by_the_date_it_gets() -> None:
    road = LAUNCHES["postponed"]()
    walk(road, ("postpone", LEA, {"target": span("tbd:2026-09-30")}))
    july, august = span("month:2026-07"), span("month:2026-08")

    assert road.refused("replan", LEA, {"target": july}) == "not-yet"
    road.give("approve_date", AMY, {"target": july})
    assert road.refused("replan", LEA, {"target": august}) == "incomplete"
    assert road.give("replan", LEA, {"target": july}).status is Status.GATING


def test_a_new_date_reopens_gates_past_their_freshness_and_the_poll() -> None:
    road = launched(*ARMED)()
    walk(road, ("postpone", LEA), 8.0 * DAY, ("replan", LEA))

    state = road.state
    lapsed = [e.body["gate"] for e in road.events if e.type == "launch:gate:lapsed"]

    assert set(lapsed) == {*MEASURED, "safety_review"}
    assert state.poll is None
    assert not state.gates(road.now)


def test_a_postponement_is_later_and_nothing_else() -> None:
    road = LAUNCHES["gating"]()
    why = {"reason": "needed"}

    for sooner in (at(OPENING), at(OPENING - timedelta(days=1))):
        assert road.refused("postpone", LEA, {**why, "target": sooner}) == "incomplete"
    assert road.refused("postpone", LEA, {**why, "target": span("month:2026-03")}) == "incomplete"
