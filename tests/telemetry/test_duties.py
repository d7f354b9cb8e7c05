"""What a worker looks at for its metrics: wedged workflows and stopped checkpoints."""

import asyncio
import math
from datetime import timedelta

from prometheus_client import REGISTRY
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from gonogo.telemetry.duties import keep_looking
from gonogo.up import temporal_binary


@workflow.defn
class Wedging:
    """Fails every workflow task, as code does that does not fit an old history."""

    @workflow.run
    async def run(self) -> None:
        raise ValueError("this is no failure of Temporal's, so the task is tried again for ever")


def value(name: str) -> float:
    found = REGISTRY.get_sample_value(name)
    assert found is not None
    return found


async def look(client: Client, stopped: bool | Exception) -> None:
    def ask() -> bool:
        if isinstance(stopped, Exception):
            raise stopped
        return stopped

    stop = asyncio.Event()
    looking = asyncio.create_task(keep_looking(stop, client, ask))
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.wait_for(looking, 15)


async def test_a_wedged_workflow_and_a_stopped_checkpoint_are_seen() -> None:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(),
        dev_server_extra_args=[
            "--dynamic-config-value",
            "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2",
        ],
    ) as env:
        await look(env.client, False)
        before = value("gonogo_workflows_wedged"), value("gonogo_checkpoint_alarm")
        async with Worker(
            env.client,
            task_queue="wedging",
            workflows=[Wedging],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            await env.client.start_workflow(
                Wedging.run,
                id="wedged",
                task_queue="wedging",
                task_timeout=timedelta(seconds=1),
            )
            for _ in range(30):
                await look(env.client, True)
                if value("gonogo_workflows_wedged") == 1:
                    break
                await asyncio.sleep(0.5)
        after = value("gonogo_workflows_wedged"), value("gonogo_checkpoint_alarm")

    assert before == (0, 0)
    assert after == (1, 1)


async def test_what_does_not_answer_is_neither_good_news_nor_bad() -> None:
    nobody = await Client.connect("127.0.0.1:9", lazy=True)

    await look(nobody, OSError("the disk is away"))

    assert math.isnan(value("gonogo_workflows_wedged"))
    assert math.isnan(value("gonogo_checkpoint_alarm"))
