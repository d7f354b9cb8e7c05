"""A GPT changes hands: one side offers and withdraws, the other accepts or declines, in time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import Refused
from policies.lifecycle.kernel import Actor
from policies.lifecycle.machines import fold
from policies.lifecycle.transfer import MACHINE, NEXT, SIDE_OF, Step, Transfer
from tests.builders import ADA, ALF, CAST, EVE, LEA, PUBLISHER, T0, Journal
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.states import SYS

DAY = 86_400
OFFER = {
    "gpt": "gpt_a", "publisher": PUBLISHER, "to": "pub_e", "note": None,
    "offer_s": 14 * DAY, "warn_before_s": 2 * DAY,
}  # fmt: skip
KINDS = ("offer", "accept", "decline", "withdraw", "warn", "expire")
TABLE = """
               offer    accept    decline   withdraw   warn     expire
nothing      | offered  .         .         .          .        .
offered      | .        accepted  declined  withdrawn  early    early
offered, late| .        accepted  declined  withdrawn  offered  early
warned       | .        accepted  declined  withdrawn  early    early
run out      | .        .         declined  withdrawn  offered  expired
accepted     | .        .         .         .          .        .
declined     | .        .         .         .          .        .
withdrawn    | .        .         .         .          .        .
expired      | .        .         .         .          .        .
"""


def walked(*road: tuple[str, Actor] | float) -> Journal[Transfer]:
    """Down the road; a number waits (days)."""
    journal = Journal(MACHINE, "trf_1")
    for step in road:
        if isinstance(step, tuple):
            kind, actor = step
            journal.give(kind, actor, OFFER if kind == "offer" else {"reason": "no"})
        else:
            journal.wait(days=step)
    return journal


OFFERED = ("offer", ADA)
ROADS: dict[str, tuple[tuple[str, Actor] | float, ...]] = {
    "nothing": (),
    "offered": (OFFERED,),
    "offered, late": (OFFERED, 13),
    "warned": (OFFERED, 13, ("warn", SYS)),
    "run out": (OFFERED, 14),
    "accepted": (OFFERED, ("accept", EVE)),
    "declined": (OFFERED, ("decline", EVE)),
    "withdrawn": (OFFERED, ("withdraw", ALF)),
    "expired": (OFFERED, 14, ("expire", SYS)),
}


@pytest.mark.parametrize("row", ROADS)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    found = {
        kind: cell(walked(*ROADS[row]), kind, OFFER, {}, lambda s: s.step.value) for kind in KINDS
    }

    assert found == rows_of(TABLE)[row]


@pytest.mark.parametrize("row", ROADS)
@pytest.mark.parametrize("kind", [*KINDS, "bless"])
def test_every_cell_is_facts_or_a_named_refusal(row: str, kind: str) -> None:
    journal = walked(*ROADS[row])
    if kind == "offer" and row == "nothing":  # who offers is known by the body alone
        assert [a.id for a in CAST if not journal.refused(kind, a, OFFER)] == [ADA.id, ALF.id]
        return
    every_cell_is_facts_or_a_named_refusal(journal, kind, OFFER, {})


def test_the_giving_side_offers_and_withdraws_and_the_receiving_side_answers() -> None:
    offered = walked(OFFERED)

    assert [offered.refused("accept", who) for who in (EVE, ADA, LEA, SYS)] == [
        "", "not-allowed", "not-allowed", "not-allowed",
    ]  # fmt: skip
    assert [offered.refused("withdraw", who) for who in (ALF, EVE, LEA)] == [
        "", "not-allowed", "not-allowed",
    ]  # fmt: skip
    both = Actor("per_both", ("developer",), (PUBLISHER, "pub_e"))
    assert {offered.refused(kind, both) for kind in ("accept", "decline", "withdraw")} == {""}


@pytest.mark.parametrize("missing", ["gpt", "to"])
def test_an_offer_says_what_and_to_whom(missing: str) -> None:
    assert walked().refused("offer", ADA, OFFER | {missing: ""}) == "incomplete"
    assert walked().refused("offer", ADA, OFFER | {"to": PUBLISHER}) == "illegal-move"
    assert walked().refused("offer", ADA, OFFER | {"publisher": "pub_e"}) == "not-allowed"
    for actor in CAST:
        with pytest.raises(Refused):
            MACHINE.decide(None, malformed(walked(), "offer", actor), T0, {})


def test_both_are_warned_once_before_it_ends_and_not_at_all_when_it_is_short() -> None:
    offered = walked(OFFERED)
    assert offered.state.next_at == T0 + timedelta(days=12)

    warned = walked(OFFERED, 12, ("warn", SYS))
    assert (warned.state.warn_at, warned.state.next_at) == (None, T0 + timedelta(days=14))
    assert warned.refused("warn", SYS) == "not-yet"

    short = Journal(MACHINE, "trf_1")
    short.give("offer", ADA, OFFER | {"offer_s": DAY})
    assert (short.state.warn_at, short.state.next_at) == (None, T0 + timedelta(days=1))


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(CAST), st.integers(0, 20))))
def test_whatever_is_tried_it_ends_at_most_once_and_only_in_time(
    tries: list[tuple[str, Actor, int]],
) -> None:
    journal = walked(OFFERED)
    over: Step | None = None
    for kind, actor, days in tries:
        journal.wait(days=days)
        try:
            state = journal.give(kind, actor, OFFER)
        except Refused:
            continue
        assert over is None  # nothing is taken after the end
        if kind in SIDE_OF:
            side = PUBLISHER if SIDE_OF[kind] == "giving" else "pub_e"
            assert side in actor.publishers
        if kind == "accept":
            assert journal.now < state.until
        if kind == "expire":
            assert journal.now >= state.until
        over = None if state.is_open else state.step
        # I10: what is open has somebody's turn and a moment at which it ends by itself.
        assert state.is_open is (state.next_at is not None)
    assert fold("transfer", journal.events) == journal.state


def test_every_step_and_move_is_made_by_some_road() -> None:
    made = {
        (Step.OFFERED, walked(*road).state.step)
        for name, road in ROADS.items()
        if name in {step.value for step in Step} - {"offered"}
    }

    assert made == {(one, two) for one, others in NEXT.items() for two in others}


def test_a_fold_refuses_what_it_does_not_know() -> None:
    accepted: Any = walked(*ROADS["accepted"])
    last = accepted.events[-1]

    with pytest.raises(ValueError, match="before transfer:offered"):
        MACHINE.evolve(None, last)
    with pytest.raises(ValueError, match="is not a move"):
        MACHINE.evolve(accepted.state, last)
    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(accepted.state, replace(last, type="transfer:blessed"))
