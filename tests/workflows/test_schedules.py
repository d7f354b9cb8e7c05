"""Schedules are made once, mended by a newer version, and a person's pause of one stays."""

from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from gonogo import schedules
from gonogo.schedules import EVERY, ensure_schedules
from gonogo.settings import Settings
from gonogo.worker import WORKFLOWS


async def test_schedules_are_made_once_and_kept_up_to_date(
    local: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(store="sto_1")
    handle = local.client.get_schedule_handle("reverification/sto_1")

    await ensure_schedules(local.client, settings)
    await handle.pause()
    monkeypatch.setitem(schedules.EVERY, "Reverification", timedelta(hours=3))
    await ensure_schedules(local.client, settings)
    described = (await handle.describe()).schedule

    assert described.state.paused
    assert [one.every for one in described.spec.intervals] == [timedelta(hours=3)]


def test_every_schedule_starts_a_workflow_that_exists() -> None:
    known = {one.__temporal_workflow_definition.name for one in WORKFLOWS}  # type: ignore[attr-defined]  # the SDK's own mark

    assert set(EVERY) <= known
