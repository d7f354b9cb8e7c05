"""`/metrics` on a port of its own: what proxies publish stays apart from what operators read.

A listener beside the API needs no token, is reached by whoever the network lets in (loopback by
default), and answers while the API is busy or draining.
"""

import contextlib
from collections.abc import Iterator

from prometheus_client import REGISTRY, start_http_server
from prometheus_client.registry import Collector

from gonogo.logs import log


@contextlib.contextmanager
def exported(host: str, port: int | None, *more: Collector) -> Iterator[None]:
    """Serve this process's metrics, and those of `more`, while the context is open.

    `port` None: nothing is served. Raises `OSError` when the port is taken.
    """
    if port is None:
        yield
        return
    server, thread = start_http_server(port, addr=host)
    for collector in more:
        REGISTRY.register(collector)
    log.info("metrics_ready", port=server.server_port)
    try:
        yield
    finally:
        for collector in more:
            REGISTRY.unregister(collector)
        server.shutdown()
        server.server_close()
        thread.join()


def count_temporal(host: str, port: int | None) -> None:
    """Have Temporal's SDK serve its own metrics. Before the first client of this process."""
    if port is None:
        return
    from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

    config = PrometheusConfig(
        bind_address=f"{host}:{port}",
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
    )
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(metrics=config)))
