"""The release and listing workflows: stages, pauses, halts, superseding."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from policies.lifecycle import release_windows
from policies.lifecycle.kernel import SYSTEM_ACTOR, Command, iso
from policies.lifecycle.release_launch import stage_entered
from policies.lifecycle.stop import MACHINE as STOP
from policies.lifecycle.window import MACHINE as WINDOW
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


def declare(house: House, subject: str, seconds: tuple[float, float], **changes: Any) -> None:
    """Declare a window from and to so many seconds from now, as the API does."""
    now = datetime.now(UTC)
    begins, ends = (now + timedelta(seconds=one) for one in seconds)
    value = {
        "kind": "deny",
        "tz": "UTC",
        "begins": begins.replace(tzinfo=None).isoformat(),
        "ends": ends.replace(tzinfo=None).isoformat(),
        **changes,
    }
    body = {"window": value, "over_at": iso(ends), "reason": "holidays"}
    command = house.command("declare", subject, LEA, body)
    facts = WINDOW.decide(None, command, now, {})
    answer = house.ledger.record(RecordRequest("window", 0, command, facts, now, "", "1"))
    assert answer.outcome == "stored"


async def test_a_scheduled_start_that_meets_a_window_starts_by_itself_at_its_end(
    swift: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_windows, "JITTER_S", 1)
    release = await ready(swift)
    at = datetime.now(UTC) + timedelta(seconds=1.5)
    await swift.give("schedule", release, LEA, {"at": iso(at)})
    declare(swift, "win_1", (0, 5))

    state = await swift.until(release, lambda s: s.phase.value == "blocked")
    done = await swift.until(release, lambda s: s.phase.value == "completed")

    assert state.why == ("frozen:win_1",)
    entered = next(e for e in swift.events(release) if e.type == "release:stage:entered")
    assert entered.occurred_at >= state.frozen_until
    assert done.frozen_by == ()


async def test_a_window_freezes_the_next_stage_and_keeps_exposure_until_it_ends(
    swift: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_windows, "JITTER_S", 1)
    release = await ready(swift)
    await swift.give("start", release, LEA)
    await swift.until(release, lambda s: s.stage == 0)
    declare(swift, "win_1", (0, 4))

    frozen = await swift.until(release, lambda s: s.frozen_by == ("win_1",))
    presence = listing(swift, release)
    await swift.until(release, lambda s: s.phase.value == "completed")

    assert frozen.phase.value == "rolling"
    assert (presence.exposure.weight_bp, presence.exposure.halted) == (500, False)
    entered = [e for e in swift.events(release) if e.type == "release:stage:entered"]
    assert entered[1].occurred_at >= frozen.frozen_until
    assert swift.types(release).count("frozen") == 1


async def test_what_a_window_froze_can_still_be_halted_and_rolled_back(swift: House) -> None:
    release = await ready(swift)
    await swift.give("start", release, LEA)
    await swift.until(release, lambda s: s.stage == 0)
    declare(swift, "win_1", (0, 3600))
    await swift.until(release, lambda s: s.frozen_by == ("win_1",))

    halted = await swift.give("halt", release, SOL, {"reason": "incident"})
    await swift.give("resume", release, LEA)
    again = await refused(swift.give("resume", release, MAX))
    back = await swift.give("roll_back", release, LEA, {"reason": "wrong_revision"})

    assert halted["phase"] == "halted"
    assert again == "not-yet"
    assert back["phase"] == "rolled_back"


async def test_scheduling_into_a_window_is_refused_with_the_next_legal_time(swift: House) -> None:
    release = await ready(swift)
    declare(swift, "win_1", (0, 3600))
    at = datetime.now(UTC) + timedelta(seconds=600)

    code = await refused(swift.give("schedule", release, LEA, {"at": iso(at)}))
    legal = await swift.give("schedule", release, LEA, {"at": iso(at + timedelta(seconds=3600))})

    assert code == "not-yet"
    assert legal["phase"] == "scheduled"


async def test_the_record_itself_refuses_a_stage_inside_a_window(swift: House) -> None:
    release = await ready(swift)
    await swift.give("start", release, LEA)
    await swift.until(release, lambda s: s.stage == 0)
    declare(swift, "win_1", (0, 3600))
    state = await swift.until(release, lambda s: s.frozen_by == ("win_1",))
    now = datetime.now(UTC)

    # As a worker would ask that looked before the window was declared.
    order = Command(f"{release}:x", "advance", "default", release, SYSTEM_ACTOR, now)
    answer = swift.ledger.record(
        RecordRequest("release", state.seq, order, stage_entered(state, 1), now, state.pack, "1")
    )

    assert answer.refusal is not None
    assert answer.refusal.code == "not-yet"
    assert answer.refusal.detail["windows"] == ["win_1"]
    assert swift.state(release).stage == 0
