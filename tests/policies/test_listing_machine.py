"""A listing: every status × command × person; exposure keeps, halts and returns as told."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.listing import LEGAL, MACHINE, PERSONS_COMMANDS
from policies.lifecycle.listing_state import NEXT, Status
from tests.builders import ADA, CAST, LEA, OLA, SOL, Journal
from tests.policies.grids import cell, every_cell_is_facts_or_a_named_refusal, malformed, rows_of
from tests.policies.states import LISTINGS, SYS, listed, listing_body

# Where each command leads when the right person gives it; `.` nobody may.
TABLE = """
                  quarantine lift_quarantine unlist relist expose promote retract halt resume
nothing         | .          .               .      .      ls     .       .       .    .
listed          | qu         .               un     .      ls     ls      un      ls   ls
listed, halted  | qu         .               un     .      ls     ls      un      ls   ls
listed, stable  | qu         .               un     .      ls     ls      ls      ls   ls
unlisted        | qu         .               .      ls     un     un      un      un   un
unlisted, empty | qu         .               .      .      ls     un      un      un   un
quarantined     | .          ls              .      .      qu     qu      qu      qu   qu
"""
CODE = {Status.LISTED: "ls", Status.UNLISTED: "un", Status.QUARANTINED: "qu"}


def where(row: str, kind: str) -> str:
    return cell(LISTINGS[row](), kind, listing_body(kind), {}, lambda s: CODE[s.status])


@pytest.mark.parametrize("row", LISTINGS)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    assert {kind: where(row, kind) for kind in LEGAL} == rows_of(TABLE)[row]


@pytest.mark.parametrize("row", LISTINGS)
def test_every_cell_is_facts_or_a_named_refusal(row: str) -> None:
    for kind in (*LEGAL, "adopt"):
        every_cell_is_facts_or_a_named_refusal(LISTINGS[row](), kind, listing_body(kind), {})


@pytest.mark.parametrize("status", Status)
def test_statuses_that_come_later_are_borne_too(status: Status) -> None:
    journal = listed()()
    journal.past = replace(journal.state, status=status)

    for kind in LEGAL:
        every_cell_is_facts_or_a_named_refusal(journal, kind, listing_body(kind), {})


@pytest.mark.parametrize("row", LISTINGS)
def test_a_persons_command_that_brings_nothing_is_refused_by_name(row: str) -> None:
    journal = LISTINGS[row]()

    for kind, actor in product(PERSONS_COMMANDS, CAST):
        try:
            MACHINE.decide(journal.past, malformed(journal, kind, actor), journal.now, {})
        except Refused:
            continue
        assert kind in {"lift_quarantine", "unlist", "relist"}


def test_the_table_of_moves_names_every_status() -> None:
    assert set(NEXT) == set(Status)


def test_a_fold_refuses_a_move_that_the_table_does_not_know() -> None:
    journal = LISTINGS["listed"]()
    event = LISTINGS["unlisted"]().events[-1]
    delisted = replace(journal.state, status=Status.DELISTED)

    with pytest.raises(ValueError, match="is not a move"):
        MACHINE.evolve(delisted, event)
    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(journal.state, replace(event, type="listing:blessed"))
    with pytest.raises(ValueError, match="before listing:created"):
        MACHINE.evolve(None, event)


def expose(journal: Journal[Any], **changes: Any) -> Any:
    return journal.give("expose", SYS, listing_body("expose") | changes)


def test_i9_a_halt_keeps_weight_and_salt_and_the_same_people_return() -> None:
    journal = LISTINGS["listed"]()
    before = journal.state.exposure

    halted = journal.give("halt", SYS, listing_body("halt")).exposure
    resumed = journal.give("resume", SYS, listing_body("resume")).exposure

    assert halted == replace(before, halted=True)
    assert resumed == before


def test_i9_exposing_a_halted_candidate_again_serves_the_same_people() -> None:
    journal = LISTINGS["listed, halted"]()
    before = journal.state.exposure

    again = expose(journal, weight_bp=500, visibility="link").exposure

    assert again == replace(before, halted=False)


def test_i9_growing_keeps_the_salt_so_nobody_loses_it() -> None:
    journal = LISTINGS["listed"]()
    salt = journal.state.exposure.salt

    assert expose(journal).exposure.salt == salt


def test_i9_a_release_never_shrinks_by_being_exposed() -> None:
    journal = LISTINGS["listed"]()
    expose(journal)

    code = journal.refused("expose", SYS, listing_body("expose") | {"weight_bp": 500})

    assert code == "illegal-move"


def test_i9_superseding_is_told_with_the_weight_that_falls() -> None:
    journal = LISTINGS["listed"]()
    expose(journal, release="rel_1")

    salt = journal.state.exposure.salt
    _, facts = journal.decide(
        "expose", SYS, listing_body("expose") | {"release": "rel_2", "digest": "d2", "weight_bp": 1}
    )

    assert facts[-1].body["superseded"] == "rel_1"
    assert facts[-1].body["was_weight_bp"] == 2500
    assert facts[-1].body["salt"] == salt


def test_i9_a_release_that_lost_its_place_changes_nothing_any_more() -> None:
    journal = LISTINGS["listed"]()

    for kind in ("promote", "retract", "halt", "resume"):
        assert journal.decide(kind, SYS, {"release": "rel_0"})[1] == ()


def test_i8_telling_the_same_twice_causes_nothing() -> None:
    journal = LISTINGS["listed"]()
    expose(journal)

    assert journal.decide("expose", SYS, listing_body("expose"))[1] == ()


def test_what_a_developer_took_down_stays_down_through_a_release() -> None:
    journal = LISTINGS["unlisted"]()

    assert expose(journal).status is Status.UNLISTED


def test_what_a_developer_took_down_stays_down_through_a_quarantine() -> None:
    journal = LISTINGS["unlisted"]()
    journal.give("quarantine", SOL, {"reason": "unsafe"})
    lifted = journal.give("lift_quarantine", SOL, {})

    assert (lifted.status, lifted.why) == (Status.UNLISTED, ("by_developer",))
    assert expose(journal).status is Status.UNLISTED


def test_a_quarantine_lifted_lists_nothing_that_was_rolled_back_meanwhile() -> None:
    journal = LISTINGS["quarantined"]()
    journal.give("retract", SYS, {"release": "rel_1"})

    lifted = journal.give("lift_quarantine", SOL, {})

    assert (lifted.status, lifted.exposure.candidate) == (Status.UNLISTED, None)


def test_a_quarantine_outlasts_the_steps_of_a_release_and_the_developer() -> None:
    journal = LISTINGS["quarantined"]()

    assert expose(journal).status is Status.QUARANTINED
    assert journal.refused("relist", ADA) == "illegal-move"
    assert journal.refused("unlist", ADA) == "illegal-move"


def test_i2_a_quarantine_is_not_lifted_by_the_publishers_own_people() -> None:
    assert LISTINGS["quarantined"]().refused("lift_quarantine", OLA) == "self-approval"


@pytest.mark.parametrize("row", ["listed", "listed, halted", "unlisted"])
def test_i3_one_person_quarantines_at_once_even_their_own(row: str) -> None:
    for actor in (SOL, OLA):
        assert LISTINGS[row]().refused("quarantine", actor, {"reason": "unsafe"}) == ""


def test_only_the_system_sets_exposure() -> None:
    journal = LISTINGS["listed"]()

    for kind in ("expose", "promote", "retract", "halt", "resume"):
        body: Mapping[str, Any] = listing_body(kind)
        assert journal.refused(kind, LEA, body) == "not-allowed"


def test_a_promotion_makes_the_candidate_stable_for_everyone() -> None:
    exposure = LISTINGS["listed, stable"]().state.exposure

    assert (exposure.stable, exposure.candidate, exposure.weight_bp) == ("d1", None, 0)
