"""`up` and `login`: where everything runs, and who you are."""

import os
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.exits import STRANGER, UNAVAILABLE, USAGE, Failure
from gonogo.cli.session import Data, Session, command, token_file
from gonogo.cli.words import remedy_of

if TYPE_CHECKING:
    from gonogo.settings import Settings


def register(app: typer.Typer) -> None:
    command(app, "up")(up)
    command(app, "api")(api)
    command(app, "worker")(worker)
    command(app, "login")(login)


def up(
    session: Session,
    pack: Annotated[str | None, typer.Option(help="Policy pack for new cases.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API and its pages.")] = None,
    data: Data = None,
) -> None:
    """Start everything on this machine: orchestrator, local model, worker, API. Ctrl-C stops it."""
    import asyncio

    asyncio.run(_up(session, session.settings(data, pack=pack, port=port)))


def api(session: Session, data: Data = None) -> None:
    """Serve API and pages alone; the settings say where the rest is. SIGTERM drains."""
    from api.serve import main

    main(_with_folder(session.settings(data)))


def worker(session: Session, data: Data = None) -> None:
    """Work on cases and probes alone; the settings say where the rest is. SIGTERM drains."""
    from gonogo.worker import main

    main(_with_folder(session.settings(data)))


def _with_folder(settings: "Settings") -> "Settings":
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings


async def _up(session: Session, settings: "Settings") -> None:
    import asyncio

    from gonogo.supervisor import NotReady, Supervisor
    from gonogo.up import PortTaken, base_url, running

    screen = session.screen
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()
    started: list[Supervisor] = []

    def signalled() -> None:
        if enough.is_set():  # asked twice: now
            for supervisor in started:
                supervisor.kill()
        enough.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled)
    try:
        async with running(settings, screen.tell) as supervisor:
            started.append(supervisor)
            where = {
                "pages": base_url(settings),
                "api": f"{base_url(settings)}/docs",
                "orchestrator": f"http://127.0.0.1:{settings.temporal_ui_port}",
                "logs": str(settings.data.resolve() / "logs"),
                "pack": settings.pack,
            }
            rows = list(where.items())
            screen.answer(where, screen.table(("", "where"), rows))
            if not _has_people(settings):
                screen.tell(f"nobody is here yet: gonogo init --data {settings.data}")
            screen.tell("Ctrl-C stops everything")
            await enough.wait()
            screen.tell("stopping")
    except PortTaken as taken:
        raise Failure(
            "Somebody listens there already", str(taken), exit_code=UNAVAILABLE
        ) from taken
    except NotReady as fault:
        raise Failure("It did not start", str(fault), exit_code=UNAVAILABLE) from fault


def _has_people(settings: "Settings") -> bool:
    from gonogo.db.identity import Identity
    from gonogo.db.session import engine_of

    return Identity(engine_of(settings.database), settings.store).has_people()


def login(
    session: Session,
    forget: Annotated[bool, typer.Option("--forget", help="Forget the token kept here.")] = False,
) -> None:
    """Keep a token for later calls. It is asked for without echo, or read from a pipe."""
    path = token_file()
    if forget:
        path.unlink(missing_ok=True)
        session.screen.answer({"token": None}, "forgotten")
        return
    token = _asked()
    # Asking who we are first: a token that does not hold is not worth keeping.
    from gonogo.cli.client import Api

    me = Api(session.url, token).get("/v1/me")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
    fresh.replace(path)
    session.screen.answer({"me": me, "kept": str(path)}, f"kept in {path}")


def _asked() -> str:
    import sys
    from getpass import getpass

    from gonogo.db.identity import well_formed

    token = (getpass("token: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not token:
        raise Failure("No token was given", exit_code=USAGE)
    if not well_formed(token):
        raise Failure(
            "This is no token",
            "a token is gng_ and 38 letters and digits",
            remedy_of("unauthenticated"),
            exit_code=STRANGER,
        )
    return token
