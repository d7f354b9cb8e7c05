"""Temporal: whether it answers, keeps enough, has workers, and runs what must be under way."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    GetSystemInfoRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from gonogo.cli.doctor.check import Check, clock, foreseen, timed
from gonogo.cli.doctor.database import is_there
from gonogo.recovery import recover, underway
from gonogo.settings import Settings
from gonogo.temporal import connect, target
from gonogo.up import RETENTION
from workflows.options import PROBE_QUEUE

_LEAST_DAYS = 7
_MOST_ASKED, _AT_ONCE = 300, 10
_NAMED = 10  # workflows named one by one
_WEDGED = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"


def orchestrator(settings: Settings, engine: Engine) -> Iterator[Check]:
    yield from asyncio.run(_ask(settings, engine))


async def _ask(settings: Settings, engine: Engine) -> list[Check]:
    where = target(settings)["target_host"]
    try:
        async with asyncio.timeout(5):
            with timed() as took:
                client = await connect(settings)
                told = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    except (TimeoutError, RPCError, RuntimeError):
        return [
            Check(
                "fail",
                "orchestrator",
                f"no answer at {where}",
                "gonogo up, or set GONOGO_TEMPORAL_ADDRESS",
            )
        ]
    found = [
        Check(
            "ok",
            "orchestrator",
            f"Temporal {told.server_version} at {where} in {took}",
        )
    ]
    try:
        found.append(await _retention(settings, client))
    except RPCError as fault:
        if fault.status is not RPCStatusCode.NOT_FOUND:
            raise
        name = client.namespace
        return [
            *found,
            Check(
                "fail",
                "namespace",
                f"there is no namespace {name}",
                f"temporal operator namespace create -n {name} --retention {RETENTION}",
            ),
        ]
    found += await _queues(settings, client)
    found.append(await _wedged(client))
    if is_there(settings):
        try:
            found += await _underway(settings, engine, client)
        except Exception as fault:  # a database that does not answer hides nothing of the above
            found.append(foreseen("under way", fault))
    return found


async def _retention(settings: Settings, client: Client) -> Check:
    name = client.namespace
    told = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=name)
    )
    days = told.config.workflow_execution_retention_ttl.seconds / 86_400
    if days >= _LEAST_DAYS:
        return Check("ok", "namespace", f"{name} keeps histories {days:g} days")
    return Check(
        "warn",
        "namespace",
        f"{name} keeps histories {days:g} days: what ended is soon beyond looking into",
        f"temporal operator namespace update -n {name} --retention {RETENTION}",
        lambda: asyncio.run(_keep_longer(settings)),
    )


async def _keep_longer(settings: Settings) -> str:
    client = await connect(settings)
    config = NamespaceConfig()
    config.workflow_execution_retention_ttl.FromTimedelta(
        timedelta(hours=int(RETENTION.removesuffix("h")))
    )
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(namespace=client.namespace, config=config)
    )
    return f"histories are kept for {RETENTION}"


async def _queues(settings: Settings, client: Client) -> list[Check]:
    """Workers that poll, and what their polls say about the clocks."""
    found, ahead = [], 0.0
    for queue, kind in (
        (settings.task_queue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
        (PROBE_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    ):
        told = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=kind,
            )
        )
        here = datetime.now(UTC)
        seen = [poller.last_access_time.ToDatetime(UTC) for poller in told.pollers]
        # A poll is never later than now: one from the future tells of clocks apart.
        ahead = max([ahead, *((at - here).total_seconds() for at in seen)])
        found.append(
            Check(
                "ok" if seen else "fail",
                "workers",
                f"{len(seen)} poll {queue}",
                "" if seen else "start one: gonogo worker, or gonogo up",
            )
        )
    return [*found, clock("Temporal's", -ahead)]


async def _wedged(client: Client) -> Check:
    try:
        count = (await client.count_workflows(_WEDGED)).count
    except RPCError as fault:
        if fault.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return Check(
            "warn",
            "workflows",
            "the namespace lacks the search attribute TemporalReportedProblems",
            "run Temporal 1.29 or newer: without it nobody sees workflows that fail over and over",
        )
    return Check(
        "fail" if count else "ok",
        "workflows",
        f"{count} fail over and over",
        "docs/operating.md, “Workflows wedged”" if count else "",
    )


async def _underway(settings: Settings, engine: Engine, client: Client) -> list[Check]:
    """Open cases and releases whose workflow was terminated, failed, or lost."""
    wanted = await asyncio.to_thread(lambda: [one[1] for one in underway(engine, settings.store)])
    asked, gate = wanted[:_MOST_ASKED], asyncio.Semaphore(_AT_ONCE)

    async def state(workflow: str) -> str:
        async with gate:
            try:
                told = await client.get_workflow_handle(workflow).describe()
            except RPCError as fault:
                if fault.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return "missing"
        running = told.status is WorkflowExecutionStatus.RUNNING
        return "" if running else (told.status.name.lower() if told.status else "unknown")

    states = await asyncio.gather(*(state(workflow) for workflow in asked))
    lost = [(workflow, how) for workflow, how in zip(asked, states, strict=True) if how]
    if not lost:
        beyond = f" (the first {len(asked)} of {len(wanted)})" if len(wanted) > len(asked) else ""
        return [Check("ok", "under way", f"{len(asked)} open subjects have their workflow{beyond}")]
    named = ", ".join(f"{workflow} is {how}" for workflow, how in lost[:_NAMED])
    more = f", and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return [
        Check(
            "fail",
            "under way",
            f"open, but {named}{more}",
            "gonogo recover starts them again from their events",
            lambda: asyncio.run(_recover(settings, engine)),
        )
    ]


async def _recover(settings: Settings, engine: Engine) -> str:
    found = await recover(engine, await connect(settings), settings.store, settings.task_queue)
    return f"{found.started} workflows started"
