"""Erasing takes two people; a legal hold takes one to place and another to lift."""

from dataclasses import replace
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle import hold, purge
from policies.lifecycle.purge import NEXT, SCOPES, Step
from tests.builders import AMY, CAST, IDA, LEA, Journal
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.states import SYS

ASK = {"scope": "gpt", "target": "gpt_a", "reason": "request", "note": "prose:n"}
DONE = {"erased": {"prose": 2, "objects": 1, "rows": 1}, "kept": {"prose": 0}, "root": "r" * 64}
BODIES: dict[str, Any] = {"ask": ASK, "finish": DONE, "sweep": DONE, "decline": {"reason": "no"}}
KINDS = ("ask", "confirm", "decline", "finish", "sweep")
TABLE = """
           ask    confirm    decline   finish  sweep
nothing  | asked  .          .         .       done
asked    | .      confirmed  declined  .       .
confirmed| .      .          declined  done    .
declined | .      .          .         .       .
done     | .      .          .         .       .
"""


def walked(*road: tuple[str, Any]) -> Journal[purge.Purge]:
    journal = Journal(purge.MACHINE, "prg_1")
    for kind, actor in road:
        journal.give(kind, actor, BODIES.get(kind, {}))
    return journal


def roads() -> dict[str, Journal[purge.Purge]]:
    asked, yes = ("ask", AMY), ("confirm", IDA)
    return {
        "nothing": walked(),
        "asked": walked(asked),
        "confirmed": walked(asked, yes),
        "declined": walked(asked, ("decline", IDA)),
        "done": walked(asked, yes, ("finish", SYS)),
    }


@pytest.mark.parametrize("row", roads())
def test_each_command_leads_where_the_table_says(row: str) -> None:
    found = {
        kind: cell(roads()[row], kind, BODIES.get(kind, {}), {}, lambda s: s.step.value)
        for kind in KINDS
    }

    assert found == rows_of(TABLE)[row]


@pytest.mark.parametrize("row", roads())
@pytest.mark.parametrize("kind", [*KINDS, "bless"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, kind: str) -> None:
    if kind in ("finish", "sweep"):
        assert all(roads()[row].refused(kind, actor, DONE) for actor in CAST if not actor.is_system)
        return
    every_cell_is_facts_or_a_named_refusal(roads()[row], kind, BODIES.get(kind, {}), {})


def test_i2_whoever_asked_does_not_confirm_but_may_withdraw() -> None:
    asked = walked(("ask", AMY))

    assert asked.refused("confirm", AMY) == "same-voice"
    assert asked.refused("confirm", LEA) == "not-allowed"
    assert asked.refused("confirm", IDA) == ""
    assert asked.refused("decline", AMY) == ""


@pytest.mark.parametrize("missing", ["scope", "target", "reason"])
def test_a_request_says_what_and_why(missing: str) -> None:
    assert walked().refused("ask", AMY, ASK | {missing: ""}) == "incomplete"
    assert walked().refused("ask", AMY, ASK | {"scope": "store"}) == "incomplete"
    for actor in CAST:
        with pytest.raises(Refused):
            purge.MACHINE.decide(None, malformed(walked(), "ask", actor), walked().now, {})


def test_every_move_is_made() -> None:
    made = {
        ("asked", "confirmed"), ("asked", "declined"),
        ("confirmed", "done"), ("confirmed", "declined"),
    }  # fmt: skip

    assert made == {(str(one), str(two)) for one, others in NEXT.items() for two in others}
    assert set(NEXT) == set(Step)


def test_folds_refuse_what_they_do_not_know() -> None:
    done = roads()["done"]
    for state, event in (
        (None, done.events[-1]),
        (done.state, done.events[-1]),
        (done.state, replace(done.events[-1], type="purge:blessed")),
    ):
        with pytest.raises(ValueError, match=r"unknown event|is not a move"):
            purge.MACHINE.evolve(state, event)


def held() -> Journal[hold.Hold]:
    journal = Journal(hold.MACHINE, "hld_1")
    journal.give("place", AMY, ASK)
    return journal


@pytest.mark.parametrize("scope", SCOPES)
def test_i3_one_person_holds_and_another_lifts(scope: str) -> None:
    fresh = Journal(hold.MACHINE, "hld_1")

    assert fresh.refused("place", IDA, ASK | {"scope": scope}) == ""
    assert held().refused("lift", AMY, {"reason": "over"}) == "same-voice"
    lifted = held()
    assert lifted.give("lift", IDA, {"reason": "over"}).status == "lifted"
    assert lifted.refused("lift", IDA, {"reason": "over"}) == "illegal-move"
    assert held().refused("lift", IDA, {}) == "incomplete"
    assert fresh.refused("place", LEA, ASK) == "not-allowed"


@pytest.mark.parametrize("kind", ["place", "lift", "bless"])
def test_every_cell_of_a_hold_is_facts_or_a_named_refusal(kind: str) -> None:
    every_cell_is_facts_or_a_named_refusal(held(), kind, ASK, {})
    every_cell_is_facts_or_a_named_refusal(Journal(hold.MACHINE, "hld_1"), kind, ASK, {})
