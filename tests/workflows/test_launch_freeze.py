"""The launch workflow and windows: it waits for a short freeze, and is held by a long one."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from policies.lifecycle.window import MACHINE
from policies.wire import RecordRequest
from tests.workflows.house import LEA, House
from tests.workflows.launching import LAUNCH, Event, planned
from tests.workflows.test_launch import DAY, bound, served

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.slow


def draw(house: House, now: datetime, begins: datetime, ends: datetime) -> None:
    """A window of the store, drawn without the orchestrator."""
    local = [one.replace(tzinfo=None).isoformat() for one in (begins, ends)]
    window = {"kind": "deny", "tz": "UTC", "begins": local[0], "ends": local[1], "scope": "store",
              "override_role": "product_lead"}  # fmt: skip
    body = {"window": window, "reason": "outage", "over_at": None}
    command = house.command("declare", "win_1", LEA, body)
    facts = MACHINE.decide(None, command, now, {})
    answer = house.ledger.record(
        RecordRequest("window", 0, command, facts, now, house.pack.digest, "1")
    )
    assert answer.outcome == "stored", answer


async def on_its_way(house: House, server: WorkflowEnvironment) -> Event:
    event = await planned(house, server, 4 * DAY)
    await bound(house, event, "gpt_a")
    await event.sleep_to(2 * DAY - MINUTE)
    await event.all_go()
    return event


async def test_a_launch_waits_for_a_freeze_that_ends_in_time_and_opens_by_itself(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await on_its_way(house, skipping)
    at = event.opens_at
    draw(house, await event.now(), at - MINUTE, at + 10 * MINUTE)

    await event.sleep_to(-MINUTE)
    waiting: Any = house.state(LAUNCH)
    before = served(house, "gpt_a").serving
    await event.sleep_to(-10 * MINUTE - timedelta(seconds=5))
    opened = await event.until("live")

    assert (waiting.status.value, waiting.freeze.waits, before) == ("countdown", True, "none")
    assert timedelta(0) <= opened.opened_at - (at + 10 * MINUTE) < timedelta(seconds=5)
    assert house.types(LAUNCH).count("frozen") == 1


async def test_a_long_freeze_holds_it_and_whoever_it_names_opens_in_spite_of_it(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await on_its_way(house, skipping)
    at = event.opens_at
    draw(house, await event.now(), at - MINUTE, at + DAY)

    await event.sleep_to(-MINUTE)
    held = await event.until("hold")
    await event.give("override_freeze", LEA, reason="press_is_there")
    opened = await event.until("live")

    assert (held.held.cause, held.wave) == ("frozen", 0)
    assert held.freeze.until == at + DAY
    assert opened.opened_at - at < timedelta(minutes=15)
    checks = [e for e in house.events(LAUNCH) if e.type == "launch:countdown:checked"]
    assert all(one.body["freeze"]["windows"] == ["win_1"] for one in checks)
