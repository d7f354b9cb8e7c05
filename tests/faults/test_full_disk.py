"""A disk without room: a clear answer, nothing half written, and all goes on once there is room."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gonogo.objects import Objects, ObjectsUnreachable
from tests.conftest import require

ROOT = Path(__file__).parents[2]
# A mount that only the program sees, gone with it.
SCRIPT = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" -m tests.faults.full_disk "$1"'


def _can_mount(folder: Path) -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    attempt = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    return subprocess.run(attempt, capture_output=True, check=False).returncode == 0


def test_a_full_disk_is_told_and_nothing_is_half_done(tmp_path: Path) -> None:
    require("mount", _can_mount(tmp_path), "a disk of its own needs root and mount namespaces")

    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", SCRIPT, "sh", str(tmp_path), sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])

    assert told["upload, full"] == [507, "/problems/storage-full"]
    assert told["stop, full"] == [507, "/problems/storage-full"]
    assert told["read, full"] == [200, ""]
    assert told["objects, full"] == []
    assert told["stop, after"] == [201, ""]
    # The orchestrator of this test does not exist; the bundle is kept, and so is the command.
    assert told["upload, after"] == [503, "/problems/orchestrator-unavailable"]
    assert told["record"] is True


def test_a_store_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "none")

    with pytest.raises(ObjectsUnreachable) as refused:
        Objects("s3://nowhere/").put(b"a star")

    assert "127.0.0.1" not in str(refused.value)
