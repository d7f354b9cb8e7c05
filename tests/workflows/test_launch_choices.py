"""A postponed launch: developers choose, its workflow ends the time, its items act on silence."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from policies.lifecycle.kernel import iso
from policies.lifecycle.release_state import LIVE
from tests.policies.launches import span
from tests.workflows.house import ADA, LEA, MAX, House
from tests.workflows.launching import LAUNCH, Event, planned
from tests.workflows.test_launch import bound, served

DAY = timedelta(days=1)
pytestmark = pytest.mark.slow


async def postponed(event: Event, default: str) -> None:
    """With ten days to choose, however the clock of the server runs."""
    until = iso(await event.now() + 10 * DAY)
    await event.give("postpone", LEA, reason="capacity", note=None, decide_by=until,
                     default=default, target=span("tbd:2040-01-31"))  # fmt: skip


def says(choice: str, nth: int = 1) -> dict[str, Any]:
    return {"launch": LAUNCH, "nth": nth, "choice": choice}


async def test_choices_take_effect_at_once_and_silence_when_the_time_is_over(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 60 * DAY)
    waits, alone, silent = await bound(house, event, "gpt_a", "gpt_b", "gpt_c")
    await postponed(event, "withdraw")

    await house.give("choose", waits, ADA, says("wait"))
    await house.give("choose", alone, ADA, says("ship_alone"))
    before = {one: house.state(one).phase.value for one in (waits, alone, silent)}
    await skipping.sleep(10 * DAY + timedelta(minutes=1))
    left = await house.until(silent, lambda s: s.phase.value == "ready")

    assert before == {waits: "bound", alone: "ready", silent: "bound"}
    assert (left.chosen.by_default, left.is_withdrawn) == (True, True)
    assert house.types(silent)[-2:] == ["launch:defaulted", "unbound"]
    assert house.state(waits).launch == LAUNCH
    types = house.types(LAUNCH)
    assert [types.count(one) for one in ("choices:reminded", "choices:closed")] == [1, 1]
    for one, gpt in ((waits, "gpt_a"), (alone, "gpt_b"), (silent, "gpt_c")):
        assert house.state(one).phase not in LIVE
        assert served(house, gpt).serving == "none"
    with pytest.raises(WorkflowUpdateFailedError):
        await house.give("start", silent, MAX, {})


async def test_the_deadline_ends_the_time_from_the_record_alone_too(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 60 * DAY)
    (silent,) = await bound(house, event, "gpt_a")
    await postponed(event, "ship_alone")
    for lost in (f"launch/{LAUNCH}", f"release/{silent}"):
        handle = house.client.get_workflow_handle(lost)
        await handle.terminate("lost with the orchestrator's database")

    await skipping.sleep(11 * DAY)  # the deadline passes while nobody is there
    assert house.state(silent).phase.value == "bound"
    await house.client.start_workflow(
        "Launch",
        {"store": "default", "subject": LAUNCH, "gpt": ""},
        id=f"launch/{LAUNCH}",
        task_queue=house.queue,
    )

    left = await house.until(silent, lambda s: s.phase.value == "ready")

    assert left.chosen.choice.value == "ship_alone"
    assert house.types(LAUNCH).count("choices:closed") == 1


async def test_whoever_waits_by_default_stays_and_is_asked_again(
    house: House, skipping: WorkflowEnvironment
) -> None:
    event = await planned(house, skipping, 60 * DAY)
    (release,) = await bound(house, event, "gpt_a")
    await postponed(event, "wait")

    await skipping.sleep(10 * DAY + timedelta(minutes=1))
    await house.until(LAUNCH, lambda s: s.asked.closed)
    events = len(house.events(release))
    with pytest.raises(WorkflowUpdateFailedError):
        await house.give("choose", release, ADA, says("withdraw"))
    await event.give("postpone", LEA, reason="capacity", note=None, target=span("tbd:2041-01-31"))
    await house.give("choose", release, ADA, says("withdraw", nth=2))

    assert house.state(release).is_withdrawn
    assert len(house.events(release)) == events + 2
