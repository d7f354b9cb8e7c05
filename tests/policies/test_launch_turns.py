"""Whose turn it is: every state that is not final says so, with a time, in codes (I10)."""

from datetime import timedelta

import pytest

from policies.lifecycle.kernel import SYSTEM, Role
from policies.lifecycle.launch_due import due, timers
from policies.lifecycle.launch_items import items_of
from policies.lifecycle.launch_permits import SYSTEM_COMMANDS
from policies.lifecycle.launch_state import FINAL
from policies.rules.launch_turns import headline, turns
from tests.builders import LEA, MAX, PIA, SOL, T0
from tests.policies.launches import (
    COUNTDOWN,
    GATING,
    GREEN,
    LAUNCHES,
    OPEN,
    OPENING,
    POLLED,
    SYS,
    freeze,
    items,
    launched,
    looked,
    seen,
    span,
    walk,
)


def told(row: str) -> list[tuple[str, str | None]]:
    road = LAUNCHES[row]()
    return [(turn.what, turn.of) for turn in turns(road.state, road.now)]


@pytest.mark.parametrize("row", [row for row in LAUNCHES if row != "nothing"])
def test_i10_every_state_says_whose_turn_it_is_by_when(row: str) -> None:
    road = LAUNCHES[row]()
    found = turns(road.state, road.now)

    assert bool(found) is (road.state.status not in FINAL)
    for turn in found:
        assert turn.who
        assert turn.by is not None
    assert (due(road.state) is not None) is (road.state.status not in FINAL)


@pytest.mark.parametrize("row", [row for row in LAUNCHES if row != "nothing"])
def test_i4_every_wait_ends_by_the_system_or_is_told_by_it(row: str) -> None:
    road = LAUNCHES[row]()
    clock = timers(road.state)

    assert bool(clock) is (road.state.status not in FINAL)
    assert list(clock) == sorted(clock, key=lambda timer: timer.at)
    assert {timer.kind for timer in clock} <= SYSTEM_COMMANDS


@pytest.mark.parametrize(
    ("row", "first"),
    [
        ("draft", ("plan", None)),
        ("planned", ("open_gates", None)),
        ("gating", ("answer_gate", "no_stop")),
        ("gating, green", ("begin_poll", None)),
        ("gating, forward proposed", ("second_voice", "forward")),
        ("poll", ("vote", "product_lead")),
        ("poll, a no-go", ("answer_no_go", "product_lead")),
        ("poll, all go", ("poll_over", None)),
        ("armed", ("start_countdown", None)),
        ("countdown", ("check", None)),
        ("partial", ("next_wave_or_finish", None)),
        ("next wave called", ("open_wave", None)),
        ("live", ("close", None)),
        ("suspended", ("restore", None)),
        ("suspended, one voice", ("second_voice", "restore")),
        ("hold", ("resume", None)),
        ("hold, its time passed", ("postpone", None)),
        ("hold, one voice", ("second_voice", "cancel")),
        ("postponed", ("replan", None)),
        ("postponed twice", ("approve_date", None)),
        ("postponed, date approved", ("replan", None)),
    ],
)
def test_the_first_turn_is_what_it_waits_for(row: str, first: tuple[str, str | None]) -> None:
    assert told(row)[0] == first


def test_a_gate_in_the_way_names_its_owner_and_who_may_accept_the_risk() -> None:
    road = LAUNCHES["gating"]()

    found = {turn.of: turn for turn in turns(road.state, road.now)}

    assert found["safety_review"].who == ("safety_oncall",)
    assert found["support_ready"].who == ("senior_reviewer", "product_lead")
    assert found["no_stop"].who == ("system",)
    assert {turn.by for turn in found.values()} == {OPENING - timedelta(days=2)}


def test_a_no_go_of_safety_above_the_line_names_nobody_else() -> None:
    road = launched(*POLLED)()
    told = {"role": "safety_oncall", "vote": "NO_GO", "statement": "prose:s"}
    walk(road, ("vote", SOL, told))

    low, high = (items_of({"items": items(tier=tier)}) for tier in ("low", "high"))

    assert turns(road.state, road.now, low)[-1].who == ("safety_oncall", "administrator")
    assert turns(road.state, road.now, high)[-1].who == ("safety_oncall",)
    assert turns(road.state, road.now)[-1].who == ("safety_oncall",)


def test_a_failed_round_is_the_leads_to_call_again() -> None:
    road = LAUNCHES["gating, poll failed"]()

    assert ("call_poll", "no_go") in told("gating, poll failed")
    walk(road, ("call_poll", LEA))
    assert "call_poll" not in {turn.what for turn in turns(road.state, road.now)}


def test_what_ends_before_the_opening_is_its_owners_to_renew() -> None:
    road = launched(*COUNTDOWN)()
    until = {"until": (road.now + timedelta(hours=2)).isoformat()}
    walk(road, ("attest", PIA, until))

    renew = [turn for turn in turns(road.state, road.now) if turn.what == "renew_gate"]

    assert [(turn.who, turn.of) for turn in renew] == [(("policy_editor",), "policy_published")]
    assert renew[0].by == road.now + timedelta(hours=2)


def test_items_in_the_way_are_said_where_somebody_counted() -> None:
    road = launched(*GATING, *GREEN)()
    short = items_of({"items": items(must_ready=1)})

    found = [turn for turn in turns(road.state, road.now, short) if turn.what == "items"]

    assert found[0].why == ("must_failing",)


def test_a_partial_launch_names_what_stayed_dark() -> None:
    road = LAUNCHES["its hour"]()
    failing = items(failing={"rel_4": ["evidence_stale"]}, optional_ready=0)
    road.give("open_wave", SYS, {}, gates=looked(road.now), **OPEN, items=failing)

    assert turns(road.state, road.now)[0].why == ("rel_4",)


def test_a_date_to_be_decided_is_due_on_the_day_it_was_promised_for() -> None:
    road = walk(launched(("draft", LEA))(), ("plan", LEA, {"target": span("tbd:2026-05-31")}))

    owed = due(road.state)

    assert owed is not None
    assert (owed.what, owed.at) == ("replan", T0.replace(month=6, day=1, hour=0))
    assert turns(road.state, road.now)[0].what == "narrow"


@pytest.mark.parametrize("row", [row for row in LAUNCHES if row != "nothing"])
def test_a_headline_is_the_first_turn_with_its_roles_and_its_time(row: str) -> None:
    road = LAUNCHES[row]()

    whose, found = headline(road.state, road.now), turns(road.state, road.now)

    assert set(whose.roles) <= {*Role, SYSTEM, "nobody"}
    if road.state.status in FINAL:
        assert (whose.roles, whose.what, whose.by_when) == (("nobody",), "over", None)
    else:
        assert whose.roles
        assert (whose.what, whose.by_when) == (found[0].what, found[0].by)


def test_gates_in_the_way_give_the_headline_to_their_owners() -> None:
    road = launched(*GATING)()

    whose = headline(road.state, road.now)

    assert whose.what == "answer_gate"
    assert set(whose.of) == {gate.id for gate in road.state.terms.gates}
    assert set(whose.roles) == {
        gate.owner_role for gate in road.state.terms.gates if gate.kind != "measured"
    }


def test_in_a_poll_it_is_the_turn_of_those_who_are_silent_then_of_those_against() -> None:
    no_go = {"vote": "NO_GO", "statement": "prose:s"}
    road = launched(*POLLED, ("vote", MAX, no_go))()
    silent = headline(road.state, road.now)
    walk(road, ("vote", SOL, {"role": "safety_oncall"}), ("vote", PIA, {"role": "policy_editor"}))
    against = headline(road.state, road.now)

    assert silent.roles == silent.of == ("safety_oncall", "policy_editor")
    assert against.what == "answer_no_go"
    assert against.roles == ("product_lead", road.state.terms.risk_role)


def test_where_nobody_may_override_safety_the_headline_says_so_and_names_no_risk_acceptor() -> None:
    road = launched(
        *POLLED,
        ("vote", MAX, {}),
        ("vote", PIA, {"role": "policy_editor"}),
        ("vote", SOL, {"role": "safety_oncall", "vote": "NO_GO", "statement": "prose:s"}),
    )()
    low, high = (items_of({"items": items(tier=tier)}) for tier in ("low", "high"))

    overridable, final, unseen = (
        headline(road.state, road.now, looked_at) for looked_at in (low, high, None)
    )

    assert overridable.roles == ("safety_oncall", road.state.terms.risk_role)
    assert final.roles == unseen.roles == ("safety_oncall", "product_lead")
    assert final.why == ("no_go", "final")
    assert unseen.why == ("no_go", "line_unknown")


def test_a_hold_whose_time_has_passed_asks_for_a_postponement_not_for_a_look() -> None:
    held, passed = LAUNCHES["hold"](), LAUNCHES["hold, its time passed"]()

    assert headline(held.state, held.now).what == "resume"
    assert headline(passed.state, passed.now).what == "postpone"


def test_whoever_a_freeze_over_the_opening_names_is_told_that_they_may_get_past_it() -> None:
    road = LAUNCHES["countdown"]()
    road.give("check", SYS, {}, **seen(road.now) | {"freeze": freeze(None, "safety_oncall")})
    held = LAUNCHES["hold, frozen"]()

    ahead = [one for one in turns(road.state, road.now) if one.what == "override_freeze"]
    first, past = turns(held.state, held.now)
    late = turns(held.state, OPENING + timedelta(minutes=16))

    assert [(one.who, one.by, one.why) for one in ahead] == [
        (("safety_oncall",), OPENING, ("frozen:win_1",))
    ]
    assert (first.what, past.what, past.who) == ("postpone", "override_freeze", ("product_lead",))
    assert past.by == OPENING + timedelta(minutes=15)
    assert [one.what for one in late] == ["postpone"]


@pytest.mark.parametrize("roles", [(), ("product_lead", "safety_oncall")])
def test_i7_where_windows_name_nobody_or_two_roles_it_is_nobodys_turn(
    roles: tuple[str, ...],
) -> None:
    road = LAUNCHES["countdown"]()
    road.give("check", SYS, {}, **seen(road.now) | {"freeze": freeze(None, *roles)})

    assert "override_freeze" not in {one.what for one in turns(road.state, road.now)}
