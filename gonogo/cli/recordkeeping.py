"""`rebuild`, `recover`: what can be done from the record, without the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from gonogo.cli.exits import UNAVAILABLE, Failure
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gonogo.recovery import Recovered
    from gonogo.settings import Settings


def register(app: typer.Typer) -> None:
    command(app, "rebuild")(rebuild)
    command(app, "recover")(recover)


def rebuild(session: Session, data: Data = None) -> None:
    """Redraw every picture from the events, and say which were different."""
    from gonogo.recovery import rebuild as redraw

    settings = session.settings(data)
    with database(settings) as engine:
        rebuilt = redraw(engine, settings.store)
    session.screen.answer(
        {"subjects": rebuilt.subjects, "differences": rebuilt.differences},
        f"{rebuilt.subjects} subjects redrawn, {len(rebuilt.differences)} were different",
        *rebuilt.differences,
    )


def recover(session: Session, data: Data = None) -> None:
    """Start the workflow of every open subject that has none, from its events."""
    found = recovered(session.settings(data))
    session.screen.answer(
        vars(found),
        f"{found.cases} cases and {found.releases} releases are open; {found.started} started",
    )


def recovered(settings: "Settings") -> "Recovered":
    """Start what must be under way. Raises `Failure` when nobody answers."""
    import asyncio

    with database(settings) as engine:
        return asyncio.run(_recover(settings, engine))


async def _recover(settings: "Settings", engine: "Engine") -> "Recovered":
    from temporalio.service import RPCError

    from gonogo.recovery import recover as restart
    from gonogo.temporal import connect

    try:
        client = await connect(settings)
        return await restart(engine, client, settings.store, settings.task_queue)
    except (RPCError, RuntimeError) as fault:
        raise Failure(
            "The orchestrator does not answer",
            settings.temporal_address,
            "gonogo doctor",
            exit_code=UNAVAILABLE,
        ) from fault


@contextmanager
def database(settings: "Settings", *, anew: bool = False) -> "Iterator[Engine]":
    """The engine of an installation that is there; a missing one is not created by looking.

    `anew`: it may be missing, because it is about to be made.
    """
    from sqlalchemy.exc import DatabaseError

    from gonogo.db.session import engine_of

    if not anew and settings.database_url is None and not (settings.data / "gonogo.db").exists():
        raise Failure(
            "There is no database",
            str(settings.data.resolve()),
            "--data FOLDER or GONOGO_DATA; gonogo init makes one",
            exit_code=UNAVAILABLE,
        )
    engine = engine_of(settings.database)
    try:
        yield engine
    except DatabaseError as fault:
        raise Failure(
            "The database does not answer", str(fault.orig), "gonogo doctor", exit_code=UNAVAILABLE
        ) from fault
    finally:
        engine.dispose()
