"""The picture of a forecast: everything inside, in order, with dates a phone has room for."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.pages.forecast_chart import Chart, chart
from policies.stats.forecast import Forecast

NOW = datetime(2023, 11, 30, 15, tzinfo=UTC)
PACIFIC = ZoneInfo("America/Los_Angeles")
DAY = 86_400.0


def told(*ready_days: float) -> Forecast:
    return Forecast(NOW, np.sort(np.array(ready_days) * DAY))


def drawn(seen: Forecast, start_d: float | None = None, end_d: float | None = None) -> Chart:
    start, end = (None if d is None else NOW + timedelta(days=d) for d in (start_d, end_d))
    return chart(seen, start, end, PACIFIC)


days = st.floats(0, 700) | st.just(float("inf"))


@given(
    ready=st.lists(days, min_size=1, max_size=60),
    start=st.none() | st.floats(-400, 700),
    length=st.floats(0, 400),
)
def test_whatever_is_forecast_stands_inside_the_picture(
    ready: list[float], start: float | None, length: float
) -> None:
    seen = drawn(told(*ready), start, None if start is None else start + length)
    for band in (seen.promised, seen.likely, seen.core):
        assert band is None or (band.x >= 0 and band.x + band.width <= 100.01 and band.width > 0)
    places = [x for x, _ in seen.ticks]
    assert all(0 <= x <= 100 for x in [*places, seen.today])
    assert places == sorted(places)
    assert len(places) <= 6


def test_the_promise_and_the_forecast_stand_on_one_scale() -> None:
    seen = drawn(told(*range(1, 11)), 20, 30)
    assert seen.promised is not None
    assert seen.likely is not None
    assert seen.core is not None
    assert seen.half is not None
    assert seen.today < seen.likely.x < seen.core.x < seen.promised.x
    assert abs(seen.half - seen.core.x) < 0.01
    assert seen.likely.x + seen.likely.width < seen.promised.x
    per_day = seen.promised.width / 10
    assert abs(seen.likely.width - 8 * per_day) < 0.05  # day one to day nine


def test_what_never_ends_goes_on_beyond_the_picture() -> None:
    never = float("inf")
    seen = drawn(told(1, 2, 3, 4, 5, 6, never, never, never, never), 20, 30)
    assert seen.likely is not None
    assert seen.core is not None
    assert (seen.likely.open, seen.core.open) == (True, True)
    hopeless = drawn(told(never, never), 20, 30)
    assert (hopeless.likely, hopeless.core, hopeless.half) == (None, None, None)
    assert hopeless.promised is not None


def test_dates_are_midnights_of_the_launch_s_zone() -> None:
    seen = drawn(told(1, 2, 3), 0, 4)
    assert [label for _, label in seen.ticks] == ["1 Dec", "2 Dec", "3 Dec", "4 Dec"]
    # Midnight in San Francisco is 17 hours after 15:00 UTC of the day before.
    assert abs((seen.ticks[0][0] - seen.today) / (97 / 1.05 / 4) - 17 / 24) < 0.001


def test_an_overdue_promise_is_left_of_today_and_no_promise_is_none() -> None:
    late = drawn(told(1, 2, 3), -10, -9)
    assert late.promised is not None
    assert late.promised.x + late.promised.width < late.today
    assert drawn(told(1, 2, 3)).promised is None
