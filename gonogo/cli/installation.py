"""`init` and `doctor`: the installation on this machine, without the API."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.exits import REFUSED, Failure
from gonogo.cli.screen import text
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from gonogo.settings import Settings

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def register(app: typer.Typer) -> None:
    command(app, "init")(init)
    command(app, "doctor")(doctor)
    command(app, "payload-key")(payload_key)


def init(
    session: Session,
    name: Annotated[str, typer.Option(help="Name of the first administrator.")] = "Administrator",
    data: Data = None,
) -> None:
    """Create the store and its first administrator; the token is shown this once."""
    from gonogo.db.identity import Identity
    from gonogo.db.session import engine_of, migrate

    settings = session.settings(data)
    settings.data.mkdir(parents=True, exist_ok=True)
    engine = engine_of(settings.database)
    migrate(engine)
    identity = Identity(engine, settings.store)
    identity.ensure_store(settings.store)
    there = _administrators(settings)
    if there:
        raise Failure(
            "The store has an administrator already",
            ", ".join(there),
            f"gonogo people token {there[0]} makes another token",
        )
    person = identity.add_person(name, ("administrator",))
    token = identity.issue_token(person, "first")
    session.screen.tell("This token is shown once. Keep it: gonogo login")
    session.screen.answer({"store": settings.store, "person": person, "token": token}, text(token))


def _administrators(settings: "Settings") -> list[str]:
    from sqlmodel import select

    from gonogo.db.people import PersonRow
    from gonogo.db.session import engine_of, reading

    with reading(engine_of(settings.database)) as db:
        people = db.exec(select(PersonRow).where(PersonRow.store_id == settings.store)).all()
    return [p.id for p in people if p.left_at is None and "administrator" in p.roles]


def doctor(
    session: Session,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Mend what is safe to mend: who may read keys, retention, lost workflows.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Look at every part and say what is wrong with it, and what to do. 0 when nothing failed."""
    from gonogo.cli.doctor import examine, mended

    checks = examine(session.settings(data))
    if fix:
        checks = mended(checks)
    rows = [(text(c.state, _STYLES[c.state]), c.name, c.found, c.remedy) for c in checks]
    session.screen.answer(
        {
            "checks": [c.as_value() for c in checks],
            "ok": all(c.state != "fail" for c in checks),
        },
        session.screen.table(("", "part", "found", "what to do"), rows),
    )
    if any(c.mend is not None and c.state != "ok" for c in checks) and not fix:
        session.screen.tell("gonogo doctor --fix mends some of it")
    if any(c.state == "fail" for c in checks):
        raise typer.Exit(REFUSED)


def payload_key(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Keys file; made if absent, readable by you only.")],
    name: Annotated[
        str | None, typer.Option("--id", help="Id of the new key; default: today's date.")
    ] = None,
) -> None:
    """Put a new key on top of the file that seals what Temporal keeps; it encrypts from now on."""
    from datetime import UTC, datetime

    from gonogo.payloads import PayloadKeyFault, add_key, read_keys

    chosen = name or f"{datetime.now(UTC):%Y-%m-%d}"
    try:
        add_key(file, chosen)
        held = [key for key, _ in read_keys(file)]
    except (PayloadKeyFault, OSError) as fault:
        raise Failure("There is no new key", str(fault), "--id NAME chooses another id") from fault
    session.screen.answer(
        {"file": str(file), "encrypts": chosen, "decrypt": held},
        f"{chosen} encrypts; {len(held)} in {file}. Copy it everywhere, then restart everything",
    )
