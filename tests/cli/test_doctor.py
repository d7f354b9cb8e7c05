"""What `gonogo doctor` finds in a broken installation, and what it mends when asked."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from gonogo.cli.doctor import Check, endpoints, examine, mended
from gonogo.cli.doctor.machine import file_system_of, settings_known
from gonogo.db.codec import picture_values
from gonogo.db.session import engine_of, writing
from gonogo.db.tables import CommandRow, OutboxRow, SubmissionPicture
from gonogo.settings import Settings
from gonogo.temporal import CONVERTER
from gonogo.up import temporal_binary
from gonogo.worker import RUNNER, WORKFLOWS
from tests.cli.conftest import Shell
from tests.cli.test_installation import case
from tests.fake_model import FakeModel, Reply

NOW = datetime.now(UTC)


@pytest_asyncio.fixture
async def local() -> AsyncIterator[WorkflowEnvironment]:
    """The real development server, in memory, with the retention of a day it comes with."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), data_converter=CONVERTER
    ) as env:
        yield env


def nowhere(folder: Path, **more: object) -> Settings:
    base = Settings(data=folder, port=9, temporal_address="127.0.0.1:9", model_port=9)
    return base.model_copy(update=more)


def named(checks: list[Check]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.name, []).append(check)
    return found


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("GONOGO_MODLE_URL", "GONOGO_MODEL_URL"),
        ("gonogo_task_queu", "GONOGO_TASK_QUEUE"),
        ("GONOGO_ZZZZZZ", "docs/operating.md"),
    ],
)
def test_a_variable_that_nobody_reads_is_a_typo(variable: str, meant: str) -> None:
    (check,) = settings_known({variable: "1", "GONOGO_API_KEY": "k", "GONOGO_TOKEN": "t"})

    assert check.state == "warn"
    assert variable in check.found
    assert meant in check.remedy


def test_variables_of_settings_and_of_the_command_line_are_known() -> None:
    given = {f"GONOGO_{name.upper()}": "1" for name in Settings.model_fields}

    (check,) = settings_known({**given, "GONOGO_URL": "u", "PATH": "/bin"})

    assert check.state == "ok"


def test_keys_that_others_may_read_are_named_and_closed(gonogo: Shell, tmp_path: Path) -> None:
    gonogo("init")
    key = tmp_path / "data" / "mac.key"
    Settings(data=tmp_path / "data").mac_key()
    key.chmod(0o644)

    told = json.loads(gonogo("doctor", "--json").out)
    (before,) = [c for c in told["checks"] if c["name"] == "keys"]
    fixed = json.loads(gonogo("doctor", "--fix", "--json").out)
    (after,) = [c for c in fixed["checks"] if c["name"] == "keys"]

    assert (before["state"], before["fixable"]) == ("fail", True)
    assert f"chmod 600 {key}" in before["remedy"]
    assert after["state"] == "ok"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_what_waits_too_long_is_counted(gonogo: Shell, tmp_path: Path) -> None:
    gonogo("init")
    settings = nowhere(tmp_path / "data")
    now = datetime.now(UTC)
    with writing(engine_of(settings.database)) as session:
        for number, minutes in ((1, 1), (2, 30), (3, 40)):
            at = now - timedelta(minutes=minutes)
            session.add(
                OutboxRow(store_id="default", position=number, subject="s", type="t", created_at=at)
            )
            session.add(
                CommandRow(
                    store_id="default",
                    id=f"cmd_{number}",
                    kind="submission/submit",
                    subject="s",
                    actor_id="p",
                    body_hash="h",
                    received_at=at,
                    status="done" if number == 3 else "pending",
                )
            )

    found = named(examine(settings))

    assert [c.found for c in found["commands"]] == ["1 wait for more than five minutes"]
    assert found["outbox"][0].state == "warn"
    assert found["outbox"][0].found.startswith("2 ")


def test_the_file_system_is_the_one_of_the_longest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("disk / ext4 rw\nserver:/x /srv nfs4 rw\ndisk /srv/local xfs rw\nbad\n")

    assert file_system_of(Path("/srv/a"), mounts) == "nfs4"
    assert file_system_of(Path("/srv/local/a"), mounts) == "xfs"
    assert file_system_of(Path("/home"), mounts) == "ext4"
    assert file_system_of(Path("/home"), tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("reply", "state", "said"),
    [
        (Reply("yes", model="fake-1"), "ok", "answers in"),
        (Reply("yes", model="other-2"), "warn", "other-2"),
        (Reply(raw='{"choices": []}'), "warn", "does not say"),
        (Reply(raw="[" * 100_000), "warn", "does not say"),
        (Reply("no", status=401), "fail", "refuses the key"),
        (Reply("no", status=404), "fail", "knows no fake-1"),
        (Reply("no", status=500), "warn", "answers 500"),
    ],
)
def test_the_model_is_asked_one_question(
    tmp_path: Path, reply: Reply, state: str, said: str
) -> None:
    with FakeModel(lambda ask: reply) as model:
        (check,) = endpoints.model(nowhere(tmp_path, model_url=model.url, model="fake-1"))

    assert (check.state, said in check.found) == (state, True), check
    assert model.asked[0]["max_tokens"] == 1


async def test_a_server_without_workers_and_with_a_short_memory_is_found_out_and_mended(
    gonogo: Shell, local: WorkflowEnvironment, tmp_path: Path
) -> None:
    await asyncio.to_thread(gonogo, "init")
    address = local.client.service_client.config.target_host
    settings = nowhere(tmp_path / "data", temporal_address=address)
    with writing(engine_of(settings.database)) as session:
        session.add(SubmissionPicture(**picture_values("submission", case())))

    before = await asyncio.to_thread(examine, settings)
    found = named(before)
    after = named(await asyncio.to_thread(mended, before))
    again = named(await asyncio.to_thread(examine, settings))
    await local.client.get_workflow_handle("case/default/gpt_1").terminate()
    terminated = named(await asyncio.to_thread(examine, settings))
    kept = await local.client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace="default")
    )

    assert found["orchestrator"][0].state == "ok"
    assert [c.state for c in found["workers"]] == ["fail", "fail"]
    assert found["workflows"][0].state == "ok"
    assert found["under way"][0].found == "open, but case/default/gpt_1 is missing"
    assert found["namespace"][0].state == "warn"
    assert after["under way"][0].found.endswith("mended: 1 workflows started")
    assert again["under way"][0].state == again["namespace"][0].state == "ok"
    assert terminated["under way"][0].found == "open, but case/default/gpt_1 is terminated"
    assert kept.config.workflow_execution_retention_ttl.seconds == 8_760 * 3_600


async def test_workers_that_poll_are_seen(local: WorkflowEnvironment, tmp_path: Path) -> None:
    settings = nowhere(tmp_path, temporal_address=local.client.service_client.config.target_host)
    worker = Worker(
        local.client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        workflow_runner=RUNNER,
    )

    async with worker:
        for _ in range(50):
            found = named(await asyncio.to_thread(examine, settings))
            if found["workers"][0].state == "ok":
                break
            await asyncio.sleep(0.2)

    assert [c.state for c in found["workers"]] == ["ok", "fail"]
    assert found["clock"][0].state == "ok"


def test_a_namespace_that_is_not_there_is_told_apart_from_a_server_that_is_down(
    tmp_path: Path,
) -> None:
    async def ask() -> list[Check]:
        async with await WorkflowEnvironment.start_local(
            dev_server_existing_path=temporal_binary()
        ) as env:
            address = env.client.service_client.config.target_host
            settings = nowhere(tmp_path, temporal_address=address, temporal_namespace="none")
            return await asyncio.to_thread(examine, settings)

    found = named(asyncio.run(ask()))

    assert found["namespace"][0].state == "fail"
    assert "namespace create -n none" in found["namespace"][0].remedy


def test_a_provider_is_asked_and_its_absence_told(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    open_to_all = settings.model_copy(update={"host": "0.0.0.0"})
    away = settings.model_copy(
        update={"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "gonogo"}
    )

    (here,) = endpoints.provider(settings)
    (closed,) = endpoints.provider(open_to_all)
    (down,) = endpoints.provider(away)

    assert [check.state for check in (here, closed, down)] == ["ok", "warn", "fail"]
    assert "GONOGO_OIDC_ISSUER" in down.remedy
