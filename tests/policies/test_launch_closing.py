"""The end of a launch (L15): soaked, its report filed, its forecast scored or honestly not."""

from datetime import timedelta
from typing import Any

import pytest

from policies.lifecycle.kernel import Event
from policies.lifecycle.launch_fold import evolve
from policies.lifecycle.launch_state import Launch, Status
from tests.builders import LEA, Journal
from tests.policies.launches import LAUNCHES

WHOLE = {"report": "prose:r", "score": 0.2}


def soaked() -> Journal[Launch]:
    return LAUNCHES["live"]().wait(days=7)


def test_closing_needs_the_soak_a_report_and_a_score() -> None:
    road = LAUNCHES["live"]()

    assert road.refused("close", LEA, WHOLE) == "not-yet"
    road.wait(days=7)
    for part in ({"report": "prose:r"}, {"score": 0.2}, WHOLE | {"score": float("inf")}):
        assert road.refused("close", LEA, part) == "incomplete"
    assert road.give("close", LEA, WHOLE).status is Status.CLOSED


@pytest.mark.parametrize("why", ["no_forecast", "not_due"])
def test_where_nothing_was_foretold_a_launch_closes_without_a_number_and_says_why(
    why: str,
) -> None:
    told = {"report": "prose:r", "score": None, "unscored": why, "lessons": "prose:l"}

    state = soaked().give("close", LEA, told)

    assert (state.status, state.score, state.unscored) == (Status.CLOSED, None, why)
    assert (state.report, state.lessons) == ("prose:r", "prose:l")


@pytest.mark.parametrize(
    "odd",
    [
        {"score": None},
        {"score": None, "unscored": "forgot"},
        {"score": 0.2, "unscored": "no_forecast"},
        {"score": True},
        {"score": "0.2"},
        {"lessons": ""},
        {"lessons": 7},
    ],
)
def test_i7_an_invented_reason_is_no_score(odd: dict[str, Any]) -> None:
    assert soaked().refused("close", LEA, WHOLE | odd) == "incomplete"


def test_launches_closed_before_the_store_filed_reports_still_fold() -> None:
    state = soaked().state
    old = Event(
        store="default",
        position=99,
        subject=state.id,
        seq=state.seq + 1,
        type="launch:closed",
        actor_id=LEA.id,
        command_id="cmd_old",
        pack="p",
        rules="1",
        occurred_at=state.since + timedelta(days=8),
        recorded_at=state.since + timedelta(days=8),
        body={"report": "prose:by-hand", "score": 0.1},
    )

    closed = evolve(state, old)

    assert (closed.lessons, closed.score, closed.unscored) == ("prose:by-hand", 0.1, None)
