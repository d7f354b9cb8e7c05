"""Pauses of a release: whose they are, how long they may last in all, how they end."""

from datetime import timedelta

import pytest

from policies.lifecycle.kernel import iso
from policies.lifecycle.release_state import Phase, Release
from tests.builders import ADA, ALF, LEA, MAX, SOL, Journal
from tests.policies.states import HOLDS, RELEASES, SYS


def test_a_developer_resumes_only_a_pause_of_their_own() -> None:
    own = RELEASES["paused by developer"]()

    assert own.refused("resume", ADA, {}, **HOLDS) == ""
    assert own.refused("resume", ALF, {}, **HOLDS) == "not-allowed"
    assert RELEASES["paused"]().refused("resume", ADA, {}, **HOLDS) == "not-allowed"
    assert RELEASES["held"]().refused("resume", ADA, {}, **HOLDS) == "not-allowed"


def paused_out(first: str) -> Journal[Release]:
    """Paused for all of 30 days, and rolling again."""
    journal = RELEASES["paused"]()
    journal.wait(days=30)
    if first:
        journal.give(first, SYS if first == "pause_over" else SOL, {"reason": "x"})
    if first == "halt":
        journal.give("resume", LEA, **HOLDS)
        journal.give("resume", MAX, **HOLDS)
    else:
        journal.give("resume", LEA, **HOLDS)
    return journal


@pytest.mark.parametrize("first", ["", "pause_over", "halt"])
def test_i3_with_no_pause_left_a_pause_holds_for_a_decision(first: str) -> None:
    journal = paused_out(first)

    state = journal.give("pause", LEA, {"reason": "once more"})

    assert state.paused_s == 30 * 86400
    assert (state.phase, state.why) == (Phase.HELD, ("pauses_used_up",))


def test_i4_pauses_end_by_themselves_and_wait_for_a_decision() -> None:
    journal = RELEASES["paused"]()
    until = journal.state.pause_until

    assert until == journal.now + timedelta(days=30)
    assert journal.wait(days=30).give("pause_over", SYS).phase is Phase.HELD


def test_a_pause_ends_no_later_than_it_was_asked_to() -> None:
    journal = RELEASES["rolling"]()

    state = journal.give("pause", LEA, {"until": iso(journal.now + timedelta(days=1))})

    assert state.pause_until == journal.now + timedelta(days=1)
