"""A date under windows: free, shut, or free in parts; and the next legal time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.launch_windows import MOVES
from policies.rules.target import Target, of_json
from policies.rules.target_windows import FREE_MOST, met
from policies.rules.windows import Window, verdict, window_of
from tests.policies.launches import at, span
from tests.policies.test_windows import ZONES

DECEMBER = {"kind": "deny", "tz": "UTC", "begins": "2026-12-12T00:00", "ends": "2027-01-04T08:00"}
OVER = datetime(2027, 1, 4, 8, tzinfo=UTC)


def window(name: str = "win_1", **over: Any) -> Window:
    wanted = {key: value for key, value in (DECEMBER | over).items() if value is not None}
    return window_of(wanted, name)


def on(day: str) -> Target:
    return of_json(at(datetime.fromisoformat(day).replace(tzinfo=UTC)))


def test_an_instant_in_a_freeze_is_told_with_the_next_legal_time() -> None:
    found = met([window()], ZONES, on("2026-12-14T09:00"))

    assert found is not None
    assert (found.windows, found.wholly, found.next_legal) == (("win_1",), True, OVER)


@pytest.mark.parametrize("when", ["2026-12-11T23:59", "2027-01-04T08:00"])
def test_the_edges_of_a_freeze_are_free(when: str) -> None:
    assert met([window()], ZONES, on(when)) is None


@pytest.mark.parametrize("over", [{"scope": "gpt:gpt_1"}, {"kind": "allow", "scope": "gpt:gpt_1"}])
def test_windows_of_single_items_do_not_shut_the_date(over: dict[str, Any]) -> None:
    assert met([window(**over)], ZONES, on("2026-12-14T09:00")) is None


def test_an_interval_is_told_with_its_free_parts() -> None:
    found = met([window()], ZONES, of_json(span("month:2026-12")))

    assert found is not None
    assert not found.wholly
    assert found.free == ((datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 12, tzinfo=UTC)),)


def test_an_interval_that_is_shut_as_a_whole_says_so() -> None:
    found = met([window()], ZONES, of_json(span("day:2026-12-20")))

    assert found is not None
    assert (found.wholly, found.free, found.next_legal) == (True, (), OVER)


def test_a_freeze_of_every_day_leaves_many_parts_and_only_the_first_are_told() -> None:
    nightly = window(ends=None, rrule="FREQ=DAILY", duration_s=8 * 3600)

    found = met([nightly], ZONES, of_json(span("month:2027-01")))

    assert found is not None
    assert (len(found.free), found.more) == (FREE_MOST, True)


def test_what_is_to_be_decided_meets_nothing() -> None:
    assert met([window()], ZONES, of_json(span("tbd:2026-12-31"))) is None


@given(
    begins=st.integers(0, 700),
    length=st.integers(1, 700),
    again=st.integers(0, 700),
    day=st.integers(1, 28),
)
def test_free_parts_are_free_and_the_rest_is_not(
    begins: int, length: int, again: int, day: int
) -> None:
    start = datetime(2026, 12, 1) + timedelta(hours=begins)
    windows = [
        window(begins=start.isoformat(), ends=(start + timedelta(hours=length)).isoformat()),
        window("win_2", begins=(start + timedelta(hours=again)).isoformat(),
               ends=(start + timedelta(hours=again + 30)).isoformat()),
    ]  # fmt: skip
    target = of_json(span(f"day:2026-12-{day:02}"))
    assert target.start is not None

    found = met(windows, ZONES, target)

    for hour in range(24):
        moment = target.start + timedelta(hours=hour)
        free = bool(verdict(windows, ZONES, ("store",), MOVES, moment))
        told = found is None or any(a <= moment < b for a, b in found.free)
        assert free is told
