"""Steps that were made shorter than the rules meant are found in a launch's own events."""

from datetime import timedelta
from typing import Any

from policies.lifecycle.launch_state import Launch
from policies.rules.shortened import shortened
from tests.builders import LEA, MAX, Journal
from tests.policies.launches import (
    COUNTDOWN,
    LAUNCHES,
    OPENING,
    SYS,
    freeze,
    frozen_at_its_hour,
    launched,
    looked,
    seen,
    walk,
)

WHY = {"reason": "press_is_there"}
FREEZE = {"freeze": freeze(OPENING + timedelta(hours=1), "product_lead")}


def checked(*before: timedelta) -> list[tuple[str, str]]:
    road = launched(*COUNTDOWN)()
    for one in before:
        road.now = OPENING - one
        road.give("check", SYS, {}, gates=looked(road.now))
    return [(one.code, one.of) for one in shortened(road.events)]


def test_checks_at_their_time_shorten_nothing() -> None:
    assert checked(timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)) == []


def test_a_clock_that_wakes_within_a_minute_is_not_late() -> None:
    assert checked(timedelta(days=1) - timedelta(seconds=50)) == []


def test_one_late_look_stands_for_the_checks_it_skipped() -> None:
    assert checked(timedelta(days=1), timedelta(minutes=2)) == [
        ("check_skipped", "3600"),
        ("check_late", "300"),
    ]


def past(road: Journal[Launch]) -> list[tuple[str, Any]]:
    return [(one.code, one.by) for one in shortened(road.events) if one.code == "past_a_freeze"]


def test_whoever_got_past_a_freeze_that_held_it_is_told_once_when_it_opened() -> None:
    road = frozen_at_its_hour(minutes=60)
    road.wait(minutes=5).give("override_freeze", MAX, WHY, **seen(road.now) | FREEZE)

    before = past(road)
    road.give("open_wave", SYS, {}, **seen(road.now))

    assert road.state.opened_at is not None
    assert before == past(road) == [("past_a_freeze", MAX.id)]
    assert [one.of for one in shortened(road.events) if one.by == MAX.id] == ["lch_1"]


def test_two_people_who_got_past_two_freezes_are_told_each() -> None:
    road = launched(*COUNTDOWN)()
    road.give("override_freeze", MAX, WHY, **seen(road.now) | FREEZE)
    narrow = {"narrow": {"win_7": "product_lead"}}
    road.give("override_freeze", LEA, WHY | {"windows": ["win_7"]}, **seen(road.now) | narrow)
    walk(road, ("check", SYS), 86_400.0, ("open_wave", SYS))

    assert road.state.opened_at is not None
    assert past(road) == [("past_a_freeze", MAX.id), ("past_a_freeze", LEA.id)]


def test_a_freeze_that_was_got_past_for_a_date_given_up_was_not_passed() -> None:
    road = launched(*COUNTDOWN)()
    road.give("override_freeze", MAX, WHY, **seen(road.now) | FREEZE)
    moved = past(walk(road, ("postpone", LEA)))
    dropped = launched(*COUNTDOWN)()
    dropped.give("override_freeze", MAX, WHY, **seen(dropped.now) | FREEZE)
    walk(dropped, ("hold", LEA), ("cancel", LEA), ("cancel", MAX))

    assert (moved, past(dropped)) == ([], [])
    assert dropped.state.status == "cancelled"


def test_what_came_back_from_a_suspension_in_a_freeze_is_told_with_its_second_voice() -> None:
    road = LAUNCHES["suspended, one voice"]()
    road.give("restore", LEA, {"override": WHY}, **seen(road.now, 1) | FREEZE)

    assert past(road) == [("past_a_freeze", LEA.id)]
