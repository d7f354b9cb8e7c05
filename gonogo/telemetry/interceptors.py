"""What every activity and every workflow is wrapped in: ids bound to log lines, times counted."""

import time
from typing import Any

from structlog.contextvars import bind_contextvars, bound_contextvars
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from gonogo.telemetry.meters import ACTIVITIES, RETRIES
from gonogo.telemetry.tracing import trace_id


class Watched(Interceptor):
    """For the worker. Ids of workflows come from `workflow.logger`, which is silent on replay."""

    def __init__(self) -> None:
        # The ids are fields of the line, not text within its message.
        activity.logger.activity_info_on_message = False
        from temporalio import workflow

        workflow.logger.workflow_info_on_message = False

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Activity(next)

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        return _Workflow


class _Activity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        name, where = info.activity_type, "local" if info.is_local else "queue"
        if info.attempt > 1:
            RETRIES.labels(name, where).inc()
        ids = {
            "workflow_id": info.workflow_id,
            "run_id": info.workflow_run_id,
            "activity": name,
            "attempt": info.attempt,
            **ids_in(input.args[0] if input.args else None),
        }
        traced = trace_id()
        if traced:
            ids["trace_id"] = traced
        began, outcome = time.monotonic(), "cancelled"
        try:
            with bound_contextvars(**ids):
                answer = await self.next.execute_activity(input)
            outcome = "done"
            return answer
        except Exception as fault:
            outcome = _outcome(fault)
            raise
        finally:
            ACTIVITIES.labels(name, where, outcome).observe(time.monotonic() - began)


def _outcome(fault: Exception) -> str:
    if isinstance(fault, ApplicationError):
        return "refused" if fault.non_retryable else "retried"
    return "failed"


class _Workflow(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        bind_contextvars(**ids_in(input.args[0] if input.args else None))
        return await super().execute_workflow(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        bind_contextvars(**ids_in(input.args[0] if input.args else None))
        return await super().handle_update_handler(input)


def ids_in(argument: Any) -> dict[str, str]:
    """`subject` and `command_id` of a request, a command, or the start of a workflow."""
    command = getattr(argument, "command", argument)
    found: dict[str, str] = {}
    subject = getattr(command, "subject", None)
    if isinstance(subject, str):
        found["subject"] = subject
    command_id = getattr(command, "id", None)
    if isinstance(command_id, str):
        found["command_id"] = command_id
    return found
