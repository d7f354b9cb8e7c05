"""The daily sweep: newer zone data moves instants, civil times stay, and people are told."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.zones import CivilTimes, MovedRequest
from gonogo.worker import RUNNER
from policies.lifecycle.embargo import MACHINE as EMBARGO
from policies.lifecycle.kernel import iso
from policies.rules.civil_time import resolve
from policies.rules.notices import tellings
from policies.rules.target import resolve as resolve_target
from policies.rules.target_text import parse
from policies.wire import RecordRequest
from tests.workflows.house import ADA, LEA, House, pack_with
from tests.workflows.launching import LAUNCH, drafted
from tests.workflows.test_release import SECONDS, ready
from workflows.zones import ZoneSweep

LOCAL = datetime(2031, 7, 1, 9)
OLD, NEW = ZoneInfo("Europe/Paris"), ZoneInfo("Europe/London")  # Paris moves an hour to the west


def new_data(name: str) -> tzinfo:
    return NEW if name == "Europe/Paris" else ZoneInfo(name)


@pytest_asyncio.fixture
async def swift(local: WorkflowEnvironment, database_url: str) -> AsyncIterator[House]:
    house = House(local.client, database_url, pack_with(**SECONDS))
    async with house.worker(), house.prober():
        yield house
    house.engine.dispose()


async def swept(house: House, times: CivilTimes) -> int:
    async with Worker(
        house.client,
        task_queue=f"{house.queue}-zones",
        workflows=[ZoneSweep],
        workflow_runner=RUNNER,
        activities=[times.moved, house.records.record, house.records.load_events],
    ):
        count: int = await house.client.execute_workflow(
            ZoneSweep.run,
            "default",
            id=f"zonesweep/{house.queue}",
            task_queue=f"{house.queue}-zones",
        )
    return count


async def scheduled(house: House) -> str:
    release = await ready(house)
    found = resolve(LOCAL, OLD, name="Europe/Paris", tzdata="x")
    body = {"at": iso(found.at), "time": found.time.as_json()}
    await house.give("schedule", release, LEA, body)
    return release


def under_embargo(house: House) -> str:
    target = resolve_target(parse("2031-07-01T09:00"), OLD, name="Europe/Paris", tzdata="x").target
    body = {
        "gpt": "gpt_a",
        "publisher": "pub_a",
        "target": target.as_json(),
        "reason": "press",
    }
    command, now = house.command("set", "emb_1", ADA, body), datetime.now(UTC)
    facts = EMBARGO.decide(None, command, now, {})
    house.ledger.record(RecordRequest("embargo", 0, command, facts, now, "", "1"))
    return "emb_1"


async def test_the_same_zone_data_changes_nothing(swift: House) -> None:
    release, embargo = await scheduled(swift), under_embargo(swift)
    before = swift.types(release), swift.types(embargo)

    count = await swept(swift, CivilTimes(swift.engine, ZoneInfo, "x"))

    assert count == 0
    assert (swift.types(release), swift.types(embargo)) == before


async def test_newer_zone_data_moves_the_instant_keeps_the_civil_time_and_tells(
    swift: House,
) -> None:
    release, embargo = await scheduled(swift), under_embargo(swift)
    old = swift.state(release)

    count = await swept(swift, CivilTimes(swift.engine, new_data, "y"))
    state = await swift.until(release, lambda s: s.scheduled_at != old.scheduled_at)

    assert count == 2
    assert state.scheduled_at == old.scheduled_at + timedelta(hours=1)
    assert state.scheduled_local["local"] == LOCAL.isoformat()
    assert state.scheduled_local["tzdata"] == "y"
    event = swift.events(release)[-1]
    assert (event.type, event.actor_id) == ("release:time:resolved", "system")
    told = tellings(event, old, state)
    assert [one.audience.owners_of for one in told] == ["pub_a", None]
    assert told[1].audience.roles == {"product_lead"}
    moved = swift.state(embargo)
    assert moved.not_before == datetime(2031, 7, 1, 8, tzinfo=UTC)
    assert moved.target.local.local == LOCAL.isoformat()
    # Swept again, nothing is left to tell.
    assert CivilTimes(swift.engine, new_data, "y")._moved(MovedRequest("default")).moved == ()


async def test_a_time_that_came_with_its_offset_never_moves(swift: House) -> None:
    release = await ready(swift)
    at = datetime.now(UTC) + timedelta(days=3)
    await swift.give("schedule", release, LEA, {"at": iso(at)})

    assert await swept(swift, CivilTimes(swift.engine, new_data, "y")) == 0


async def test_a_launch_keeps_its_announced_date_and_its_instant_follows(swift: House) -> None:
    target = resolve_target(parse("2031-07-01T09:00"), OLD, name="Europe/Paris", tzdata="x").target
    await drafted(swift, target.as_json())
    old = swift.state(LAUNCH)

    same = await swept(swift, CivilTimes(swift.engine, ZoneInfo, "x"))
    count = await swept(swift, CivilTimes(swift.engine, new_data, "y"))
    state = await swift.until(LAUNCH, lambda s: s.opens_at != old.opens_at)

    assert (same, count) == (0, 1)
    assert state.opens_at == old.opens_at + timedelta(hours=1)
    assert (state.target.label, state.status) == (old.target.label, old.status)
    event = swift.events(LAUNCH)[-1]
    assert (event.type, event.actor_id) == ("launch:time:resolved", "system")
    assert CivilTimes(swift.engine, new_data, "y")._moved(MovedRequest("default")).moved == ()
