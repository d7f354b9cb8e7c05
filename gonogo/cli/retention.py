"""`retention`: let go what the policy pack keeps no longer. On the machine, on the database."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.recordkeeping import database
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gonogo.objects import Objects
    from policies.pack import Retention


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
            found = _swept(engine, objects, settings.store, rules)
    lines = [f"{name}: {number}" for name, number in found["erased"].items()]
    told = "would be erased" if dry_run else "erased"
    session.screen.answer(found, f"{told}:", *lines)
    if found.get("more"):
        session.screen.tell("more is due: run it again, or leave it to the daily sweep")


def _swept(engine: "Engine", objects: "Objects", store: str, rules: "Retention") -> dict[str, Any]:
    """One sweep and its event, as the daily one has them."""
    from datetime import UTC, datetime

    from gonogo.db.ledger import Ledger
    from gonogo.ids import new_id
    from gonogo.retention import sweep
    from policies.lifecycle.kernel import RULES, SYSTEM_ACTOR, Command
    from policies.lifecycle.purge import MACHINE
    from policies.wire import RecordRequest

    purge, now = new_id("prg"), datetime.now(UTC)
    body, more = sweep(engine, objects, store, purge, rules, now)
    if body is None:
        return {"erased": {}, "more": more}
    command = Command(
        id=f"{purge}:0:sweep",
        kind="sweep",
        store=store,
        subject=purge,
        actor=SYSTEM_ACTOR,
        at=now,
        body=body,
        on_behalf_of="operator",
    )
    Ledger(engine, b"").record(
        RecordRequest(
            kind=MACHINE.kind,
            expected_seq=0,
            command=command,
            facts=MACHINE.decide(None, command, now, {}),
            occurred_at=now,
            pack="",
            rules=RULES,
        )
    )
    return {**body, "more": more, "purge": purge}
