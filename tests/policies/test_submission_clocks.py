"""The clocks of a submission: whose time runs, what a due date counts from, when things end."""

from datetime import datetime, timedelta

import pytest

from policies.lifecycle.submission_state import Stage, Submission
from policies.rules.deadlines import ladder_at
from tests.builders import ADA, RUI, SENA, T0, Journal
from tests.policies.states import SUBMISSIONS, SYS, give, queued, submission_body, walked

DUE = T0 + timedelta(days=3)  # of the first round, by the body of `tested`


def again(case: Journal[Submission]) -> Submission:
    """A new round up to the queue, whose own calendar would say much later."""
    give(case, "submit", ADA)
    give(case, "scanned", SYS)
    return give(case, "tested", SYS, due_at=(DUE + timedelta(days=90)).isoformat())


def test_i5_a_new_round_keeps_the_earlier_due_date() -> None:
    case = queued()

    assert again(case.wait(days=1)).due_at == DUE


@pytest.mark.parametrize("kind", ["ask", "request_changes"])
def test_i5_the_review_clock_stands_while_the_developer_has_the_ball(kind: str) -> None:
    case = walked(("claim", RUI), (kind, RUI))()

    state = again(case.wait(days=10))

    assert state.due_at == DUE + timedelta(days=10)


def next_step(state: Submission) -> datetime:
    """When the review ladder tells somebody next."""
    assert state.queued_at
    assert state.due_at
    return ladder_at(state.queued_at, state.due_at, state.terms.ladder[state.ladder_steps])


def test_i4_nobody_is_called_late_for_time_the_developer_had() -> None:
    case = walked(("claim", RUI), ("request_changes", RUI))()
    half = timedelta(days=1, hours=12)

    state = again(case.wait(days=20))

    assert next_step(state) == T0 + timedelta(days=20) + half


def test_i4_an_answer_starts_a_due_date_and_a_ladder_of_its_own() -> None:
    case = walked(("claim", RUI), ("overdue", SYS), ("ask", RUI))()

    state = give(case.wait(days=10), "answer", ADA)

    assert state.due_at == case.now + timedelta(days=2)
    assert next_step(state) == case.now + timedelta(days=1)


def test_i5_a_second_person_has_a_due_date_of_their_own_and_the_reviews_returns() -> None:
    case = walked(("claim", RUI), ("overdue", SYS), ("approve", RUI), tier="high")()
    held = case.state

    back = give(case, "disagree", SENA)

    assert (held.due_at, held.ladder_steps) == (T0 + timedelta(days=1), 0)
    assert (back.due_at, back.ladder_steps) == (DUE, 1)


def test_i5_a_new_round_of_a_held_case_keeps_the_due_date_of_the_review() -> None:
    case = SUBMISSIONS["held"]()

    assert again(case).due_at == DUE


@pytest.mark.parametrize(("row", "days"), [("info_requested", 14), ("changes_requested", 30)])
def test_i4_a_wait_for_the_developer_has_its_whole_time_and_ends(row: str, days: int) -> None:
    case = SUBMISSIONS[row]()

    assert case.wait(days=days - 1).refused("expire", SYS) == "not-yet"
    assert give(case.wait(days=1), "expire", SYS).stage is Stage.EXPIRED


def test_undo_ends_when_the_decision_takes_effect() -> None:
    case = SUBMISSIONS["approved"]()

    assert case.wait(seconds=599).refused("undo", RUI) == ""
    assert case.wait(seconds=1).refused("undo", RUI) == "illegal-move"
    assert case.refused("settle", SYS, {"release": "rel_1"}) == ""


def test_an_expired_case_returns_within_its_time_even_with_the_same_digest() -> None:
    case = SUBMISSIONS["expired"]()
    same = submission_body("submit", case.past, digest=case.state.digest)

    assert case.wait(days=29).refused("submit", ADA, same) == ""
    assert case.wait(days=1).refused("submit", ADA, same) == "illegal-move"
