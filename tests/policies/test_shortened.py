"""Steps that were made shorter than the rules meant are found in a launch's own events."""

from datetime import timedelta

from policies.rules.shortened import shortened
from tests.policies.launches import COUNTDOWN, OPENING, SYS, launched, looked


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
