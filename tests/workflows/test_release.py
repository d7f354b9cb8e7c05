"""The release and listing workflows: stages, pauses, halts, superseding."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from policies.lifecycle.kernel import iso
from policies.lifecycle.stop import MACHINE as STOP
from policies.wire import RecordRequest
from tests.workflows.house import ADA, LEA, MAX, SOL, House, pack_with
from tests.workflows.test_case import refused

SECONDS = {
    "review": {"undo_s": 0},
    "rollout": {
        "first": [
            {"weight_bp": 500, "visibility": "link", "soak_s": 1},
            {"weight_bp": 10000, "visibility": "category", "soak_s": 1},
        ],
        "update": [
            {"weight_bp": 500, "visibility": "category", "soak_s": 60},
            {"weight_bp": 10000, "visibility": "category", "soak_s": 1},
        ],
    },
}


@pytest_asyncio.fixture
async def swift(local: WorkflowEnvironment, database_url: str) -> AsyncIterator[House]:
    """Real time, short stages: releases command listings, which skipping time cannot watch."""
    house = House(local.client, database_url, pack_with(**SECONDS))
    async with house.worker(), house.prober():
        yield house
    house.engine.dispose()


async def ready(house: House, **submit: Any) -> str:
    subject = await house.approved(**submit)
    case = await house.until(subject, lambda s: s.settled)
    await house.until(case.release, lambda s: s.phase.value == "ready")
    return str(case.release)


def listing(house: House, release: str) -> Any:
    return house.state(house.state(release).listing)


def stop(house: House, scope: str, target: str) -> None:
    """Place a stop as the API does: one transaction, no orchestrator."""
    command = house.command(
        "place", "stp_1", SOL, {"scope": scope, "target": target, "reason": "r"}
    )
    now = datetime.now(UTC)
    answer = house.ledger.record(
        RecordRequest("stop", 0, command, STOP.decide(None, command, now, {}), now, "", "1")
    )
    assert answer.outcome == "stored"


async def test_a_started_release_climbs_its_stages_and_becomes_stable(swift: House) -> None:
    release = await ready(swift)

    await swift.give("start", release, LEA)
    await swift.until(release, lambda s: s.phase.value == "completed")
    presence = await swift.until(
        swift.state(release).listing, lambda s: s.exposure.stable is not None
    )

    weights = [
        e.body["weight_bp"] for e in swift.events(presence.id) if e.type == "listing:exposure:set"
    ]
    assert weights == [500, 10000]
    assert (presence.status.value, presence.exposure.stable) == ("listed", "d1")


async def test_a_scheduled_release_starts_by_itself(swift: House) -> None:
    release = await ready(swift)

    await swift.give(
        "schedule", release, LEA, {"at": iso(datetime.now(UTC) + timedelta(seconds=1.5))}
    )
    done = await swift.until(release, lambda s: s.phase.value == "completed")

    assert done.stage == 1


async def test_a_stop_in_force_blocks_a_scheduled_start_and_says_why(swift: House) -> None:
    release = await ready(swift)
    await swift.give(
        "schedule", release, LEA, {"at": iso(datetime.now(UTC) + timedelta(seconds=1.5))}
    )

    stop(swift, "gpt", "gpt_a")
    state = await swift.until(release, lambda s: s.phase.value == "blocked")

    assert state.why == ("stopped:gpt",)
    assert listing(swift, release) is None


async def test_growth_is_held_while_a_stop_stands_and_exposure_stays_as_it_was(
    swift: House,
) -> None:
    release = await ready(swift)
    await swift.give("start", release, LEA)
    await swift.until(swift.state(release).listing, lambda s: s.exposure.weight_bp == 500)

    stop(swift, "revision", "d1")
    state = await swift.until(release, lambda s: s.phase.value == "held")

    assert state.why == ("precheck", "stopped:revision")
    assert listing(swift, release).exposure.weight_bp == 500


async def test_a_halt_takes_one_person_and_resuming_it_takes_two(swift: House) -> None:
    release = await ready(swift)
    await swift.give("start", release, LEA)
    await swift.until(release, lambda s: s.stage == 0)

    await swift.give("halt", release, SOL, {"reason": "incident"})
    halted = await swift.until(swift.state(release).listing, lambda s: s.exposure.halted)
    await swift.give("resume", release, LEA)
    alone = await refused(swift.give("resume", release, LEA))
    await swift.give("resume", release, MAX)
    resumed = await swift.until(halted.id, lambda s: not s.exposure.halted)

    assert alone == "same-voice"
    assert (resumed.exposure.weight_bp, resumed.exposure.salt) == (
        halted.exposure.weight_bp,
        halted.exposure.salt,
    )


async def test_a_pause_keeps_exposure_and_stops_the_soak_clock(swift: House) -> None:
    release = await ready(swift)
    await swift.give("start", release, LEA)
    await swift.until(release, lambda s: s.stage == 0)

    paused = await swift.give("pause", release, ADA, {"reason": "holiday"})

    assert (paused["phase"], paused["weight_bp"], paused["stage_over_at"]) == ("paused", 500, None)
    assert (await swift.give("resume", release, ADA))["phase"] == "rolling"


async def test_a_first_release_rolls_back_to_unlisted(swift: House) -> None:
    release = await ready(swift)
    await swift.give("start", release, LEA)
    await swift.until(release, lambda s: s.stage == 0)

    await swift.give("roll_back", release, LEA, {"reason": "wrong_revision"})
    presence = await swift.until(
        swift.state(release).listing, lambda s: s.exposure.candidate is None
    )

    assert (presence.status.value, presence.exposure.weight_bp) == ("unlisted", 0)


async def test_a_newer_release_supersedes_the_one_that_is_rolling(swift: House) -> None:
    first = await ready(swift)
    await swift.give("start", first, LEA)
    await swift.until(first, lambda s: s.phase.value == "completed")
    second = await ready(swift, digest="d2")
    await swift.give("start", second, LEA)
    await swift.until(swift.state(second).listing, lambda s: s.exposure.candidate == "d2")

    third = await ready(swift, digest="d3")
    await swift.give("start", third, LEA)
    old = await swift.until(second, lambda s: s.phase.value == "superseded")
    presence = await swift.until(old.listing, lambda s: s.exposure.candidate == "d3")

    assert (presence.exposure.stable, presence.exposure.salt) == ("d1", second)
    assert replace(presence.exposure, candidate=None).weight_bp == 500
