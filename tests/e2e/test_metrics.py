"""The three metrics endpoints of a running installation, and what a submission leaves in them."""

import re
from pathlib import Path

import httpx
import pytest

from gonogo.ports import free_ports
from tests.e2e.stack import settings_in, stack
from tests.e2e.test_drain import _tested, person, submit, tokens_of
from tests.fake_model import FakeModel, Reply

pytestmark = pytest.mark.slow


async def test_a_submission_is_counted_at_the_api_in_the_worker_and_by_the_sdk(
    tmp_path: Path,
) -> None:
    api, worker, sdk = free_ports(3)
    with FakeModel(lambda ask: Reply("A star.", model="fake-1")) as model:
        settings = settings_in(
            tmp_path,
            model_url=model.url,
            model="fake-1",
            metrics_api_port=api,
            metrics_worker_port=worker,
            metrics_temporal_port=sdk,
        )
        ada, _ = tokens_of(settings)
        async with stack(settings) as running, person(settings, ada) as developer:
            for part in ("temporal", "worker", "api"):
                await running.start(part)
            case = await _tested(developer, await submit(developer, "Measured"))
            async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
                said = {
                    port: (await http.get(f"http://127.0.0.1:{port}/metrics")).text
                    for port in (api, worker, sdk)
                }

    assert case["stage"] == "queued"
    assert _value(said[api], 'gonogo_cases{stage="queued"}') == 1
    kind = 'gonogo_command_seconds_count{kind="submission/submit",outcome="answered"}'
    assert _value(said[api], kind) == 1
    assert _value(said[worker], 'gonogo_model_tokens_total{direction="prompt",model="fake-1"}') > 0
    record = 'gonogo_activity_seconds_count{activity="record",outcome="done",where="local"}'
    assert _value(said[worker], record) > 0
    assert _value(said[worker], "gonogo_workflows_wedged") == 0
    assert re.search(r"^temporal_workflow_task_execution_latency_seconds_count", said[sdk], re.M)


def _value(text: str, sample: str) -> float:
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    assert found, sample
    return float(found.group(1))
