"""Gates of a launch: who answers, for how long, who accepts a risk, what nobody believes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.lifecycle.launch_state import Launch, Status
from policies.rules.gates import Gate, Mark, ending_before, judge, look, until
from tests.builders import MAX, OLA, PIA, SENA, SOL, Journal
from tests.policies.launches import (
    COUNTDOWN,
    DAY,
    GATING,
    GREEN,
    LAUNCHES,
    MEASURED,
    OPENING,
    SYS,
    body,
    launched,
    looked,
    walk,
)

# I2: who vouches does not own it.


def test_i2_who_drafted_it_vouches_for_nothing() -> None:
    mine = launched(("draft", OLA), *GATING[1:])()

    for kind in ("attest", "sign", "waive"):
        told = body(kind, mine) | ({"gate": "support_ready"} if kind != "sign" else {})
        assert mine.refused(kind, OLA, told) == "self-approval"
    assert mine.refused("hold", OLA, {"reason": "x"}) == ""


def test_a_waiver_accepts_a_risk_for_a_time_and_only_by_the_role_the_gate_names() -> None:
    road = launched(*GATING, 18.0 * DAY, GREEN[0], GREEN[2])()
    walk(road, ("waive", MAX))

    gates = {v.gate.id: v for v in road.state.gates(road.now).verdicts}

    assert gates["support_ready"].status == "waived"
    assert road.refused("waive", MAX, {"gate": "safety_review", "reason": "p"}) == "not-allowed"
    assert road.refused("waive", SOL, {"gate": "support_ready", "reason": "p"}) == "not-allowed"
    assert gates["support_ready"].until == road.now + timedelta(days=14)


def test_a_measured_number_past_its_limit_is_red_whatever_the_look_said() -> None:
    road = LAUNCHES["gating"]()
    told = {"no_stop": {"holds": True, "value": 3, "at": "2026-04-01T09:00:00Z"}}

    road.give("measure", SYS, {"gate": "no_stop"}, gates=told)

    assert road.state.marks["no_stop"].holds is False
    assert (road.state.gates(road.now).verdicts[0].status) == "red"


@pytest.mark.parametrize(
    "look",
    [None, 7, {}, {"holds": True}, {"holds": "yes", "at": "2026-04-01T09:00:00Z", "value": 0},
     {"holds": True, "at": "yesterday", "value": 0}, {"holds": True, "at": "2026-04-01T09:00:00Z"},
     {"holds": True, "at": "2026-04-01T09:00:00Z", "value": float("nan")}],
)  # fmt: skip
def test_i7_a_look_that_makes_no_sense_does_not_hold(look: Any) -> None:
    road = LAUNCHES["gating"]()

    state = road.give("measure", SYS, {"gate": "no_stop"}, gates={"no_stop": look})

    assert state.marks["no_stop"].holds is False


def green() -> Journal[Launch]:
    return launched(*GATING, *GREEN)()


def test_every_status_of_a_gate_says_why_and_until_when() -> None:
    road = green()
    walk(road, ("waive", MAX), 2 * 3600.0)
    road.give("sign", SOL, {"gate": "safety_review", "verdict": "no", "reason": "prose:n"})
    asked = Launch.gates(road.state, road.now)

    found = {v.gate.id: (v.status, v.until) for v in asked.verdicts}

    assert found["no_stop"] == ("stale", road.now - timedelta(hours=1))
    assert found["review_on_time"][0] == "green"
    assert found["support_ready"][0] == "waived"
    assert found["safety_review"][0] == "red"
    assert not asked
    assert asked.why == ("no_stop:stale", "safety_review:red")
    assert launched(*GATING)().state.gates(road.now).why[0] == "no_stop:missing"


def test_i7_no_gates_at_all_let_nothing_pass() -> None:
    assert not look((), {}, OPENING)
    assert look((), {}, OPENING).why == ("no_gates",)


def test_what_ends_before_the_opening_is_shown_while_there_is_time() -> None:
    road = green()

    ending = ending_before(road.state.terms.gates, road.state.marks, road.now, OPENING)

    assert {v.gate.id for v in ending} == {*MEASURED, "support_ready", "safety_review"}


def test_evidence_counts_for_the_freshness_or_for_less_never_for_more() -> None:
    road = launched(*GATING)()
    told = {"gate": "support_ready", "evidence": "sha256:e"}
    week, year = road.now + timedelta(days=7), road.now + timedelta(days=365)

    road.give("attest", SENA, told | {"until": week.isoformat()})
    assert road.state.marks["support_ready"].until == week
    road.give("attest", SENA, told | {"until": year.isoformat()})
    assert road.state.marks["support_ready"].until == road.now + timedelta(days=14)
    assert road.refused("attest", SENA, told | {"until": road.now.isoformat()}) == "incomplete"


def test_a_gate_belongs_to_its_owner_and_is_answered_in_its_way() -> None:
    road = launched(*GATING)()

    assert road.refused("attest", SENA, {"gate": "policy_published", "evidence": "e"}) == (
        "not-allowed"
    )
    assert road.refused("attest", PIA, {"gate": "safety_review", "evidence": "e"}) == (
        "illegal-move"
    )
    assert road.refused("sign", SOL, {"gate": "no_stop", "verdict": "yes"}) == "illegal-move"
    assert road.refused("sign", SOL, {"gate": "nothing", "verdict": "yes"}) == "incomplete"
    assert road.refused("sign", SOL, {"gate": "safety_review", "verdict": "no"}) == "incomplete"


def test_an_accepted_risk_outlives_a_bad_number_and_a_good_one_ends_it() -> None:
    road = launched(*COUNTDOWN, ("waive", MAX, {"gate": "review_on_time"}))()

    late = road.give(
        "measure", SYS, {"gate": "review_on_time"}, gates=looked(road.now, review_on_time=4)
    )
    assert late.status is Status.COUNTDOWN
    assert (late.marks["review_on_time"].waived, late.marks["review_on_time"].value) == (True, 4)
    fine = road.give("measure", SYS, {"gate": "review_on_time"}, gates=looked(road.now))
    assert fine.marks["review_on_time"].waived is False


def test_an_owner_is_told_once_that_an_answer_counts_no_longer() -> None:
    road = green().wait(hours=2)

    state = road.give("reopen_gate", SYS)

    assert [e.body["gate"] for e in road.events if e.type == "launch:gate:lapsed"] == ["no_stop"]
    assert state.gates(road.now).lost == ()
    assert "no_stop:stale" in state.gates(road.now).why
    assert road.refused("reopen_gate", SYS) == "not-yet"
    assert (
        road.give("measure", SYS, {"gate": "no_stop"}, gates=looked(road.now)).gates(road.now).lost
        == ()
    )


moments = st.integers(0, 40 * 86_400)


@given(moments, moments, st.booleans(), st.booleans())
def test_i7_a_mark_lets_pass_exactly_while_it_counts(
    given_at: int, later: int, holds: bool, waived: bool
) -> None:
    gate = Gate("g", "signed", "safety_oncall", 7 * 86_400)
    at_ = OPENING + timedelta(seconds=given_at)
    now = OPENING + timedelta(seconds=later)
    mark = Mark("g", holds, "per_x", at_, until(gate, at_), waived=waived)

    assert bool(judge(gate, mark, now)) is ((holds or waived) and now < mark.until)
    assert not judge(gate, None, now)
    assert not judge(gate, replace(mark, lapsed=True), now)
