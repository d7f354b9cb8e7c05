"""`retention`: let go what the policy pack keeps no longer. On the machine, on the database."""

from typing import Annotated

import typer

from gonogo.cli.exits import Failure
from gonogo.cli.recordkeeping import database
from gonogo.cli.session import Data, Session, command


def register(app: typer.Typer) -> None:
    command(app, "retention")(retention)


def retention(
    session: Session,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is due, and change nothing.")
    ] = False,
    data: Data = None,
) -> None:
    """Let go what the policy pack keeps no longer, one sweep; it also happens every day."""
    from datetime import UTC, datetime

    from gonogo.hand_sweep import Busy, sweep_by_hand
    from gonogo.objects import Objects
    from gonogo.packs import load_pack
    from gonogo.retention import due

    settings = session.settings(data)
    rules = load_pack(settings.pack, settings.packs).retention
    with database(settings) as engine:
        objects = Objects(settings.objects)
        if dry_run:
            found = due(engine, objects, settings.store, rules, datetime.now(UTC)).counts()
        else:
            try:
                found = sweep_by_hand(engine, objects, settings.store, rules, settings.data)
            except Busy as busy:
                raise Failure("Not swept", str(busy)) from busy
    lines = [f"{name}: {number}" for name, number in found["erased"].items()]
    told = "would be erased" if dry_run else "erased"
    session.screen.answer(found, f"{told}:", *lines)
    if found.get("more"):
        session.screen.tell("more is due: run it again, or leave it to the daily sweep")
