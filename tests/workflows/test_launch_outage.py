"""The database goes away at the instant of an opening: nobody wakes up to a launch at night."""

from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.launching import Launching
from activities.records import Records
from gonogo.db.ledger import Ledger
from policies.wire import RecordAnswer, RecordRequest
from tests.workflows.house import KEY, LEA, House, pack_with
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


async def test_the_next_wave_opens_while_the_first_cannot_be_told(
    skipping: WorkflowEnvironment, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(skipping.client, database_url, pack_with())
    with monkeypatch.context() as away:
        away.setattr(Launching, "_items", _no_answer)
        async with house.worker(), house.prober():
            event = await planned(house, skipping, 4 * DAY)
            first, second = await bound(house, event, "gpt_a", "gpt_b", wave=2)
            await event.sleep_to(2 * DAY - timedelta(minutes=1))
            await event.all_go()
            await event.sleep_to(-timedelta(minutes=1))
            await event.until("partial")

            await event.give("next_wave", LEA)
            await skipping.sleep(timedelta(minutes=1))
            opened = await event.until("live")
            told = [house.state(one).phase.value for one in (first, second)]
            away.undo()
            await skipping.sleep(timedelta(minutes=2))
            follow = [
                await house.until(one, lambda s: s.stage is not None) for one in (first, second)
            ]
    house.engine.dispose()

    assert opened.wave == 2
    assert told == ["bound", "bound"]
    assert len(follow) == 2


def _no_answer(*_: object) -> None:
    raise ConnectionError("the database does not answer")
