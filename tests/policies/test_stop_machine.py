"""A stop: one person places it at once; lifting is guarded."""

from dataclasses import replace
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.stop import MACHINE, SCOPES
from tests.builders import AMY, CAST, LEA, OLA, SOL
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.states import STOPS, stop_body, stopped

TABLE = """
         place  lift
nothing| active .
active | .      lifted
lifted | .      .
"""


@pytest.mark.parametrize("row", STOPS)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    found = {
        kind: cell(STOPS[row](), kind, stop_body(kind), {}, lambda s: str(s.status))
        for kind in ("place", "lift")
    }

    assert found == rows_of(TABLE)[row]


@pytest.mark.parametrize("row", STOPS)
@pytest.mark.parametrize("kind", ["place", "lift", "adopt"])
@pytest.mark.parametrize("scope", SCOPES)
def test_every_cell_is_facts_or_a_named_refusal(row: str, kind: str, scope: str) -> None:
    journal = STOPS[row]()
    if journal.past is not None:
        journal.past = replace(journal.past, scope=scope)

    every_cell_is_facts_or_a_named_refusal(journal, kind, stop_body(kind, scope), {})


@pytest.mark.parametrize("row", STOPS)
@pytest.mark.parametrize("kind", ["place", "lift"])
def test_a_command_that_brings_nothing_is_refused_by_name(row: str, kind: str) -> None:
    journal = STOPS[row]()

    for actor in CAST:
        with pytest.raises(Refused):
            MACHINE.decide(journal.past, malformed(journal, kind, actor), journal.now, {})


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("actor", [SOL, LEA, AMY, OLA], ids=lambda actor: actor.id)
def test_i3_one_authorised_person_stops_at_once_even_their_own(scope: str, actor: Any) -> None:
    assert STOPS["nothing"]().refused("place", actor, stop_body("place", scope)) == ""


@pytest.mark.parametrize("missing", ["scope", "target", "reason"])
def test_a_stop_says_what_and_why(missing: str) -> None:
    body = stop_body("place") | {missing: ""}

    assert STOPS["nothing"]().refused("place", SOL, body) == "incomplete"


@pytest.mark.parametrize("scope", SCOPES)
def test_i3_what_darkens_many_is_lifted_by_another_person(scope: str) -> None:
    journal = stopped(scope)()
    many = scope in ("store", "category", "publisher")

    assert journal.refused("lift", SOL, {"reason": "done"}) == ("same-voice" if many else "")
    assert journal.refused("lift", LEA, {"reason": "done"}) == ""


@pytest.mark.parametrize("scope", ["publisher", "gpt", "revision"])
def test_i2_a_stop_is_not_lifted_by_the_publishers_own_people(scope: str) -> None:
    journal = stopped(scope)()

    assert journal.refused("lift", OLA, {"reason": "done"}) == "self-approval"


def test_lifting_needs_a_reason() -> None:
    assert STOPS["active"]().refused("lift", LEA, {}) == "incomplete"


def test_a_fold_refuses_what_it_does_not_know() -> None:
    lifted = STOPS["lifted"]()

    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(None, lifted.events[-1])
    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(lifted.state, replace(lifted.events[-1], type="stop:blessed"))


def test_a_fold_lifts_a_stop_once() -> None:
    lifted = STOPS["lifted"]()

    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(lifted.state, lifted.events[-1])
