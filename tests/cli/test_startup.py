"""The command line starts fast, because it imports nothing heavy before a command needs it."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from gonogo.cli import exits, session
from gonogo.cli.app import app
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
