"""One call of the command line: its common options, its screen, its connection.

`command` gives every command the options `--json`, `--url` and `--token`, and ends it with a stable
exit code.
"""

import inspect
import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.exits import INTERRUPTED, STRANGER, Failure
from gonogo.cli.screen import Screen

if TYPE_CHECKING:
    from gonogo.cli.client import Api
    from gonogo.settings import Settings

DEFAULT_URL = "http://127.0.0.1:8600"

Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout, nothing else.")]
Url = Annotated[str, typer.Option("--url", envvar="GONOGO_URL", help="Where the API is.")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="GONOGO_TOKEN",
        show_envvar=True,
        show_default=False,
        help="Who you are; default: what `gonogo login` kept. Better by variable than by option.",
    ),
]
Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder of the installation; default: .gonogo")
]


def token_file() -> Path:
    """Where `gonogo login` keeps the token of this person."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "gonogo" / "token"


class Session:
    """What a command works with."""

    def __init__(self, *, json: bool, url: str, token: str | None) -> None:
        self.screen = Screen(json)
        self.url = url.rstrip("/")
        self._token = token

    @property
    def token(self) -> str:
        """The token, or a `Failure` that says how to get one."""
        if self._token:
            return self._token
        try:
            kept = token_file().read_text("utf-8").strip()
        except OSError:
            kept = ""
        if not kept:
            raise Failure(
                "Who are you?",
                "There is no token.",
                "gonogo login, or set GONOGO_TOKEN",
                exit_code=STRANGER,
            )
        return kept

    @cached_property
    def api(self) -> "Api":
        from gonogo.cli.client import Api

        return Api(self.url, self.token)

    def settings(self, data: Path | None = None, **more: Any) -> "Settings":
        """The settings of the installation on this machine, for commands that need no API."""
        from gonogo.settings import Settings

        given = {"data": data, **more}
        chosen: dict[str, Any] = {name: it for name, it in given.items() if it is not None}
        return Settings(**chosen)


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register `run(session, …)` as `name` of `app`."""

    def register(run: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(run).parameters.values())[1:]
        common = [
            _option("json", Json, False),
            _option("url", Url, DEFAULT_URL),
            _option("token", Token, None),
        ]

        def called(**given: Any) -> None:
            session = Session(
                json=given.pop("json"), url=given.pop("url"), token=given.pop("token")
            )
            try:
                run(session, **given)
            except Failure as failure:
                session.screen.failed(failure)
                raise typer.Exit(failure.exit_code) from None
            except KeyboardInterrupt:
                raise typer.Exit(INTERRUPTED) from None
            except BrokenPipeError:
                # The reader (`| head`) has seen enough; do not complain while closing.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + common
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        called.__doc__ = run.__doc__
        app.command(name)(called)
        return run

    return register


def _option(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )
