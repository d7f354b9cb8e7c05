"""`gonogo`: the command line as a shell calls it, in a home of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gonogo.cli.app import app


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Shell = Callable[..., Ran]


@pytest.fixture
def gonogo(tmp_path: Path) -> Shell:
    """Run one command; `token`, `url` and `stdin` are what a shell would give."""

    def run(*words: str, token: str = "", url: str = "", stdin: str = "") -> Ran:
        env = {
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "GONOGO_TOKEN": token or None,
            "GONOGO_URL": url or None,
            "GONOGO_DATA": str(tmp_path / "data"),
        }
        result = CliRunner(env=env).invoke(app, words, input=stdin, catch_exceptions=False)
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run
