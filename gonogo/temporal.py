"""Connecting to Temporal: one data converter on every client, worker and replayer.

Where to: `GONOGO_TEMPORAL_ADDRESS` and `_NAMESPACE`, if set, else the profile that
`GONOGO_TEMPORAL_PROFILE` names (Temporal's own `TEMPORAL_*` variables and `temporal.toml`), else
the defaults. TLS, certificates and API key come from the profile alone; without one neither its
variables nor its file is read, so that a cluster somebody configured for other work is never met
by accident.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from temporalio.client import Client, Interceptor
from temporalio.common import Priority
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)
from temporalio.service import RetryConfig

from gonogo.settings import Settings

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConnectConfig

# Every workflow makes a converter of its own, which would build the validators of all types anew:
# a tenth of what a worker did. So they share one, which remembers the thousand types used last.
_JSON = PydanticJSONPlainPayloadConverter()


class _Shared(CompositePayloadConverter):
    """Pydantic's payload converter, with the part that remembers types in common."""

    def __init__(self) -> None:
        super().__init__(
            *(
                _JSON if isinstance(one, JSONPlainPayloadConverter) else one
                for one in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


CONVERTER = DataConverter(payload_converter_class=_Shared)
# A launch keeps a time that was announced, while thousands of its releases follow at leisure.
_FIRST = {"Launch": Priority(priority_key=1)}
# A worker may be started at the same moment as the orchestrator, or a little before.
_PATIENCE_S = 60.0


class TemporalConfigFault(ValueError):
    """The profile, or a file it names, cannot be used. The message shows no secret."""


def priority_of(workflow: str) -> Priority:
    """How soon the tasks of a kind of workflow are taken; its activities inherit it."""
    return _FIRST.get(workflow, Priority.default)


def converter(settings: Settings) -> DataConverter:
    """`CONVERTER`, sealed if there are keys. Raises `PayloadKeyFault`."""
    if settings.payload_keys_file is None:
        return CONVERTER
    from gonogo.payloads import Sealed, read_keys

    return replace(
        CONVERTER,
        payload_codec=Sealed(read_keys(settings.payload_keys_file)),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def target(
    settings: Settings, environment: Mapping[str, str] | None = None
) -> "ClientConnectConfig":
    """Where and how to connect. Raises `TemporalConfigFault`."""
    found: ClientConnectConfig = {}
    if settings.temporal_profile:
        found = _profile(settings.temporal_profile, environment)
    chosen = settings.model_fields_set
    if "temporal_address" in chosen or "target_host" not in found:
        found["target_host"] = settings.temporal_address
    if "temporal_namespace" in chosen or "namespace" not in found:
        found["namespace"] = settings.temporal_namespace
    return found


def _profile(name: str, environment: Mapping[str, str] | None) -> "ClientConnectConfig":
    from temporalio.envconfig import ClientConfigProfile

    try:
        loaded = ClientConfigProfile.load(
            # Named, a profile must be in the file; the default one may come of variables alone.
            None if name == "default" else name,
            config_file_strict=True,
            override_env_vars=environment,
        )
        return loaded.to_client_connect_config()
    except OSError as fault:
        where = f": {fault.filename}" if fault.filename else ""
        raise TemporalConfigFault(f"cannot read a file of {name}{where}") from fault
    except RuntimeError as fault:
        raise TemporalConfigFault(f"Temporal's profile {name} cannot be used: {fault}") from fault


async def connect(
    settings: Settings, *, lazy: bool = False, interceptors: Sequence[Interceptor] = ()
) -> Client:
    """A client. `lazy`: the API boots and serves reads while Temporal is down; workers cannot.

    Raises `TemporalConfigFault`, `PayloadKeyFault`, and what Temporal's client raises.
    """
    return await Client.connect(
        **target(settings),
        data_converter=converter(settings),
        lazy=lazy,
        interceptors=interceptors,
        retry_config=RetryConfig(max_retries=2),
    )


async def connect_soon(
    settings: Settings,
    within_s: float = _PATIENCE_S,
    *,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """A client as soon as Temporal answers. Raises what `connect` raised last, after `within_s`."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + within_s, 0.05
    while True:
        try:
            return await connect(settings, interceptors=interceptors)
        except RuntimeError:  # what the client raises while nobody listens
            if loop.time() + pause > until:
                raise
        await asyncio.sleep(pause)
        pause = min(1.0, pause * 1.5)
