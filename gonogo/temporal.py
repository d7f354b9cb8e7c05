"""Connecting to Temporal: one data converter on every client, worker and replayer."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig

from gonogo.settings import Settings

CONVERTER = pydantic_data_converter


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client. `lazy`: the API boots and serves reads while Temporal is down; workers cannot."""
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=CONVERTER,
        lazy=lazy,
        retry_config=RetryConfig(max_retries=2),
    )
