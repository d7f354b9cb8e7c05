"""Golden histories of every kind of case must replay: cases in flight live for months."""

import ast
import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import _Definition

from gonogo.temporal import CONVERTER
from gonogo.worker import RUNNER, TRUSTING, WORKFLOWS

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.json"))
WORKFLOW_FILES = sorted((Path(__file__).parents[2] / "workflows").glob("*.py"))


def definition_of(workflow: type) -> str:
    """The name under which Temporal knows it; there is no public way to ask."""
    found = _Definition.must_from_class(workflow)
    assert found.name
    return found.name


def test_there_is_a_golden_history_of_every_kind() -> None:
    kinds = {
        WorkflowHistory.from_json("w", path.read_text())
        .events[0]
        .workflow_execution_started_event_attributes.workflow_type.name
        for path in GOLDEN
    }

    every = {definition_of(one) for one in WORKFLOWS}
    assert kinds == every, "python -m tests.golden.record, or tests.golden.by_api"


# What no sandbox catches once a worker trusts these modules (ADR 10).
FORBIDDEN = frozenset({"now", "utcnow", "today", "time", "monotonic", "perf_counter", "uuid4"})


@pytest.mark.parametrize("path", WORKFLOW_FILES, ids=lambda path: path.stem)
def test_workflow_code_asks_only_the_workflow_for_time_and_chance(path: Path) -> None:
    calls = [
        node.func
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]

    foreign = [
        ast.unparse(call)
        for call in calls
        if ast.unparse(call.value) in ("random", "os", "secrets")
        or (call.attr in FORBIDDEN and ast.unparse(call.value) != "workflow")
    ]

    assert foreign == []


@pytest.mark.parametrize("runner", [RUNNER, TRUSTING], ids=["sandboxed", "trusting"])
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
async def test_a_recorded_history_replays_on_todays_code(
    path: Path, runner: SandboxedWorkflowRunner
) -> None:
    text = await asyncio.to_thread(path.read_text, "utf-8")
    history = WorkflowHistory.from_json(f"golden/{path.stem}", text)
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=runner, data_converter=CONVERTER)

    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert result.replay_failure is None, (
        f"{path.stem} does not replay: cases in flight would fail like this. Guard the change with "
        f"workflow.patched(...), keep this history, and record one more for the new way "
        f"(tests/golden/record.py). {result.replay_failure}"
    )
