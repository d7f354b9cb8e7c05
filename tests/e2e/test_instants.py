"""What comes at the very instant of a workflow's timer is not lost by the real server.

Launches wait for instants that people know: a reminder, a check, T itself. Whoever gives a command
at that second meets the timer that fires. (The time-skipping server of the workflow tests loses a
task that way now and then; that is why those tests wake beside such instants.)
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from gonogo.temporal import connect
from tests.e2e.stack import settings_in, stack

pytestmark = pytest.mark.slow
QUEUE = "instants"
SECONDS, AT_ONCE = 8, 15  # so many workflows have their timer at each of so many seconds


@workflow.defn(name="Waiting")
class Waiting:
    """Waits for an instant, as a launch does, and keeps what else comes to it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @workflow.run
    async def run(self, at: str) -> list[str]:
        instant = datetime.fromisoformat(at)
        while (left := instant - workflow.now()) > timedelta(0) and await self._told_within(left):
            pass
        self.told.append("timer")
        await workflow.wait_condition(lambda: {"signal", "update"} <= set(self.told))
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.told

    async def _told_within(self, left: timedelta) -> bool:
        count = len(self.told)
        try:
            await workflow.wait_condition(lambda: len(self.told) != count, timeout=left)
        except TimeoutError:
            return False
        return True

    @workflow.signal
    async def signal(self) -> None:
        self.told.append("signal")

    @workflow.update
    async def update(self) -> int:
        self.told.append("update")
        await workflow.sleep(0.01)
        return len(self.told)


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    settings = settings_in(tmp_path)
    async with stack(settings) as running:
        await running.start("temporal")
        found = await connect(settings)
        async with Worker(
            found,
            task_queue=QUEUE,
            workflows=[Waiting],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            yield found


async def meet(handle: WorkflowHandle[Waiting, list[str]], at: datetime, off_s: float) -> int:
    """A signal and an update that arrive `off_s` beside the timer's instant."""
    await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds() + off_s))
    _, answer = await asyncio.gather(
        handle.signal(Waiting.signal), handle.execute_update(Waiting.update)
    )
    return answer


async def test_commands_at_the_instant_of_a_timer_are_all_answered(client: Client) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
    waiting, meetings = [], []
    for number in range(SECONDS * AT_ONCE):
        at = begin + timedelta(seconds=number // AT_ONCE)
        handle = await client.start_workflow(
            Waiting.run, at.isoformat(), id=f"waiting-{number}", task_queue=QUEUE
        )
        waiting.append(handle)
        off_s = (number % AT_ONCE - AT_ONCE // 2) * 0.01  # from 70 ms before to 70 ms after
        meetings.append(asyncio.create_task(meet(handle, at, off_s)))

    answers = await asyncio.gather(*meetings)
    told = [await handle.result() for handle in waiting]
    kinds = [
        event.event_type for handle in waiting for event in (await handle.fetch_history()).events
    ]

    assert all(sorted(one) == ["signal", "timer", "update"] for one in told)
    assert all(1 <= answer <= 3 for answer in answers)
    assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in kinds
    # Some met the timer in one and the same task: otherwise this shows nothing.
    assert len({tuple(one) for one in told}) > 1
