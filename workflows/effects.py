"""How a workflow asks our own parts: quickly first, and if need be for as long as it takes."""

from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.types import MethodAsyncSingleParam

with workflow.unsafe.imports_passed_through():
    from workflows.options import LASTING, QUICK

Self = TypeVar("Self")
Asked = TypeVar("Asked")
Told = TypeVar("Told")


async def surely(method: MethodAsyncSingleParam[Self, Asked, Told], request: Asked) -> Told:
    """A local activity, one history event; while the database is away, a regular one with backoff.

    Raises `ActivityError` only for what is final: `FINAL_ERRORS`.
    """
    try:
        return await workflow.execute_local_activity_method(method, request, **QUICK)
    except (ActivityError, ApplicationError):
        return await workflow.execute_activity_method(method, request, **LASTING)
