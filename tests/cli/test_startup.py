"""The command line starts fast, because it imports nothing heavy before a command needs it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import typer

from gonogo.cli import exits, session
from gonogo.cli.app import app
from gonogo.ports import free_ports
from tests.cli.conftest import Shell


def commands(of: typer.Typer, before: str = "") -> list[str]:
    """Every command as it is typed, without `gonogo`."""
    own = [f"{before}{one.name}" for one in of.registered_commands]
    below = [
        commands(one.typer_instance, f"{before}{one.name} ")
        for one in of.registered_groups
        if one.typer_instance
    ]
    return own + [path for paths in below for path in paths]


_HEAVY = ("temporalio", "sqlalchemy", "sqlmodel", "fastapi", "pydantic", "httpx", "rich", "asyncio")


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    program = f"import sys, gonogo.cli.app; print(sorted(set(sys.modules) & set({_HEAVY!r})))"

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert told.strip() == "[]"


def test_help_lists_every_command(gonogo: Shell) -> None:
    told = gonogo("--help")

    for name in (
        "up",
        "submit",
        "status",
        "review",
        "release",
        "stop",
        "audit",
        "backup",
        "restore",
        "rebuild",
        "recover",
        "doctor",
        "people",
        "publishers",
        "init",
        "login",
    ):
        assert f"  {name} " in told.out


def test_the_documentation_names_every_command_and_exit_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    codes = [value for name, value in vars(exits).items() if name.isupper()]

    missing = [path for path in commands(app) if f"gonogo {path}" not in text]

    assert missing == []
    assert all(f"| {code} |" in text for code in codes)


@pytest.mark.parametrize("words", [("submit",), ("release", "schedule", "rel_1"), ("nonsense",)])
def test_a_command_line_that_makes_no_sense_ends_with_two(
    gonogo: Shell, words: tuple[str, ...]
) -> None:
    told = gonogo(*words, token="gng_x")

    assert told.code == 2
    assert told.out == ""


@pytest.mark.slow
def test_the_api_runs_alone_from_an_empty_folder_until_it_is_told_to_stop(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "gonogo", "api", "--data", str(tmp_path / "new")],
        env={**os.environ, "GONOGO_PORT": str(port), "GONOGO_TEMPORAL_ADDRESS": "127.0.0.1:9"},
        stderr=subprocess.PIPE,
        text=True,
    )
    status = ""
    for _ in range(60):
        with contextlib.suppress(httpx.HTTPError):
            status = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).json()["status"]
            break
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)

    assert status == "degraded"  # the database answers, the orchestrator does not
    assert process.returncode in (0, -signal.SIGTERM)
    assert '"event": "api_stopped"' in told


def test_without_a_token_it_asks_who_you_are(gonogo: Shell) -> None:
    told = gonogo("status")

    assert told.code == 4
    assert "gonogo login" in told.err


def test_a_token_never_travels_in_the_clear_to_another_machine(gonogo: Shell) -> None:
    told = gonogo("status", token="gng_x", url="http://store.example")

    assert told.code == 2
    assert "https" in told.err


def test_an_api_that_is_not_there_is_unavailable(gonogo: Shell) -> None:
    told = gonogo("status", token="gng_x", url="http://127.0.0.1:9")

    assert told.code == 3
    assert "gonogo up" in told.err


def test_the_default_address_is_the_one_that_up_serves() -> None:
    from gonogo.settings import Settings
    from gonogo.up import base_url

    assert base_url(Settings(port=8600)) == session.DEFAULT_URL
