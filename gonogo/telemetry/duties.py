"""What a worker looks at now and then for its metrics: wedged workflows, stopped checkpoints."""

import asyncio
import contextlib
from collections.abc import Callable

from temporalio.client import Client
from temporalio.service import RPCError

from gonogo.logs import log
from gonogo.telemetry.meters import CHECKPOINT_ALARM, WEDGED

LOOK_S = 60.0
# Workflows whose tasks fail over and over; Temporal sets the attribute after some failures.
PROBLEMS = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"


async def keep_looking(
    stop: asyncio.Event,
    client: Client,
    checkpoints_stopped: Callable[[], bool],
    every_s: float = LOOK_S,
) -> None:
    """Look every `every_s` seconds until `stop`. What does not answer keeps its last value away:
    the gauge says NaN, which no comparison of an alert takes for good news or bad."""
    while not stop.is_set():
        WEDGED.set(await _wedged(client))
        CHECKPOINT_ALARM.set(await asyncio.to_thread(_stopped, checkpoints_stopped))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)


async def _wedged(client: Client) -> float:
    try:
        async with asyncio.timeout(10):
            return float((await client.count_workflows(PROBLEMS)).count)
    except (TimeoutError, RPCError, RuntimeError) as fault:
        log.warning("look", what="workflows", error=type(fault).__name__)
        return float("nan")


def _stopped(checkpoints_stopped: Callable[[], bool]) -> float:
    try:
        return float(checkpoints_stopped())
    except Exception as fault:  # database or disk may be away; the next look sees
        log.warning("look", what="checkpoints", error=type(fault).__name__)
        return float("nan")
