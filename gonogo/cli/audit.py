"""`audit`: verify the record, sign it, prove what it holds, without the API."""

from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.exits import REFUSED, UNAVAILABLE, USAGE, Failure
from gonogo.cli.recordkeeping import database
from gonogo.cli.screen import text
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gonogo.audit.notes import VerifierKey
    from gonogo.audit.report import Report

_SHOWN = 50  # faults in the table; --json has a thousand

audit = typer.Typer(no_args_is_help=True, help="Verify the record, sign it, prove what it holds.")
Key = Annotated[
    list[str] | None,
    typer.Option("--key", help="A public key noted earlier (`gonogo audit key`); repeatable."),
]


def register(app: typer.Typer) -> None:
    app.add_typer(audit, name="audit")
    command(audit, "verify")(verify)
    command(audit, "checkpoint")(checkpoint)
    command(audit, "key")(key)


def verify(
    session: Session,
    objects: Annotated[
        bool, typer.Option("--objects/--no-objects", help="Read bundles and evidence, too.")
    ] = True,
    keys: Key = None,
    data: Data = None,
) -> None:
    """Check every event, what lies beside it, and the checkpoints outside; name what differs."""
    from gonogo.audit.installation import verify_here

    trusted = trusted_keys(keys)
    settings = session.settings(data)
    with database(settings) as engine:
        report = verify_here(settings, engine, trusted=trusted, with_objects=objects)
    session.screen.answer(report.as_value(), *shown(session, report))
    if not report.ok:
        raise typer.Exit(REFUSED)


def checkpoint(session: Session, data: Data = None) -> None:
    """Sign what the record holds now, and bring the copy up to date. The worker does it, too."""
    from gonogo.audit.installation import keeper_of
    from gonogo.audit.keeper import Inconsistent
    from gonogo.audit.log import Busy

    settings = session.settings(data)
    with database(settings) as engine:
        keeper = keeper_of(settings, engine)
        try:
            made = keeper.checkpoint()
            pushed = keeper.push()
        except Busy as fault:
            raise Failure("Not now", str(fault), "repeat it", exit_code=UNAVAILABLE) from fault
        except Inconsistent as fault:
            raise Failure("Nothing was signed", str(fault), "gonogo audit verify") from fault
    names = keeper.log.names()
    value = {"size": int(names[-1]) if names else 0, "new": made is not None, "pushed": pushed}
    line = f"{value['size']} events are signed" + ("" if made else ", nothing was new")
    session.screen.answer(value, line)


def key(
    session: Session,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a fresh key and sign with it.")
    ] = False,
    data: Data = None,
) -> None:
    """Print the public key of the checkpoints. Whoever audits notes it in a place of their own."""
    from gonogo.audit.installation import keeper_of
    from gonogo.audit.keeper import Inconsistent
    from gonogo.audit.keys import BadKey
    from gonogo.audit.log import Busy

    settings = session.settings(data)
    with database(settings) as engine:
        keeper = keeper_of(settings, engine)
        try:
            found = keeper.rotate() if rotate else keeper.key()
        except Busy as fault:
            raise Failure("Not now", str(fault), "repeat it", exit_code=UNAVAILABLE) from fault
        except (Inconsistent, BadKey) as fault:
            raise Failure("The key stays as it is", str(fault), "gonogo audit verify") from fault
        earlier = [str(known) for known in keeper.log.known_keys() if known != found]
    session.screen.answer({"key": str(found), "earlier": earlier}, text(found))


def trusted_keys(given: list[str] | None) -> "list[VerifierKey]":
    """The keys of `--key`, or a `Failure` that says what is wrong with one."""
    from gonogo.audit.notes import BadNote, VerifierKey

    try:
        return [VerifierKey.parse(one) for one in given or ()]
    except BadNote as fault:
        raise Failure("This is no key", str(fault), "gonogo audit key", exit_code=USAGE) from fault


def shown(session: Session, report: "Report") -> "list[RenderableType]":
    """A report for people: what was looked at, then every fault by its row."""
    looked = (
        f"{report.events} events of {report.subjects} subjects, {report.commands} commands, "
        f"{report.objects} objects; {report.checkpoints} checkpoints cover {report.covered} events"
    )
    lines: list[RenderableType] = [text(looked)]
    if report.erased:
        lines.append(text(f"{report.erased} texts or transcripts were erased; their digests stay"))
    lines += [text(f"! {warning}", "yellow") for warning in report.warnings]
    if report.ok:
        return [*lines, text("the record holds", "green")]
    rows = [(f.subject, f.seq or "", f.position or "", f.code, f.what) for f in report.faults]
    table = session.screen.table(("subject", "event", "position", "code", "what"), rows[:_SHOWN])
    more = report.found - min(len(rows), _SHOWN)
    lines += [table, text(f"{report.found} faults", "bold red")]
    return [*lines, text(f"{more} more: --json")] if more else lines
