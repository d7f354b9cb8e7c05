"""Connecting to Temporal: one data converter on every client, worker and replayer."""

import asyncio

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig

from gonogo.settings import Settings

CONVERTER = pydantic_data_converter


# A worker may be started at the same moment as the orchestrator, or a little before.
_PATIENCE_S = 60.0


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client. `lazy`: the API boots and serves reads while Temporal is down; workers cannot."""
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=CONVERTER,
        lazy=lazy,
        retry_config=RetryConfig(max_retries=2),
    )


async def connect_soon(settings: Settings, within_s: float = _PATIENCE_S) -> Client:
    """A client as soon as Temporal answers. Raises what `connect` raised last, after `within_s`."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + within_s, 0.05
    while True:
        try:
            return await connect(settings)
        except RuntimeError:  # what the client raises while nobody listens
            if loop.time() + pause > until:
                raise
        await asyncio.sleep(pause)
        pause = min(1.0, pause * 1.5)
