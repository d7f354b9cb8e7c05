"""Bringing a launch forward (L13): two people, each on a fresh look at the very date."""

from datetime import timedelta
from typing import Any

import pytest

from policies.lifecycle.launch_state import Launch
from tests.builders import AMY, LEA, MAX, SOL, Journal
from tests.policies.launches import (
    DAY,
    GATING,
    GREEN,
    LAUNCHES,
    OPENING,
    at,
    clear,
    launched,
    looked,
    span,
    walk,
)


def sooner_than(road: Journal[Launch], days: int = 8) -> dict[str, Any]:
    return {"reason": "ready", "target": at(road.now + timedelta(days=days))}


def test_i3_bringing_forward_takes_fresh_gates_notice_and_two_people() -> None:
    road = LAUNCHES["gating, green early"]()
    sooner, too_soon = sooner_than(road), sooner_than(road, 6)
    ungated = LAUNCHES["gating"]()
    seen = clear(sooner["target"])

    assert ungated.refused("bring_forward", LEA, sooner_than(ungated)) == "evidence-blocks"
    assert road.refused("bring_forward", LEA, too_soon, **clear(too_soon["target"])) == "not-yet"
    assert road.refused("bring_forward", SOL, sooner, **seen) == "not-allowed"
    road.give("bring_forward", LEA, sooner, **seen)
    assert road.refused("bring_forward", LEA, sooner, **seen) == "same-voice"
    state = road.give("bring_forward", MAX, sooner, **seen)
    assert state.opens_at == road.now + timedelta(days=8)


def test_i7_what_nobody_looked_at_for_that_very_date_does_not_come_forward() -> None:
    road = LAUNCHES["gating, green early"]()
    sooner = sooner_than(road)

    for seen in (
        {},
        {"forward": None},
        {"forward": {"target": sooner["target"]}},
        {"forward": {"target": sooner["target"], "why": "nothing"}},
        {"forward": {"target": sooner["target"], "why": [7]}},
        clear(at(road.now + timedelta(days=9))),
    ):
        assert road.refused("bring_forward", LEA, sooner, **seen) == "evidence-blocks"


@pytest.mark.parametrize(
    "why", ["not_ready:rel_1", "freeze:wnd_1", "embargo_broken:rel_2", "gate_stale:support_ready"]
)
def test_i3_whatever_the_earlier_date_would_meet_keeps_it_from_coming_forward(why: str) -> None:
    road = LAUNCHES["gating, green early"]()
    sooner = sooner_than(road)
    blocked = clear(sooner["target"], why)

    assert road.refused("bring_forward", LEA, sooner, **blocked) == "evidence-blocks"


def test_i2_the_second_voice_is_guarded_by_a_look_of_its_own() -> None:
    road = LAUNCHES["gating, green early"]()
    sooner = sooner_than(road)
    road.give("bring_forward", LEA, sooner, **clear(sooner["target"]))

    blocked = clear(sooner["target"], "not_ready:rel_1")

    assert road.refused("bring_forward", MAX, sooner, **blocked) == "evidence-blocks"
    assert road.refused("bring_forward", MAX, sooner) == "evidence-blocks"


def test_gates_are_measured_as_it_is_decided_not_as_they_once_were() -> None:
    road = LAUNCHES["gating, green early"]()
    sooner = sooner_than(road)
    red = looked(road.now)
    red["no_stop"] = {"holds": True, "value": 3, "at": road.now.isoformat()}

    seen = {**clear(sooner["target"]), "gates": red}

    assert road.refused("bring_forward", LEA, sooner, **seen) == "evidence-blocks"


def test_i1_the_second_voice_is_for_the_very_date_the_first_one_named() -> None:
    road = LAUNCHES["gating, forward proposed"]()
    another = sooner_than(road, 9)

    state = road.give("bring_forward", MAX, another, **clear(another["target"]))

    assert state.opens_at == OPENING
    assert state.proposal is not None
    assert state.proposal.by == MAX.id


@pytest.mark.parametrize(
    "wide", ["tbd:2026-06-30", "quarter:2026-Q2", "window:2026-04-05/2026-05-31"]
)
def test_i3_postponing_widely_is_no_way_around_the_second_voice(wide: str) -> None:
    road = launched(*GATING, ("postpone", LEA, {"target": span(wide)}), 8.0 * DAY)()
    sooner, as_promised = at(OPENING - timedelta(days=1)), at(OPENING)

    assert road.refused("replan", LEA, {"target": sooner}) == "incomplete"
    assert road.refused("replan", LEA, {"target": span("day:2026-04-20")}) == "incomplete"
    road.give("replan", LEA, {"target": as_promised})


def test_i3_nor_is_postponing_widely_twice_or_narrowing_in_steps() -> None:
    road = launched(
        *GATING,
        ("postpone", LEA, {"target": span("window:2026-04-05/2026-05-31")}),
        ("postpone", LEA, {"target": span("window:2026-04-05/2026-06-30")}),
        ("approve_date", AMY),
        8.0 * DAY,
        ("replan", LEA, {"target": span("window:2026-04-10/2026-05-20")}),
    )()
    sooner = at(OPENING - timedelta(hours=1))

    assert road.refused("narrow", LEA, {"target": sooner}) == "incomplete"
    assert road.give("narrow", LEA, {"target": at(OPENING)}).opens_at == OPENING


def test_what_two_people_brought_forward_is_narrowed_as_any_other() -> None:
    road = launched(
        *GATING,
        ("postpone", LEA, {"target": span("month:2026-05")}),
        8.0 * DAY,
        ("replan", LEA),
        *GREEN,
    )()
    april = {"reason": "ready", "target": span("window:2026-04-19/2026-04-29")}
    walk(road, ("bring_forward", LEA, april), ("bring_forward", MAX, april))

    assert road.give("narrow", LEA, {"target": at(OPENING)}).opens_at == OPENING
