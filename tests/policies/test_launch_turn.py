"""Whose turn a launch is: never unsaid, and never somebody who could not do it."""

import pytest

from policies.lifecycle.kernel import Role
from policies.lifecycle.launch_state import FINAL
from policies.lifecycle.launch_turn import turn
from tests.builders import MAX, PIA, SOL
from tests.policies.launches import GATING, LAUNCHES, POLLED, launched

ROADS = {name: road for name, road in LAUNCHES.items() if name != "nothing"}


@pytest.mark.parametrize("name", ROADS)
def test_every_state_says_whose_turn_it_is_and_by_when(name: str) -> None:
    road = ROADS[name]()

    whose = turn(road.state, road.now)

    assert whose.what
    assert set(whose.roles) <= {*Role, "nobody"}
    if road.state.status in FINAL:
        assert whose.roles == ("nobody",)
    else:
        assert whose.roles
        assert whose.by_when is not None


def test_gates_in_the_way_give_the_turn_to_their_owners() -> None:
    road = launched(*GATING)()

    whose = turn(road.state, road.now)

    assert whose.what == "gates"
    assert set(whose.of) == {gate.id for gate in road.state.terms.gates}
    assert set(whose.roles) == {gate.owner_role for gate in road.state.terms.gates}


def test_in_a_poll_it_is_the_turn_of_those_who_are_silent_then_of_those_against() -> None:
    no_go = {"vote": "NO_GO", "statement": "prose:s"}
    road = launched(*POLLED, ("vote", MAX, no_go))()
    silent = turn(road.state, road.now)
    road = launched(
        *POLLED,
        ("vote", MAX, no_go),
        ("vote", SOL, {"role": "safety_oncall"}),
        ("vote", PIA, {"role": "policy_editor"}),
    )()
    against = turn(road.state, road.now)

    assert silent.roles == ("safety_oncall", "policy_editor")
    assert against.what == "change_or_override"
    assert set(against.roles) == {"product_lead", road.state.terms.risk_role}


def test_the_second_voice_is_asked_for() -> None:
    road = ROADS["hold, one voice"]()

    assert turn(road.state, road.now).what == "second_cancel"
