"""A window that people declare: in force at once, ended once, never changed."""

from datetime import timedelta
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.kernel import iso
from policies.lifecycle.window import MACHINE, DeclaredWindow
from tests.builders import ADA, AMY, CAST, LEA, OLA, SOL, T0, Journal
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of

TABLE = """
         declare  end
nothing | declared .
declared| .        ended
ended   | .        .
"""
VALUE: dict[str, Any] = {
    "kind": "deny",
    "tz": "Europe/Paris",
    "begins": "2026-12-18T12:00",
    "ends": "2027-01-04T08:00",
}
OVER = T0 + timedelta(days=278)


def body(kind: str, **changes: Any) -> dict[str, Any]:
    if kind == "declare":
        return {"window": VALUE, "over_at": iso(OVER), "reason": "holidays", **changes}
    return {"reason": "not_needed", **changes}


def declared(*kinds: str, **changes: Any) -> Journal[DeclaredWindow]:
    road = Journal(MACHINE, "win_1")
    for kind in kinds:
        road.give(kind, LEA, body(kind, **(changes if kind == "declare" else {})))
    return road


ROADS = {
    "nothing": lambda: declared(),
    "declared": lambda: declared("declare"),
    "ended": lambda: declared("declare", "end"),
}


@pytest.mark.parametrize("row", ROADS)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    found = {
        kind: cell(ROADS[row](), kind, body(kind), {}, lambda s: str(s.status))
        for kind in ("declare", "end")
    }

    assert found == rows_of(TABLE)[row]


@pytest.mark.parametrize("row", ROADS)
@pytest.mark.parametrize("kind", ["declare", "end", "adopt"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, kind: str) -> None:
    every_cell_is_facts_or_a_named_refusal(ROADS[row](), kind, body(kind), {})


@pytest.mark.parametrize("row", ROADS)
@pytest.mark.parametrize("kind", ["declare", "end"])
def test_a_command_that_brings_nothing_is_refused_by_name(row: str, kind: str) -> None:
    road = ROADS[row]()

    for actor in CAST:
        with pytest.raises((Refused, KeyError)):
            MACHINE.decide(road.past, malformed(road, kind, actor), road.now, {})


def test_what_was_declared_reads_back_from_its_event() -> None:
    state = declared("declare").state

    assert state.window.begins == VALUE["begins"]
    assert state.window.id == "win_1"
    assert (state.over_at, state.declared_by, state.status) == (OVER, LEA.id, "declared")


def test_one_that_is_over_already_is_refused() -> None:
    road = declared()

    assert road.refused("declare", LEA, body("declare", over_at=iso(T0))) == "incomplete"


@pytest.mark.parametrize("change", [{"window": {**VALUE, "ends": None}}, {"reason": None}])
def test_a_window_says_when_and_why(change: dict[str, Any]) -> None:
    assert declared().refused("declare", LEA, body("declare", **change)) == "incomplete"


def test_whom_it_binds_does_not_end_it() -> None:
    road = declared("declare", publisher="pub_a")

    assert road.refused("end", OLA, body("end")) == "self-approval"
    assert road.refused("end", ADA, body("end")) == "self-approval"
    assert road.refused("end", SOL, body("end")) == "not-allowed"
    assert road.give("end", AMY, body("end")).ended_by == AMY.id
