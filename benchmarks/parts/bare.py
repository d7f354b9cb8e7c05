"""The shape of a case and its release with empty bodies: what the engine alone costs.

Same kinds of activities in the same order, same updates, same timers, and payloads as long as
those of a recorded plain case (tests/golden/approved.json): tests/benchmarks compares the two.
What is missing is the work: no rule, no database, no model, no HTTP.
"""

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy
from temporalio.types import MethodAsyncSingleParam

QUEUE, PROBE_QUEUE = "bare", "bare-probes"
LOCAL = timedelta(seconds=5)
ONCE = RetryPolicy(maximum_attempts=3)
_FAR = 12 * 3600.0  # a deadline that is never reached


@dataclass(frozen=True)
class Bytes:
    """A payload: `answer` bytes are asked for, `filling` is carried, `tell` reaches the driver."""

    answer: int
    filling: str = ""
    tell: str = ""


@dataclass(frozen=True)
class Start:
    id: str
    undo_s: float
    filling: str = ""


def bytes_(carried: int, answer: int = 0, tell: str = "") -> Bytes:
    return Bytes(answer, "x" * max(0, carried - 40), tell)


class Bare:
    """Activities that answer with as many bytes as they are asked for."""

    def __init__(self, client: Client, notices: int | None = None) -> None:
        """`notices` is a file open for appending: one line per thing that is told."""
        self._client, self._notices = client, notices

    @activity.defn(name="bare_record")
    async def record(self, request: Bytes) -> Bytes:
        if request.tell and self._notices is not None:
            os.write(self._notices, f"{request.tell}\n".encode())
        return bytes_(request.answer)

    @activity.defn(name="bare_scan")
    async def scan(self, request: Bytes) -> Bytes:
        return bytes_(request.answer)

    @activity.defn(name="bare_probe")
    async def probe(self, request: Bytes) -> Bytes:
        activity.heartbeat(0)
        return bytes_(request.answer)

    @activity.defn(name="bare_begin")
    async def begin(self, release: str) -> None:
        start = Start(release, 0.0, "x" * 60)
        await self._client.start_workflow(
            "BareRelease", start, id=f"bare-release/{release}", task_queue=QUEUE
        )

    @activity.defn(name="bare_expose")
    async def expose(self, item: str) -> None:
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            "BareListing",
            Start(item, 0.0, "x" * 60),
            id=f"bare-listing/{item}",
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await self._client.execute_update_with_start_workflow(
            "command",
            bytes_(600, 235, f"followed {item}"),
            id=f"expose-{item}",
            start_workflow_operation=start,
            result_type=Bytes,
        )


@workflow.defn(name="BareCase")
class BareCase:
    """submit → scan → probe → claim → decide → undo time → begin a release."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        self._commands = 0
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self, start: Start) -> str:
        await workflow.wait_condition(workflow.all_handlers_finished)
        await _local(Bare.scan, bytes_(180, 161))
        await _local(Bare.record, bytes_(1_500, 894))
        await workflow.execute_activity_method(
            Bare.probe,
            bytes_(179, 276),
            task_queue=PROBE_QUEUE,
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=ONCE,
        )
        await _local(Bare.record, bytes_(1_500, 937, f"queued {start.id}"))
        await self._changed(_FAR)
        await self._changed(_FAR)
        await self._changed(start.undo_s)
        await _local(Bare.record, bytes_(1_500, 900))
        await workflow.execute_local_activity_method(
            Bare.begin, start.id, start_to_close_timeout=LOCAL, retry_policy=ONCE
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "approved"

    @workflow.update(name="command")
    async def command(self, command: Bytes) -> Bytes:
        async with self._lock:
            await _local(Bare.record, bytes_(len(command.filling) + 600, 1_000))
            self._commands += 1
        return bytes_(command.answer)

    @command.validator
    def _check(self, command: Bytes) -> None:
        if command.answer < 0:
            raise ValueError("no such answer")

    async def _changed(self, within_s: float) -> None:
        seen = self._commands
        try:
            await workflow.wait_condition(lambda: self._commands != seen, timeout=within_s)
        except TimeoutError:
            return


@workflow.defn(name="BareDesk")
class BareDesk:
    """One workflow that takes updates, each with one local activity, until it is cancelled."""

    @workflow.run
    async def run(self, start: Start) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update(name="command")
    async def command(self, command: Bytes) -> Bytes:
        await _local(Bare.record, bytes_(len(command.filling) + 600, 1_000))
        return bytes_(command.answer)


@workflow.defn(name="BareRelease")
class BareRelease:
    """A release that is prepared and waits for a person."""

    @workflow.run
    async def run(self, start: Start) -> None:
        await _local(Bare.record, bytes_(120, 20))
        await _local(Bare.record, bytes_(120, 900))
        await _local(Bare.record, bytes_(1_500, 1_400, f"ready {start.id}"))
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="BareItem")
class BareItem:
    """A release that waits to be told, looks, records, and tells its listing."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        self._moved = False

    @workflow.run
    async def run(self, start: Start) -> None:
        await _local(Bare.record, bytes_(120, 900))
        await _local(Bare.record, bytes_(120, 300, f"waits {start.id}"))
        await workflow.wait_condition(lambda: self._moved)
        await _local(Bare.record, bytes_(120, 300))
        await _local(Bare.record, bytes_(1_500, 1_400))
        await workflow.execute_activity_method(
            Bare.expose,
            start.id,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=ONCE,
        )
        await workflow.wait_condition(lambda: False, timeout=_FAR)

    @workflow.signal
    async def moved(self) -> None:
        self._moved = True


@workflow.defn(name="BareListing")
class BareListing:
    """Lives for a command, as a listing does."""

    @workflow.run
    async def run(self, start: Start) -> None:
        await _local(Bare.record, bytes_(120, 20))
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update(name="command")
    async def command(self, command: Bytes) -> Bytes:
        await _local(Bare.record, bytes_(1_500, 1_000, command.tell))
        return bytes_(command.answer)


async def _local(method: MethodAsyncSingleParam[Bare, Bytes, Bytes], request: Bytes) -> Bytes:
    return await workflow.execute_local_activity_method(
        method, request, start_to_close_timeout=LOCAL, retry_policy=ONCE
    )
