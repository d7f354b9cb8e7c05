"""Measured gates: limits on both sides, what nobody could look at, packs that name no measure."""

import json
from typing import Any

import pytest

from gonogo.db.launch_gates import MEASURES as LOOKS
from gonogo.packs import INSTALLED, load_pack
from policies.errors import PackFault
from policies.lifecycle.kernel import iso
from policies.lifecycle.launch_due import timers
from policies.lifecycle.launch_state import Status, terms_of
from policies.lifecycle.launch_terms import launch_terms_from
from policies.pack import merge, pack_of, read_pack
from policies.rules.gates import Gate
from policies.rules.measures import MEASURES, PROMETHEUS
from tests.builders import LEA, MAX
from tests.policies.launches import (
    DAY,
    GATING,
    ITS_HOUR,
    MEASURED,
    PLANNED,
    SYS,
    body,
    launched,
    looked,
)

MEASURED_GATE = {
    "id": "own",
    "title": "Own",
    "kind": "measured",
    "owner_role": "product_lead",
    "freshness_s": 60,
}


def with_gates(*gates: dict[str, Any]) -> str:
    return json.dumps({"launch": {"gates": gates}})


def read(*gates: dict[str, Any]) -> Any:
    texts = {
        "default": {
            file.name: file.read_text("utf-8") for file in (INSTALLED / "default").glob("*.yaml")
        },
        "own": {"a.yaml": "name: own\nextends: default", "b.yaml": with_gates(*gates)},
    }
    return read_pack("own", texts)


def test_everything_that_a_pack_may_name_is_looked_at_by_somebody() -> None:
    assert set(LOOKS) == set(MEASURES) - {PROMETHEUS}


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"measure": "appeals_open"}, "nobody can measure 'appeals_open'.*no_stop"),
        ({}, "nobody can measure 'own'"),
        ({"measure": "prometheus"}, "not both"),
        ({"measure": "no_stop", "prometheus": "up", "most": 0}, "not both"),
        ({"prometheus": "up"}, "needs `most`, `least`"),
        ({"prometheus": "", "most": 0}, "prometheus"),
        ({"prometheus": "x" * 2_001, "most": 0}, "prometheus"),
        ({"measure": "no_stop", "most": 1, "least": 2}, "no value is from 2 to 1"),
        ({"measure": "no_stop; drop"}, "measure"),
        ({"kind": "signed", "measure": "no_stop"}, "only a measured gate"),
        ({"kind": "attested", "prometheus": "up", "most": 1}, "only a measured gate"),
    ],
)
def test_a_gate_that_could_never_hold_is_refused_when_the_pack_is_read(
    over: dict[str, Any], told: str
) -> None:
    with pytest.raises(PackFault, match=told):
        read(MEASURED_GATE | over)


def test_a_gate_may_be_called_otherwise_than_what_it_measures() -> None:
    pack = read(
        MEASURED_GATE | {"measure": "no_stop", "most": 0},
        MEASURED_GATE | {"id": "errors", "prometheus": "sum(errors)", "most": 0.01},
    )

    terms = launch_terms_from(pack)
    gates = terms_of(terms).gates

    assert [gate.looks_at for gate in gates] == ["no_stop", PROMETHEUS]
    assert "sum(errors)" not in str(terms)  # what is asked stays in the pack


def test_a_pack_that_was_kept_before_stays_readable_whatever_it_measures() -> None:
    value = load_pack("default").model_dump(mode="json")
    old = merge(value, {"launch": {"gates": [MEASURED_GATE | {"id": "long_gone", "most": 0}]}})
    for gate in old["launch"]["gates"]:
        for field in ("least", "measure", "prometheus"):
            gate.pop(field, None)
    del old["launch"]["duties_remind_s"]

    pack = pack_of(old)

    assert pack.launch.gates[0].looks_at == "long_gone"
    assert pack.launch.duties_remind_s == ()


def test_terms_from_before_are_read_as_they_were() -> None:
    gate = {"id": "no_stop", "kind": "measured", "owner_role": "safety_oncall",
            "freshness_s": 60, "waivable_by": None, "most": 0}  # fmt: skip
    terms = launch_terms_from(load_pack("default")) | {"gates": [gate]}
    del terms["duties_remind_s"]

    read = terms_of(terms)

    assert (read.gates[0].looks_at, read.gates[0].least) == ("no_stop", None)
    assert read.duties_remind_s == ()


@pytest.mark.parametrize(
    ("limits", "holding", "not_holding"),
    [
        ({"most": 0}, (0.0, -1.0), (0.1, None)),
        ({"least": 1}, (1.0, 2.0), (0.999, None)),
        ({"least": 1, "most": 2}, (1.0, 1.5, 2.0), (0.5, 2.5, None)),
        ({}, (0.0, None), ()),
    ],
)
def test_a_value_is_within_the_limits_or_it_is_not(
    limits: dict[str, float], holding: tuple[Any, ...], not_holding: tuple[Any, ...]
) -> None:
    gate = Gate("own", "measured", "product_lead", 60, **limits)  # type: ignore[arg-type]  # floats

    assert all(gate.allows(value) for value in holding)
    assert not any(gate.allows(value) for value in not_holding)


def test_i7_what_nobody_could_look_at_is_recorded_as_not_holding_with_the_reason() -> None:
    road = launched(*GATING)()
    seen = looked(road.now)
    first, second, *_ = MEASURED
    seen[first] = {"holds": False, "value": None, "at": iso(road.now), "why": "timed_out"}
    del seen[second]

    state = road.give("measure", SYS, {}, gates=seen)

    assert {gate: state.marks[gate].why for gate in (first, second)} == {
        first: "timed_out", second: "not_looked_at"}  # fmt: skip
    by = {verdict.gate.id: verdict for verdict in state.gates(road.now).verdicts}
    assert (by[first].status, by[second].status) == ("red", "red")


@pytest.mark.parametrize("why", ["<script>", "x" * 41, "", 7, ["timed_out"], "Timed out"])
def test_a_reason_that_is_no_code_is_not_recorded(why: Any) -> None:
    road = launched(*GATING)()
    seen = looked(road.now) | {
        MEASURED[0]: {"holds": False, "value": None, "at": iso(road.now), "why": why}
    }

    state = road.give("measure", SYS, {}, gates=seen)

    assert state.marks[MEASURED[0]].why is None
    assert not state.marks[MEASURED[0]].holds


def test_while_gates_are_answered_the_store_looks_at_once_and_then_day_by_day() -> None:
    road = launched(*GATING)()

    before = road.state.version
    state = road.give("measure", SYS, {}, gates=looked(road.now))

    assert state.version == before  # what somebody is about to decide is still about this
    assert {gate for gate in MEASURED if state.marks[gate].holds} == set(MEASURED)
    assert road.refused("measure", SYS, {}, gates=looked(road.now)) == "not-yet"
    road.wait(days=1)
    road.give("measure", SYS, {}, gates=looked(road.now, no_stop=1))
    assert not road.state.marks["no_stop"].holds
    assert road.state.status is Status.GATING  # nothing is under way that it could stop


def test_a_waived_gate_is_looked_at_again_when_the_waiver_ends_and_not_in_a_circle() -> None:
    road = launched(*GATING)()
    road.give("measure", SYS, {}, gates=looked(road.now, review_on_time=3))
    road.give("waive", MAX, {"gate": "review_on_time", "reason": "prose:w"})
    road.wait(days=1)

    state = road.give("measure", SYS, {}, gates=looked(road.now, review_on_time=3))

    assert road.refused("measure", SYS, {}, gates=looked(road.now)) == "not-yet"
    assert state.marks["review_on_time"].holds is False


def test_i7_a_look_at_all_gates_on_the_way_stops_it_as_a_look_at_one_does() -> None:
    road = launched(*ITS_HOUR)()

    state = road.give("measure", SYS, {}, gates=looked(road.now, no_stop=1))

    assert (state.status, state.held and state.held.cause) == (Status.HOLD, "gate_red")
    assert state.held is not None
    assert state.held.why == ("no_stop:red",)


def test_i8_whoever_woke_late_reminds_once_and_nobody_is_reminded_twice() -> None:
    road = launched(*GATING)()

    assert road.refused("remind_duties", SYS) == "not-yet"
    road.wait(days=18).give("remind_duties", SYS)  # both points are behind us
    assert road.refused("remind_duties", SYS) == "not-yet"
    assert [e.body for e in road.events if e.type == "launch:duties:reminded"] == [
        {"before_s": 259_200}
    ]
    road.wait(days=3)
    assert road.refused("remind_duties", SYS) == "illegal-move"  # its date has passed


def test_gates_that_open_late_remind_of_what_is_still_ahead_alone() -> None:
    road = launched(*PLANNED, ("narrow", LEA), 10.0 * DAY, ("open_gates", LEA))()

    early = road.state.reminded
    assert road.refused("remind_duties", SYS) == "not-yet"
    late = road.wait(days=7).give("remind_duties", SYS).reminded
    assert (early, late) == ((1_209_600,), (1_209_600, 259_200))


def test_another_date_reminds_anew() -> None:
    road = launched(*GATING, 18.0 * DAY, ("remind_duties", SYS), ("postpone", LEA))()
    road.give("replan", LEA, body("replan", road))

    assert road.state.reminded == ()
    assert any(timer.kind == "remind_duties" for timer in timers(road.state))
