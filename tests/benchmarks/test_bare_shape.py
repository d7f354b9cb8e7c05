"""The bare workflow of the benchmarks has the shape of a real case, or its ratio says nothing."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from benchmarks.parts.bare import (
    PROBE_QUEUE,
    QUEUE,
    Bare,
    BareCase,
    BareRelease,
    Bytes,
    Start,
    bytes_,
)
from gonogo.temporal import CONVERTER
from gonogo.up import temporal_binary
from gonogo.worker import RUNNER

GOLDEN = Path(__file__).parents[1] / "golden" / "approved.json"


@pytest.mark.slow
async def test_a_bare_case_has_the_events_and_the_size_of_a_recorded_one() -> None:
    real = json.loads(await asyncio.to_thread(GOLDEN.read_text, "utf-8"))

    bare = json.loads(await _bare_history())

    assert _types(bare) == _types(real)
    assert 0.8 < _bytes(bare) / _bytes(real) < 1.25


async def _bare_history() -> str:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), data_converter=CONVERTER
    ) as env:
        bare = Bare(env.client)
        cases = Worker(
            env.client,
            task_queue=QUEUE,
            workflows=[BareCase, BareRelease],
            workflow_runner=RUNNER,
            activities=[bare.record, bare.scan, bare.begin],
        )
        probes = Worker(env.client, task_queue=PROBE_QUEUE, activities=[bare.probe])
        async with cases, probes:
            start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
                "BareCase",
                Start("one", 1.0, "x" * 60),
                id="bare/one",
                task_queue=QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
            await env.client.execute_update_with_start_workflow(
                "command", bytes_(947, 186), start_workflow_operation=start, result_type=Bytes
            )
            handle = env.client.get_workflow_handle("bare/one")
            await asyncio.sleep(1)  # until it waits for a reviewer
            for size in (413, 481):
                await handle.execute_update("command", bytes_(size, 235), result_type=Bytes)
            await handle.result()
            return (await handle.fetch_history()).to_json()


def _types(history: dict[str, Any]) -> Counter[str]:
    return Counter(event["eventType"] for event in history["events"])


def _bytes(history: dict[str, Any]) -> int:
    return len(json.dumps(history["events"]))
