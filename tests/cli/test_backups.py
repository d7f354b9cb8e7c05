"""`gonogo backup` and `gonogo restore` as a shell calls them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gonogo.backup.layout import MANIFEST
from gonogo.ports import free_ports
from gonogo.settings import Settings
from tests.cli.conftest import Shell


@pytest.fixture(autouse=True)
def quiet_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port of the API on which nobody listens."""
    (port,) = free_ports(1)
    monkeypatch.setenv("GONOGO_PORT", str(port))
    return port


@pytest.fixture
def installed(gonogo: Shell, tmp_path: Path) -> Shell:
    gonogo("init")
    Settings(data=tmp_path / "data").mac_key()
    return gonogo


@pytest.fixture
def answering(quiet_port: int) -> Iterator[None]:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", quiet_port), Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_a_backup_goes_out_and_comes_back_to_another_place(
    installed: Shell, tmp_path: Path
) -> None:
    made = installed("backup", str(tmp_path / "b"), "--json")
    back = installed("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"), "--json")
    again = installed("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"))
    told = installed("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"), "--replace")

    assert (made.code, back.code, again.code, told.code) == (0, 0, 1, 0)
    assert json.loads(made.out)["rows"] == json.loads(back.out)["rows"] > 2
    assert "mac.key" in made.err
    assert "--replace" in again.err
    assert "gonogo recover" in told.out
    assert (tmp_path / "new" / "gonogo.db").exists()


def test_a_damaged_backup_is_refused_in_a_sentence(installed: Shell, tmp_path: Path) -> None:
    installed("backup", str(tmp_path / "b"))
    (tmp_path / "b" / MANIFEST).write_text("{")

    told = installed("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"))

    assert told.code == 1
    assert "cannot be restored" in told.err
    assert not (tmp_path / "new" / "gonogo.db").exists()


def test_nothing_is_restored_under_a_running_installation(
    installed: Shell, tmp_path: Path, answering: None
) -> None:
    installed("backup", str(tmp_path / "b"))

    told = installed("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"))

    assert told.code == 3
    assert "stop it" in told.err
    assert not (tmp_path / "new").exists()


def test_a_backup_is_made_where_the_key_is(gonogo: Shell, tmp_path: Path) -> None:
    gonogo("init")
    (tmp_path / "data" / "mac.key").unlink(missing_ok=True)

    told = gonogo("backup", str(tmp_path / "b"))

    assert told.code == 3
    assert "no mac.key" in told.err
    assert not (tmp_path / "data" / "mac.key").exists()
    assert not (tmp_path / "b").exists()


def test_recover_says_when_the_orchestrator_does_not_answer(
    installed: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONOGO_TEMPORAL_ADDRESS", "127.0.0.1:9")
    installed("backup", str(tmp_path / "b"))

    told = installed("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"), "--recover")

    assert told.code == 3
    assert "orchestrator" in told.err
    assert (tmp_path / "new" / "gonogo.db").exists()
