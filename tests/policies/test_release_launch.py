"""A release bound to a launch: no time of its own, an approval that does not age, one opening."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.lifecycle.kernel import iso
from policies.lifecycle.release_launch import OPEN, is_open
from policies.lifecycle.release_state import Phase
from policies.rules.approvals import exposure_may_grow
from tests.builders import ADA, EVE, LEA, MAX, OLA, SOL, T0
from tests.policies.states import HOLDS, OPENED, RELEASES, SYS
from tests.policies.test_approvals import DAY, GOOD

MUST: dict[str, Any] = {"launch": "lch_1", "wave": 1, "importance": "must"}


def test_a_bound_release_says_where_it_stands_in_its_launch() -> None:
    journal = RELEASES["ready"]()
    body = MUST | {"requires": ["rel_3", "rel_2"], "not_before": "2026-05-01T00:00:00+02:00"}

    state = journal.give("bind", LEA, body)

    assert (state.phase, state.launch, state.wave, state.importance) == (
        Phase.BOUND, "lch_1", 1, "must",
    )  # fmt: skip
    assert state.requires == ("rel_2", "rel_3")
    assert state.not_before is not None
    assert iso(state.not_before) == "2026-04-30T22:00:00.000000Z"
    assert journal.refused("start", LEA, {}, **HOLDS) == "illegal-move"
    assert journal.refused("schedule", LEA, {"at": iso(journal.now + DAY)}) == "illegal-move"


@pytest.mark.parametrize(
    "fault",
    [
        {"launch": None},
        {"launch": "rel_1"},
        {"launch": ["lch_1"]},
        {"wave": 0},
        {"wave": 101},
        {"wave": True},
        {"wave": "1"},
        {"wave": None},
        {"importance": "vital"},
        {"requires": "rel_2"},
        {"requires": ["rel_1"]},  # itself
        {"requires": ["lch_2"]},
        {"requires": [7]},
        {"requires": [f"rel_{n}" for n in range(2, 53)]},
        {"offset_s": -1},
        {"offset_s": 60},  # of a must
        {"offset_s": 31 * 86400, "importance": "should"},
        {"not_before": "2026-05-01T00:00:00"},
        {"not_before": "soon"},
    ],
)
def test_a_binding_that_says_nothing_sensible_is_refused_by_its_field(
    fault: dict[str, Any],
) -> None:
    assert RELEASES["ready"]().refused("bind", LEA, MUST | fault) == "incomplete"


def test_a_lead_moves_it_to_another_wave_and_to_another_launch_only_after_unbinding() -> None:
    journal = RELEASES["bound"]()

    moved = journal.give("bind", MAX, MUST | {"wave": 2, "importance": "optional"})
    count = len(journal.events)
    journal.give("bind", MAX, MUST | {"wave": 2, "importance": "optional"})

    assert (moved.wave, moved.importance, moved.bound_from) == (2, "optional", T0)
    assert len(journal.events) == count  # said twice, it holds already
    assert journal.refused("bind", LEA, MUST | {"launch": "lch_2"}) == "illegal-move"
    assert RELEASES["blocked"]().refused("bind", LEA, MUST) == "illegal-move"


def test_i2_a_lead_of_the_publisher_binds_nothing_of_theirs() -> None:
    assert RELEASES["ready"]().refused("bind", OLA, MUST) == "self-approval"
    assert RELEASES["ready"]().refused("bind", ADA, MUST) == "self-approval"
    assert RELEASES["ready"]().refused("bind", SOL, MUST) == "not-allowed"


@pytest.mark.parametrize("row", ["bound", "passed over"])
def test_its_developer_may_leave_the_launch_and_ship_alone_or_withdraw(row: str) -> None:
    journal = RELEASES[row]()

    left = journal.copy().give("unbind", ADA, {"reason": "ship_alone"})

    assert (left.phase, left.launch, left.wave, left.requires) == (Phase.READY, None, None, ())
    assert journal.refused("unbind", EVE, {"reason": "ship_alone"}) == "not-allowed"
    assert journal.refused("unbind", ADA, {}) == "incomplete"
    assert journal.give("cancel", ADA, {"reason": "withdrawn"}).phase is Phase.CANCELLED


@pytest.mark.parametrize(
    ("status", "wave"),
    [("draft", 0), ("gating", 0), ("countdown", 0), ("suspended", 1), ("unheard-of", 1)],
)
def test_i7_a_launch_that_is_not_open_opens_nothing(status: str, wave: int) -> None:
    row = {"status": status, "wave": wave, "excluded": None}

    assert RELEASES["bound"]().refused("open", SYS, {}, **HOLDS, launch=row) == "not-yet"


def test_i7_a_launch_that_nobody_looked_at_opens_nothing() -> None:
    assert RELEASES["bound"]().refused("open", SYS, {}, **HOLDS) == "not-yet"
    assert RELEASES["passed over"]().refused("recheck", SYS, {}, **HOLDS) == "not-yet"


def test_a_wave_that_is_still_to_come_opens_nothing() -> None:
    journal = RELEASES["bound"]()
    journal.give("bind", LEA, MUST | {"wave": 2})

    assert journal.refused("open", SYS, {}, **HOLDS, **OPENED) == "not-yet"


def test_opened_it_goes_to_its_last_stage_since_a_store_opening_is_for_everyone() -> None:
    state = RELEASES["opened"]().state

    assert state.phase is Phase.ROLLING
    assert state.step == state.plan[-1]
    assert (state.launch, state.is_bound) == ("lch_1", False)


def test_i9_what_came_up_after_the_opening_holds_it_and_takes_nothing_away() -> None:
    state = RELEASES["bound"]().give("open", SYS, {}, precheck=("publisher_unverified",), **OPENED)

    assert (state.phase, state.stage) == (Phase.HELD, len(state.plan) - 1)
    assert state.why == ("precheck", "publisher_unverified")
    assert RELEASES["bound"]().give("open", SYS, {}, **OPENED).why == (
        "precheck", "precheck_missing",
    )  # fmt: skip


def test_i10_what_its_launch_passed_over_is_blocked_and_told_and_waits_for_the_next_wave() -> None:
    journal = RELEASES["passed over"]()
    passed = journal.state
    over = {"status": "live", "wave": 1, "excluded": ["evidence_stale"]}

    journal.give("recheck", SYS, {}, **HOLDS, launch=over)
    still = journal.state
    again = journal.give("recheck", SYS, {}, **HOLDS, **OPENED)

    assert (passed.phase, passed.why, passed.is_bound) == (
        Phase.BLOCKED, ("evidence_stale",), True,
    )  # fmt: skip
    assert still == passed
    assert (again.phase, again.launch) == (Phase.BOUND, "lch_1")
    assert journal.refused("start", LEA, {}, **HOLDS) == "illegal-move"


@pytest.mark.parametrize(
    ("row", "goes"),
    [
        ({"status": "cancelled", "wave": 0, "excluded": None}, True),
        ({"status": "closed", "wave": 1, "excluded": ["evidence_stale"]}, True),
        ({"status": "closed", "wave": 0, "excluded": None}, True),
        ({"status": "closed", "wave": 1, "excluded": None}, False),
        ({"status": "postponed", "wave": 0, "excluded": None}, False),
        ({"status": "suspended", "wave": 1, "excluded": None}, False),
    ],
)
def test_a_launch_that_is_over_lets_go_of_what_it_did_not_open(
    row: dict[str, Any], goes: bool
) -> None:
    journal = RELEASES["bound"]()

    assert (journal.refused("let_go", SYS, {}, launch=row) == "") is goes
    if goes:
        state = journal.give("let_go", SYS, {}, launch=row)
        assert (state.phase, state.launch) == (Phase.READY, None)
        assert journal.events[-1].body["why"] == f"launch_{row['status']}"


@given(
    st.sampled_from([*OPEN, "suspended", "postponed", "x"]), st.integers(0, 3), st.integers(1, 3)
)
def test_a_wave_is_open_once_it_was_opened_and_while_its_launch_is(
    status: str, opened: int, wave: int
) -> None:
    assert is_open(status, opened, wave) is (status in OPEN and wave <= opened)
    assert not is_open(status, opened, None)


@given(
    st.lists(st.tuples(st.integers(0, 2 * 86400), st.integers(0, 40 * 86400)), max_size=4),
    st.integers(0, 86400),
)
def test_i6_the_life_of_an_approval_stands_still_while_bound_and_then_goes_on(
    spells: list[tuple[int, int]], last: int
) -> None:
    """`spells`: so long free, so long bound; then free for `last` seconds."""
    journal, free = RELEASES["ready"](), 0
    for loose, bound in spells:
        journal.wait(seconds=loose).give("bind", LEA, MUST)
        free += loose
        journal.wait(seconds=bound)
        state = journal.state
        standing = replace(GOOD, bound_from=state.bound_from, bound_s=state.bound_s)
        assert standing.is_approval_over(journal.now) is (free >= 86400)
        journal.give("unbind", LEA, {"reason": "ship_alone"})
    journal.wait(seconds=last)

    standing = replace(GOOD, bound_from=None, bound_s=journal.state.bound_s)

    assert standing.is_approval_over(journal.now) is (free + last >= 86400)


def test_i6_binding_does_not_wake_an_approval_that_had_ended() -> None:
    ended = replace(GOOD, bound_from=T0 + DAY + timedelta(seconds=1), bound_s=0.0)

    assert exposure_may_grow(replace(ended, evidence_until=T0 + 9 * DAY), T0 + 2 * DAY).why == (
        "approval_expired",
    )  # fmt: skip
    assert replace(GOOD, approval_until=None, bound_from=T0).is_approval_over(T0)
