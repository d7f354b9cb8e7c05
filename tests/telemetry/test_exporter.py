"""`/metrics` of a process: on its own port while it runs, nothing when no port is set."""

import socket
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY

from gonogo.db.session import engine_of, migrate
from gonogo.ports import free_ports
from gonogo.telemetry.exporter import exported
from gonogo.telemetry.standing import Standing


def test_metrics_are_served_while_the_process_runs_and_no_longer(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/gonogo.db")
    migrate(engine)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/metrics"

    with exported("127.0.0.1", port, Standing(engine, "default")):
        said = httpx.get(url, trust_env=False)

    assert said.status_code == 200
    assert "gonogo_database_up 1.0" in said.text
    assert "gonogo_stop_seconds_bucket" in said.text
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
    assert REGISTRY.get_sample_value("gonogo_database_up") is None
    engine.dispose()


def test_a_port_that_is_taken_is_an_error_not_a_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(OSError, match="in use"), exported("127.0.0.1", port):
            pass


def test_without_a_port_nothing_listens() -> None:
    with exported("127.0.0.1", None):
        assert REGISTRY.get_sample_value("gonogo_database_up") is None
