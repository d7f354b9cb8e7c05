"""`backup` and `restore`: the whole installation in a folder, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.exits import REFUSED, UNAVAILABLE, Failure
from gonogo.cli.recordkeeping import database, recovered
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from gonogo.backup.restore import Restored
    from gonogo.settings import Settings


def register(app: typer.Typer) -> None:
    command(app, "backup")(backup)
    command(app, "restore")(restore)


def backup(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="A folder that is empty or not there yet.")],
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-key",
            help="Put mac.key in, too. Whoever has the backup can then forge commands.",
        ),
    ] = False,
    data: Data = None,
) -> None:
    """Write database and objects into FOLDER, as of one moment. Everything may go on meanwhile."""
    from gonogo.backup.dump import back_up
    from gonogo.backup.layout import KEY, BadBackup
    from gonogo.objects import Objects

    settings = session.settings(data)
    if not (settings.data / KEY).exists():
        raise Failure(
            "There is no key",
            f"{settings.data.resolve()} holds no {KEY}",
            "run this where the installation's data folder is: --data FOLDER or GONOGO_DATA",
            exit_code=UNAVAILABLE,
        )
    with database(settings) as engine:
        try:
            made = back_up(
                engine,
                Objects(settings.objects),
                settings.mac_key(),
                folder,
                with_key=with_key,
                tell=session.screen.tell,
            )
        except BadBackup as fault:
            raise Failure("No backup was made", str(fault)) from fault
    rows = sum(table.rows for table in made.tables)
    if not with_key:
        session.screen.tell(
            f"{settings.data / 'mac.key'} is not in it: keep a copy of that file, at another place"
        )
    for digest in made.missing:
        session.screen.tell(f"the record names object {digest}, which is gone", "yellow")
    for digest in made.damaged:
        session.screen.tell(f"object {digest} is damaged and left out", "bold red")
    session.screen.answer(
        {
            "folder": str(folder),
            "schema": made.schema_revision,
            "rows": rows,
            "objects": made.objects,
            "missing": list(made.missing),
            "damaged": list(made.damaged),
            "with_key": with_key,
        },
        f"{rows} rows and {made.objects} objects are in {folder}",
    )
    if made.damaged:
        raise typer.Exit(REFUSED)


def restore(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="What `gonogo backup` made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop what the database holds now.")
    ] = False,
    recover: Annotated[
        bool, typer.Option("--recover", help="Start the workflows of open subjects afterwards.")
    ] = False,
    data: Data = None,
) -> None:
    """Load a backup into the database and objects of these settings, whichever they are.

    Every byte is checked first. Stop the installation before; SQLite and PostgreSQL both take a
    backup of either.
    """
    from gonogo.backup.layout import BadBackup
    from gonogo.backup.restore import NotEmpty
    from gonogo.backup.restore import restore as load
    from gonogo.objects import Objects

    settings = session.settings(data)
    _require_stopped(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    with database(settings, anew=True) as engine:
        try:
            done = load(
                engine,
                Objects(settings.objects),
                settings.data,
                folder,
                replace=replace,
                tell=session.screen.tell,
            )
        except BadBackup as fault:
            raise Failure(
                "This backup cannot be restored", str(fault), "the database is as it was"
            ) from fault
        except NotEmpty as fault:
            raise Failure(
                "The database is not empty",
                str(fault),
                "gonogo backup ELSEWHERE, then gonogo restore --replace",
            ) from fault
    for line in _warnings(done):
        session.screen.tell(line, "yellow")
    answer = {
        "rows": done.rows,
        "objects": done.objects,
        "sealed": done.sealed,
        "same_key": done.same_key,
        "faults": [vars(fault) for fault in done.faults],
        "differences": done.differences,
    }
    told = [f"{done.rows} rows and {done.objects} objects are back"]
    if done.faults:
        session.screen.answer(answer, *told, "the record does not hold: gonogo audit verify")
        raise typer.Exit(REFUSED)
    if recover:
        found = recovered(settings)
        answer["started"] = found.started
        told.append(f"{found.started} workflows started")
    else:
        told.append("start the installation, then gonogo recover: open cases and releases go on")
    session.screen.answer(answer, *told)


def _warnings(done: "Restored") -> list[str]:
    told = []
    if not done.sealed:
        told.append(
            "without the key it was made under, nobody can say that the backup is untouched"
        )
    if not done.same_key:
        told.append(
            f"mac.key is another than then: {done.pending} commands not yet carried out will be "
            "refused as forged (give them again), addresses and webhook secrets of notices cannot "
            "be opened, and earlier canaries cannot be made again. "
            "With the old file in its place before the next start, all of it holds"
        )
    told += [
        f"{subject}: the picture was not what its events say; redrawn"
        for subject in done.differences
    ]
    told += [f"{fault.subject} event {fault.seq}: {fault.what}" for fault in done.faults]
    return told


def _require_stopped(settings: "Settings") -> None:
    """A database must not be exchanged under processes that use it."""
    import httpx

    url = f"http://{settings.host}:{settings.port}"
    try:
        httpx.get(f"{url}/readyz", timeout=3, trust_env=False)
    except httpx.HTTPError:
        return
    raise Failure(
        "The installation is running",
        f"{url} answers",
        "stop it, restore, start it, then gonogo recover",
        exit_code=UNAVAILABLE,
    )
