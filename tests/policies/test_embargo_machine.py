"""An embargo: one person sets or prolongs it, two end it early, its time ends it by itself."""

from datetime import timedelta
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.embargo import MACHINE, Embargo
from policies.rules.target import Target
from tests.builders import ADA, CAST, EVE, LEA, MAX, OLA, PUBLISHER, SOL, Journal
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.states import SYS
from tests.policies.targets import target

TABLE = """
         set    move   lift
nothing | active .     .
active  | .      active active
proposed| .      active lifted
lifted  | .      .     .
over    | .      .     .
"""
UNTIL, LATER = target("2026-05-01T10:00"), target("2026-05-02")


def body(kind: str, until: Target | None = None) -> dict[str, Any]:
    given = until or (LATER if kind == "move" else UNTIL)
    return {
        "gpt": "gpt_a",
        "publisher": PUBLISHER,
        "target": given.as_json(),
        "reason": "press",
    }


def road(*given: tuple[str, Any], days: int = 0) -> Journal[Embargo]:
    journal = Journal(MACHINE, "emb_1")
    for kind, actor in given:
        journal.give(kind, actor, body(kind))
    return journal.wait(days=days)


ROADS = {
    "nothing": lambda: road(),
    "active": lambda: road(("set", ADA)),
    "proposed": lambda: road(("set", ADA), ("lift", LEA)),
    "lifted": lambda: road(("set", ADA), ("lift", LEA), ("lift", MAX)),
    "over": lambda: road(("set", ADA), days=40),
}


@pytest.mark.parametrize("row", ROADS)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    found = {
        kind: cell(ROADS[row](), kind, body(kind), {}, lambda s: str(s.status))
        for kind in ("set", "move", "lift")
    }

    assert found == rows_of(TABLE)[row]


@pytest.mark.parametrize("row", ROADS)
@pytest.mark.parametrize("kind", ["set", "move", "lift", "adopt"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, kind: str) -> None:
    every_cell_is_facts_or_a_named_refusal(ROADS[row](), kind, body(kind), {})


@pytest.mark.parametrize("row", ROADS)
@pytest.mark.parametrize("kind", ["set", "move", "lift"])
def test_a_command_that_brings_nothing_is_refused_by_name(row: str, kind: str) -> None:
    journal = ROADS[row]()

    for actor in CAST:
        with pytest.raises((Refused, KeyError)):
            MACHINE.decide(journal.past, malformed(journal, kind, actor), journal.now, {})


def test_developers_embargo_their_own_gpt_and_leads_any() -> None:
    assert road().refused("set", EVE, body("set")) == "not-allowed"
    assert road().refused("set", SOL, body("set")) == "not-allowed"
    assert road().give("set", LEA, body("set")).set_by == LEA.id
    assert road().give("set", ADA, body("set")).not_before == UNTIL.start


def test_i3_later_takes_one_and_earlier_takes_two_leads_outside_the_publisher() -> None:
    journal = road(("set", LEA))

    assert journal.refused("move", LEA, body("move", target("2026-04-20"))) == "illegal-move"
    assert journal.give("move", ADA, body("move")).not_before == LATER.start
    assert journal.refused("lift", ADA, body("lift")) == "self-approval"
    assert journal.refused("lift", OLA, body("lift")) == "self-approval"
    journal.give("lift", LEA, body("lift"))
    assert journal.refused("lift", LEA, body("lift")) == "same-voice"
    assert journal.give("lift", MAX, body("lift")).lifted_by == MAX.id


def test_moving_it_takes_back_a_proposal_to_lift_it() -> None:
    journal = road(("set", ADA), ("lift", LEA), ("move", ADA))

    assert journal.state.proposed_by is None
    assert journal.give("lift", LEA, body("lift")).status == "active"


@pytest.mark.parametrize("text", ["2026-05", "tbd by 2026-05-01", "2026-03-01T10:00"])
def test_an_embargo_lasts_until_an_instant_or_a_day_to_come(text: str) -> None:
    assert road().refused("set", ADA, body("set", target(text))) == "incomplete"


def test_newer_zone_data_moves_the_instant_and_keeps_what_was_said() -> None:
    journal = road(("set", ADA))
    assert UNTIL.start is not None
    assert UNTIL.local is not None
    moved = UNTIL.start + timedelta(hours=1)
    again = {"target": {**UNTIL.as_json(), "start": moved, "end": moved}}

    assert journal.refused("resolve", LEA, again) == "illegal-move"
    state = journal.give("resolve", SYS, again)
    seq = state.seq

    assert (state.not_before, state.target.label) == (moved, UNTIL.label)
    assert journal.give("resolve", SYS, again).seq == seq
