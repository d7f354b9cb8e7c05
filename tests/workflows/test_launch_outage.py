"""The database goes away at the instant of an opening: nobody wakes up to a launch at night."""

from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.records import Records
from gonogo.db.ledger import Ledger
from policies.wire import RecordAnswer, RecordRequest
from tests.workflows.house import KEY, House, pack_with
from tests.workflows.launching import LAUNCH, planned
from tests.workflows.test_launch import DAY, bound, served

pytestmark = pytest.mark.slow


class Away(Ledger):
    """While `away` is set it keeps whatever would open a launch waiting."""

    away = True

    def record(self, request: RecordRequest) -> RecordAnswer:
        if self.away and any(fact.type == "launch:wave:opened" for fact in request.facts):
            raise ConnectionError("the database does not answer")
        return super().record(request)


@pytest.mark.parametrize(("minutes", "status"), [(2, "live"), (20, "hold")])
async def test_i6_an_opening_decided_in_time_is_not_recorded_hours_later(
    skipping: WorkflowEnvironment, database_url: str, minutes: int, status: str
) -> None:
    house = House(skipping.client, database_url, pack_with())
    ledger = Away(house.engine, KEY)
    house.records = Records(ledger)
    async with house.worker(), house.prober():
        event = await planned(house, skipping, 4 * DAY)
        await bound(house, event, "gpt_a")
        await event.sleep_to(2 * DAY - timedelta(minutes=1))
        await event.all_go()
        await event.sleep_to(-timedelta(minutes=minutes))
        ledger.away = False
        await skipping.sleep(timedelta(minutes=2))
        launch = await event.until("live", "hold")
    house.engine.dispose()

    assert launch.status.value == status
    assert (served(house, "gpt_a").serving != "none") is (status == "live")
    if status == "hold":
        assert launch.held.cause == "missed"
        assert "wave:opened" not in house.types(LAUNCH)
