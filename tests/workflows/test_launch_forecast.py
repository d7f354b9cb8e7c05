"""Forecasts are kept without anybody asking, aside from the way of the launch."""

from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from gonogo.db import forecasts
from gonogo.db.launch_forecasts import keep_at
from gonogo.db.session import reading
from policies.rules.forecast_points import forecast_point
from tests.workflows.house import House
from tests.workflows.launching import LAUNCH, planned
from tests.workflows.test_launch import DAY, bound

pytestmark = pytest.mark.slow


async def test_a_forecast_is_kept_as_the_poll_opens_and_as_the_countdown_begins(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 5 * DAY)
    await bound(house, event, "gpt_a")
    await event.sleep_to(2 * DAY - timedelta(minutes=1))
    await event.all_go()
    await event.sleep_to(timedelta(hours=2))
    state = await event.until("countdown")

    again = keep_at(
        house.engine, "default", LAUNCH, house.pack, str(forecast_point(state)), event.opens_at
    )
    stale = keep_at(house.engine, "default", LAUNCH, house.pack, "poll:long:ago", event.opens_at)
    with reading(house.engine) as session:
        kept = forecasts.kept(session, "default", LAUNCH)

    assert [(row.by, row.due) for row in kept] == [("system", event.opens_at)] * 2
    assert all(0 < row.probability < 1 for row in kept)
    assert (again, stale) == (True, False)
