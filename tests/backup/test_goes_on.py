"""Database and orchestrator are lost; a backup of the one brings back what the other was doing."""

from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from gonogo.backup.dump import back_up
from gonogo.backup.restore import restore
from gonogo.objects import Objects
from gonogo.recovery import recover
from gonogo.temporal import CONVERTER
from gonogo.up import temporal_binary
from tests.databases import Databases, PostgresDatabases, migrated
from tests.workflows.house import KEY, RUI, House, pack_with


@pytest.mark.slow
async def test_open_cases_go_on_from_a_backup_on_another_database_and_an_empty_orchestrator(
    databases: Databases, postgres: PostgresDatabases, tmp_path: Path
) -> None:
    objects = Objects(tmp_path / "objects")
    (tmp_path / "mac.key").write_bytes(KEY)
    old, new = databases.like(migrated), postgres.empty()
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), data_converter=CONVERTER
    ) as lost:
        before = House(lost.client, old, pack_with())
        async with before.worker(), before.prober():
            waiting, claimed = [await before.queued(gpt=f"gpt_{n}") for n in range(2)]
            await before.give("claim", claimed, RUI)
            back_up(before.engine, objects, KEY, tmp_path / "backup")
    before.engine.dispose()

    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), data_converter=CONVERTER
    ) as empty:
        after = House(empty.client, new, pack_with())
        done = restore(after.engine, objects, tmp_path, tmp_path / "backup", replace=True)
        async with after.worker(), after.prober():
            found = await recover(after.engine, empty.client, "default", after.queue)
            answer = await after.decide("approve", claimed, RUI)
            await after.give("claim", waiting, RUI)

    assert (done.sealed, done.same_key, done.faults) == (True, True, [])
    assert (found.cases, found.started) == (2, 2)
    assert answer["stage"] == "approved"
    assert after.state(waiting).claimant == RUI.id
    after.engine.dispose()
    databases.drop(old)
    postgres.drop(new)
