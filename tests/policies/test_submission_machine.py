"""A submission: every state × command × person, and what each command must bring."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from policies.errors import Refused
from policies.lifecycle.submission import MACHINE
from policies.lifecycle.submission_permits import LEGAL, PERSONS_COMMANDS
from policies.lifecycle.submission_state import FINAL, NEXT, OPEN, Stage
from tests.builders import ADA, ALF, CAST, EVE, LEA, OLA, RUI, SENA, TOM, Journal
from tests.policies.grids import (
    cell,
    every_cell_is_facts_or_a_named_refusal,
    malformed,
    results,
    rows_of,
)
from tests.policies.states import SUBMISSIONS, SYS, give, queued, submission_body, walked

# Where each command leads when the right person gives it at this moment; `.` nobody may give it,
# `early` its time has not come. The first three of the tests' people are of the publisher.
BY_PEOPLE = """
                   sub wdr ans clm rel ask chg app rej und con dis
nothing          | va  .   .   .   .   .   .   .   .   .   .   .
validating       | va  wi  .   .   .   .   .   .   .   .   .   .
testing          | va  wi  .   .   .   .   .   .   .   .   .   .
queued           | va  wi  .   rv  .   .   .   .   .   .   .   .
in_review        | va  wi  .   .   qu  in  ch  ap  re  .   .   .
info_requested   | va  wi  qu  .   .   .   .   .   .   .   .   .
changes_requested| va  wi  .   .   .   .   .   .   .   .   .   .
held             | va  wi  .   .   .   .   .   .   .   .   ap  qu
escalated        | va  wi  .   .   .   .   .   .   .   .   .   .
approved         | .   .   .   .   .   .   .   .   .   rv  .   .
approved by two  | .   .   .   .   .   .   .   .   .   rv  .   .
settled          | .   .   .   .   .   .   .   .   .   .   .   .
rejected         | .   .   .   .   .   .   .   .   .   rv  .   .
withdrawn        | .   .   .   .   .   .   .   .   .   .   .   .
expired          | va  .   .   .   .   .   .   .   .   .   .   .
"""
BY_THE_SYSTEM = """
                   scanned tested lease_over warn expire overdue settle
nothing          | .       .      .          .    .      .       .
validating       | te      .      .          .    .      .       .
testing          | .       qu     .          .    .      .       .
queued           | .       .      .          .    .      qu      .
in_review        | .       .      qu         .    .      rv      .
info_requested   | .       .      .          in   early  .       .
changes_requested| .       .      .          ch   early  .       .
held             | .       .      .          .    .      he      .
escalated        | .       .      .          .    .      .       .
approved         | .       .      .          .    .      .       early
approved by two  | .       .      .          .    .      .       early
settled          | .       .      .          .    .      .       .
rejected         | .       .      .          .    .      .       early
withdrawn        | .       .      .          .    .      .       .
expired          | .       .      .          .    .      .       .
"""
SHORT = {
    "sub": "submit", "wdr": "withdraw", "ans": "answer", "clm": "claim", "rel": "release_claim",
    "ask": "ask", "chg": "request_changes", "app": "approve", "rej": "reject", "und": "undo",
    "con": "confirm", "dis": "disagree",
}  # fmt: skip
CODE = {
    Stage.VALIDATING: "va", Stage.TESTING: "te", Stage.QUEUED: "qu", Stage.IN_REVIEW: "rv",
    Stage.INFO_REQUESTED: "in", Stage.CHANGES_REQUESTED: "ch", Stage.HELD: "he",
    Stage.ESCALATED: "es", Stage.APPROVED: "ap", Stage.REJECTED: "re", Stage.WITHDRAWN: "wi",
    Stage.EXPIRED: "ex",
}  # fmt: skip


def of_state(row: str, kind: str) -> tuple[Journal[Any], Mapping[str, Any]]:
    case = SUBMISSIONS[row]()
    return case, submission_body(kind, case.past)


def where(row: str, kind: str) -> str:
    case, body = of_state(row, kind)
    return cell(case, kind, body, {}, lambda state: CODE[state.stage])


@pytest.mark.parametrize("row", SUBMISSIONS)
def test_each_command_leads_where_the_table_says(row: str) -> None:
    expected = {SHORT[head]: where for head, where in rows_of(BY_PEOPLE)[row].items()}
    expected |= rows_of(BY_THE_SYSTEM)[row]

    found = {kind: where(row, kind) for kind in LEGAL}

    assert found == expected


@pytest.mark.parametrize("row", SUBMISSIONS)
def test_every_cell_is_facts_or_a_named_refusal(row: str) -> None:
    for kind in (*LEGAL, "adopt"):
        case, body = of_state(row, kind)

        every_cell_is_facts_or_a_named_refusal(case, kind, body, {})
        every_cell_is_facts_or_a_named_refusal(case.wait(days=400), kind, body, {})


@pytest.mark.parametrize("row", SUBMISSIONS)
def test_a_persons_command_that_brings_nothing_is_refused_by_name(row: str) -> None:
    case = SUBMISSIONS[row]()

    for kind, actor in product(PERSONS_COMMANDS, CAST):
        try:
            facts = MACHINE.decide(case.past, malformed(case, kind, actor), case.now, {})
        except Refused:
            continue
        assert kind in {"withdraw", "claim", "release_claim", "undo"}, facts


def test_the_table_of_moves_is_closed_and_final_stages_stay() -> None:
    assert set(NEXT) == set(Stage)
    assert set(Stage) == OPEN | FINAL
    assert {s for s in FINAL if NEXT[s]} == {Stage.APPROVED, Stage.REJECTED, Stage.EXPIRED}


def test_a_fold_refuses_a_move_that_the_table_does_not_know() -> None:
    case = queued()
    confirm = walked(("claim", RUI), ("approve", RUI))().events[-1]

    with pytest.raises(ValueError, match="is not a move"):
        MACHINE.evolve(case.state, confirm)


def test_a_fold_refuses_events_it_does_not_know() -> None:
    case = queued()

    with pytest.raises(ValueError, match="unknown event"):
        MACHINE.evolve(case.state, replace(case.events[-1], type="submission:blessed"))
    with pytest.raises(ValueError, match="before submission:opened"):
        MACHINE.evolve(None, case.events[-1])


@pytest.mark.parametrize("kind", ["approve", "reject", "request_changes", "confirm", "disagree"])
@pytest.mark.parametrize("change", [{"digest": "d0"}, {"version": 0}, {"digest": None}])
def test_i1_a_deciding_command_about_something_else_is_stale(
    kind: str, change: dict[str, Any]
) -> None:
    held = kind in ("confirm", "disagree")
    case = SUBMISSIONS["held" if held else "in_review"]()

    code = case.refused(kind, SENA if held else RUI, submission_body(kind, case.past, **change))

    assert code == "stale-decision"


def test_i1_the_stale_refusal_names_what_was_seen_and_what_is() -> None:
    case = SUBMISSIONS["in_review"]()
    saw = submission_body("approve", case.past)
    give(case, "submit", ADA)
    give(case, "scanned", SYS)
    give(case, "tested", SYS)

    with pytest.raises(Refused) as refused:
        case.give("approve", RUI, saw)

    assert refused.value.code == "stale-decision"
    assert refused.value.detail["saw"] == {"digest": "d1", "version": saw["version"]}
    assert refused.value.detail["now"] == {"digest": "d2", "version": case.state.version}


def test_s20_a_claim_moves_along_with_a_new_round_and_verdicts_do_not() -> None:
    case = SUBMISSIONS["in_review"]()

    give(case, "submit", ADA)
    give(case, "scanned", SYS)
    give(case, "tested", SYS)

    assert (case.state.stage.value, case.state.claimant) == ("in_review", RUI.id)
    assert (case.state.spoken, case.state.voice, case.state.returns_to) == ((), None, None)


@pytest.mark.parametrize("row", SUBMISSIONS)
def test_i2_nobody_of_the_publisher_and_no_machine_judges(row: str) -> None:
    judging = ("claim", "approve", "reject", "request_changes", "ask", "confirm", "disagree")

    for kind in judging:
        case, body = of_state(row, kind)
        for actor, code, _ in results(case, kind, body, {}):
            if actor in (ADA, ALF, OLA) and case.past is not None:
                assert code == "self-approval", (kind, actor.id)
            assert not (actor.is_system and code == ""), kind


def test_i2_whoever_submitted_stays_an_owner_after_leaving_the_publisher() -> None:
    case = queued()
    left = replace(ADA, publishers=(), roles=("reviewer",))

    assert case.refused("claim", left) == "self-approval"


def test_i2_the_second_voice_is_another_persons() -> None:
    case = SUBMISSIONS["held"]()
    body = submission_body("confirm", case.past)

    assert case.refused("confirm", RUI, body) == "same-voice"
    assert case.refused("confirm", OLA, body) == "self-approval"
    assert case.refused("confirm", LEA, body) == "not-allowed"
    assert case.refused("confirm", SENA, body) == ""


def test_i2_neither_of_two_who_disagreed_claims_it_next() -> None:
    case = SUBMISSIONS["held"]()

    give(case, "disagree", SENA)

    assert [case.refused("claim", who) for who in (RUI, SENA, TOM)] == [
        "same-voice", "same-voice", "",
    ]  # fmt: skip


def test_i2_a_case_belongs_to_its_publisher_only() -> None:
    case = queued()

    assert case.refused("submit", EVE, submission_body("submit", case.state)) == "not-allowed"
    assert case.refused("withdraw", EVE) == "not-allowed"
    assert case.refused("submit", ALF, submission_body("submit", case.state)) == ""


def test_i2_nobody_opens_a_case_for_a_publisher_they_do_not_belong_to() -> None:
    case = SUBMISSIONS["nothing"]()

    assert case.refused("submit", EVE, submission_body("submit", None)) == "not-allowed"


@pytest.mark.parametrize("tier", ["high", "unheard-of"])
def test_i6_a_tier_that_demands_two_is_held_for_a_second_person(tier: str) -> None:
    case = walked(("claim", RUI), tier=tier)()

    state = give(case, "approve", RUI)

    assert state.stage is Stage.HELD
    assert state.decision is None
    assert (state.voice and state.voice.by) == RUI.id


def test_an_approval_needs_the_whole_checklist() -> None:
    case = SUBMISSIONS["in_review"]()

    part = submission_body("approve", case.past, checklist=["purpose", "data"])

    assert case.refused("approve", RUI, part) == "incomplete"


def test_i7_evidence_that_blocks_forbids_approval_and_permits_the_rest() -> None:
    case = Journal(MACHINE, "sub_1")
    give(case, "submit", ADA)
    give(case, "scanned", SYS)
    give(case, "tested", SYS, blocked_by=["secret-leak:violations"])
    give(case, "claim", RUI)

    assert case.refused("approve", RUI, submission_body("approve", case.past)) == "evidence-blocks"
    assert case.refused("reject", RUI, submission_body("reject", case.past)) == ""


def test_i7_missing_tests_block_whatever_their_sender_says() -> None:
    case = Journal(MACHINE, "sub_1")
    give(case, "submit", ADA)
    give(case, "scanned", SYS)

    state = give(case, "tested", SYS, evidence=[])
    give(case, "claim", RUI)

    assert state.blocked_by == ("tests_missing",)
    assert case.refused("approve", RUI, submission_body("approve", case.past)) == "evidence-blocks"


def test_i7_a_missing_scan_is_the_highest_tier_and_blocks() -> None:
    case = Journal(MACHINE, "sub_1")
    give(case, "submit", ADA)

    scanned = give(case, "scanned", SYS, evidence=[])
    state = give(case, "tested", SYS)

    assert scanned.tier == "high"
    assert state.blocked_by == ("static_scan_missing",)


def test_i7_a_second_person_cannot_confirm_past_the_evidence() -> None:
    case = SUBMISSIONS["held"]()
    case.past = replace(case.state, blocked_by=("withdrawn_evidence",))

    assert case.refused("confirm", SENA, submission_body("confirm", case.past)) == "evidence-blocks"


def test_the_same_digest_is_no_new_round() -> None:
    case = queued()

    code = case.refused("submit", ADA, submission_body("submit", case.past, digest="d1"))

    assert code == "illegal-move"
