"""What workflows ask of each other: set what is exposed, begin a release.

Exposure is set by a command to the listing's own workflow, its only writer.
"""

import contextlib
from dataclasses import dataclass
from typing import Any

from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from policies.lifecycle.kernel import Command


@dataclass(frozen=True)
class SubjectInput:
    """How any subject's workflow starts. `past`: the record may hold events of it already."""

    store: str
    subject: str
    gpt: str = ""
    submission: str = ""
    past: bool = True


@dataclass(frozen=True)
class ExposureCommand:
    gpt: str
    listing: str
    command: Command


@dataclass(frozen=True)
class ExposureAnswer:
    answer: dict[str, Any]


class Exposure:
    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    @activity.defn(name="set_exposure")
    async def set_exposure(self, request: ExposureCommand) -> ExposureAnswer:
        """Update-with-start of the listing's workflow. A refusal is final, an outage is not."""
        command = request.command
        start: WithStartWorkflowOperation[Any, str] = WithStartWorkflowOperation(
            "Listing",
            SubjectInput(store=command.store, subject=request.listing, gpt=request.gpt),
            id=f"listing/{command.store}/{request.gpt}",
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
        try:
            answer = await self._client.execute_update_with_start_workflow(
                "command",
                command,
                id=command.id,
                start_workflow_operation=start,
                result_type=dict,
            )
        except WorkflowUpdateFailedError as failed:
            if isinstance(failed.cause, ApplicationError) and failed.cause.details:
                raise ApplicationError(
                    failed.cause.message,
                    *failed.cause.details,
                    type=failed.cause.type,
                    non_retryable=True,
                ) from failed
            raise
        return ExposureAnswer(answer)

    @activity.defn(name="begin_release")
    async def begin_release(self, start: SubjectInput) -> None:
        """Start the workflow of release `start.subject`, once for all times."""
        with contextlib.suppress(WorkflowAlreadyStartedError):  # a restored case begins it again
            await self._client.start_workflow(
                "Rollout",
                start,
                id=f"release/{start.subject}",
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
