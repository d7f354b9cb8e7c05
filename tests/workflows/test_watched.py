"""What a worker says about its work: ids on every line, attempts counted; silent on replay."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from gonogo.logs import configure_logs, log
from gonogo.telemetry.interceptors import Watched
from gonogo.temporal import CONVERTER
from gonogo.worker import RUNNER, WORKFLOWS
from policies.wire import RecordAnswer, RecordRequest
from tests.workflows.house import House, pack_with

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs("INFO", (), "worker")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.basicConfig(handlers=[], force=True)
    structlog.reset_defaults()


class Talking(House):
    """A house whose record says a line of its own, and fails at its first attempt."""

    failures = 1

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        inner = self.ledger.record

        def record(request: RecordRequest) -> RecordAnswer:
            log.info("recording")
            if self.failures:
                self.failures -= 1
                raise OSError("the disk hiccups")
            return inner(request)

        self.ledger.record = record  # type: ignore[method-assign]  # the fault of this test


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_lines_of_an_activity_bear_its_ids_and_attempts_are_counted(
    skipping: WorkflowEnvironment, lines: Lines, database_url: str
) -> None:
    house = Talking(skipping.client, database_url, pack_with())
    retries = "gonogo_activity_retries_total"
    before = counted(retries, activity="record", where="local")

    async with house.worker(interceptors=[Watched()]), house.prober():
        subject = await house.queued()
        history = await skipping.client.get_workflow_handle("case/default/gpt_a").fetch_history()

    first, second = [line for line in lines() if line["event"] == "recording"][:2]
    for line in (first, second):
        assert line["workflow_id"] == "case/default/gpt_a"
        assert line["activity"] == "record"
        assert line["subject"] == subject
        assert line["command_id"].startswith("cmd_")
        assert line["run_id"]
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert counted(retries, activity="record", where="local") == before + 1
    done = "gonogo_activity_seconds_count"
    assert counted(done, activity="record", where="local", outcome="done") >= 1

    said = len(lines())
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=RUNNER,
        data_converter=CONVERTER,
        interceptors=[Watched()],
    )
    await replayer.replay_workflow(history)
    assert len(lines()) == said
    house.engine.dispose()
