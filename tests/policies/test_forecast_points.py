"""When a forecast is kept without anybody asking."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policies.lifecycle.launch_state import Status
from policies.rules.forecast_points import forecast_point
from tests.policies.launches import LAUNCHES

EARNEST = {Status.GATING, Status.POLL, Status.COUNTDOWN}


@pytest.mark.parametrize("name", sorted(LAUNCHES.keys() - {"nothing"}))
def test_a_point_is_where_the_way_becomes_earnest_and_nowhere_else(name: str) -> None:
    state = LAUNCHES[name]().state

    assert (forecast_point(state) is not None) == (state.status in EARNEST)


def test_another_date_or_another_poll_is_another_point() -> None:
    gating, poll = LAUNCHES["gating"]().state, LAUNCHES["poll"]().state
    later = replace(poll, since=poll.since + timedelta(days=1))

    points = {forecast_point(one) for one in (gating, poll, later)}

    assert len(points) == 3
    assert forecast_point(replace(gating, seq=99)) == forecast_point(gating)
    assert forecast_point(replace(gating, target=None)) is None
