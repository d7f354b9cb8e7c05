"""The way of a command to the workflow of its subject, and back. Knows Temporal, no table.

What a workflow has not seen, because a kill came between the record and its history, it is told by
a signal with start: it folds what the record holds, and a workflow that is gone begins again.
"""

import asyncio
from typing import Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from gonogo.temporal import priority_of
from policies.lifecycle.kernel import Command
from workflows.options import PROBE_QUEUE

_WORKFLOW = {
    "submission": "Case",
    "release": "Rollout",
    "listing": "Listing",
    "stop": "StopOrder",
    "publisher": "Publisher",
    "purge": "Purge",
    "hold": "LegalHold",
    "memo": "Memo",
    "launch": "Launch",
    "window": "WindowOrder",
    "transfer": "Transfer",
    "embargo": "EmbargoOrder",
}
# Their workflows have clocks and stay; the others begin with every command.
CLOCKED = frozenset({"submission", "release", "launch", "transfer"})


class NotRunning(LookupError):
    """The subject's workflow is closed, or lost with the orchestrator's database."""


class Courier:
    def __init__(self, client: Client, *, store: str, task_queue: str) -> None:
        self._client, self._store, self._queue = client, store, task_queue

    async def reachable(self) -> bool:
        """Whether the orchestrator answers within two seconds."""
        try:
            async with asyncio.timeout(2):
                return await self._client.service_client.check_health()
        except (TimeoutError, RPCError, RuntimeError):
            return False

    async def pollers(self, within_s: float) -> dict[str, int] | None:
        """How many pollers the orchestrator saw lately on each of our queues; None: no answer."""
        found: dict[str, int] = {}
        try:
            async with asyncio.timeout(within_s):
                for queue in (self._queue, PROBE_QUEUE):
                    seen = await self._client.workflow_service.describe_task_queue(
                        DescribeTaskQueueRequest(
                            namespace=self._client.namespace,
                            task_queue=TaskQueue(name=queue),
                            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                        )
                    )
                    found[queue] = len(seen.pollers)
        except (TimeoutError, RPCError, RuntimeError):
            return None
        return found

    async def update(self, machine: str, command: Command, gpt: str) -> dict[str, Any]:
        """Command a running workflow. Raises `NotRunning`, and what Temporal's client raises."""
        handle = self._client.get_workflow_handle(self._workflow_id(machine, command, gpt))
        try:
            answer: dict[str, Any] = await handle.execute_update(
                "command", command, id=command.id, result_type=dict
            )
        except RPCError as fault:
            if fault.status is RPCStatusCode.NOT_FOUND:
                raise NotRunning(handle.id) from fault
            raise
        return answer

    async def begin(
        self, machine: str, command: Command, gpt: str, *, fresh: bool
    ) -> dict[str, Any]:
        """Command a workflow that is started for it. `fresh`: the record holds nothing of it."""
        start: WithStartWorkflowOperation[Any, str] = WithStartWorkflowOperation(
            _WORKFLOW[machine],
            self._start(command, gpt, past=not fresh),
            id=self._workflow_id(machine, command, gpt),
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            priority=priority_of(_WORKFLOW[machine]),
        )
        answer: dict[str, Any] = await self._client.execute_update_with_start_workflow(
            "command", command, id=command.id, start_workflow_operation=start, result_type=dict
        )
        return answer

    async def refresh(self, machine: str, command: Command, gpt: str) -> None:
        """Have the workflow fold what the record holds."""
        await self._client.start_workflow(
            _WORKFLOW[machine],
            self._start(command, gpt, past=True),
            id=self._workflow_id(machine, command, gpt),
            task_queue=self._queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            priority=priority_of(_WORKFLOW[machine]),
            start_signal="refresh",
        )

    def _start(self, command: Command, gpt: str, *, past: bool) -> dict[str, Any]:
        return {"store": self._store, "subject": command.subject, "gpt": gpt, "past": past}

    def _workflow_id(self, machine: str, command: Command, gpt: str) -> str:
        if machine == "submission":
            return f"case/{self._store}/{gpt}"
        if machine == "listing":
            return f"listing/{self._store}/{gpt}"
        return f"{machine}/{command.subject}"
