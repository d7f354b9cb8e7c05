"""`audit`: verify the record, sign it, prove what it holds, without the API."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.exits import REFUSED, UNAVAILABLE, USAGE, Failure
from gonogo.cli.files import written
from gonogo.cli.recordkeeping import database
from gonogo.cli.screen import text
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gonogo.audit.notes import VerifierKey
    from gonogo.audit.report import Report
    from gonogo.settings import Settings

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
    command(audit, "export")(export)
    command(audit, "prove")(prove)
    command(audit, "new-log")(new_log)


def verify(
    session: Session,
    objects: Annotated[
        bool, typer.Option("--objects/--no-objects", help="Read bundles and evidence, too.")
    ] = True,
    offline: Annotated[
        Path | None,
        typer.Option("--offline", help="Verify this export instead; no database is needed."),
    ] = None,
    proof: Annotated[
        Path | None, typer.Option("--proof", help="Verify this proof of one event instead.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Show the result on pages and in the doctor.")
    ] = True,
    keys: Key = None,
    data: Data = None,
) -> None:
    """Check every event, what lies beside it, and the checkpoints outside; name what differs."""
    from gonogo.audit.installation import verify_here

    trusted = trusted_keys(keys)
    if offline is not None and proof is not None:
        raise Failure("One at a time", "--offline or --proof", exit_code=USAGE)
    if offline is not None:
        _verify_export(session, offline, trusted)
        return
    settings = session.settings(data)
    if proof is not None:
        _verify_proof(session, proof, trusted, settings)
        return
    with database(settings) as engine:
        report = verify_here(settings, engine, trusted=trusted, with_objects=objects, keep=keep)
    session.screen.answer(report.as_value(), *shown(session, report))
    if not report.ok:
        raise typer.Exit(REFUSED)


def _verify_export(session: Session, file: Path, trusted: "list[VerifierKey]") -> None:
    from gonogo.audit.offline import LINE_MOST, NoExport, verify_export

    try:
        with file.open("rb") as source:
            report = verify_export(iter(lambda: source.readline(LINE_MOST + 1), b""), trusted)
    except OSError as fault:
        raise Failure("This file cannot be read", str(fault), exit_code=USAGE) from fault
    except NoExport as fault:
        raise Failure("This is no export", str(fault), "gonogo audit export FILE") from fault
    session.screen.answer(report.as_value(), *shown(session, report))
    if not report.ok:
        raise typer.Exit(REFUSED)


def _verify_proof(
    session: Session, file: Path, trusted: "list[VerifierKey]", settings: "Settings"
) -> None:
    import json

    from gonogo.audit.installation import log_of
    from gonogo.audit.offline import LINE_MOST, NoExport, verify_proof

    keys = trusted or log_of(settings).known_keys()
    if not keys:
        raise Failure("Signed by whom?", "there is no key here", "--key KEY", exit_code=USAGE)
    try:
        with file.open("rb") as source:
            value = json.loads(source.read(LINE_MOST))
        event, point = verify_proof(value, keys)
    except OSError as fault:
        raise Failure("This file cannot be read", str(fault), exit_code=USAGE) from fault
    except (NoExport, ValueError, RecursionError) as fault:
        what = str(fault) if isinstance(fault, NoExport) else "it is not JSON"
        raise Failure("The proof does not hold", what) from fault
    session.screen.answer(
        {
            "ok": True,
            "subject": event.subject,
            "seq": event.seq,
            "type": event.type,
            "position": event.position,
            "actor": event.actor_id,
            "occurred_at": event.occurred_at.isoformat(),
            "checkpoint": point.size,
            "origin": point.origin,
        },
        text("the proof holds", "green"),
        text(f"{event.type} of {event.subject}, number {event.seq}, by {event.actor_id}"),
        text(f"event {event.position} of {point.size} in {point.origin}"),
    )


def export(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Where to write it; - for stdout.")],
    data: Data = None,
) -> None:
    """Write the record for somebody without the database: events, checkpoints, proofs; no texts."""
    import json
    import sys

    from gonogo.audit.export import exported
    from gonogo.audit.installation import keeper_of
    from gonogo.audit.keeper import Inconsistent
    from gonogo.audit.log import Busy

    settings = session.settings(data)
    with database(settings) as engine:
        keeper = keeper_of(settings, engine)
        try:
            keeper.checkpoint()
        except (Inconsistent, Busy) as fault:
            session.screen.tell(f"! up to the last checkpoint only: {fault}", "yellow")
        lines = (json.dumps(line, ensure_ascii=False) for line in exported(engine, keeper.log))
        count = 0
        if str(file) == "-":
            for line in lines:
                sys.stdout.write(line + "\n")
            return
        try:
            with file.open("x", encoding="utf-8") as target:
                for line in lines:
                    target.write(line + "\n")
                    count += 1
        except FileExistsError as fault:
            raise Failure("The file is there already", str(file), exit_code=USAGE) from fault
        except OSError as fault:
            raise Failure("The file cannot be written", str(fault), exit_code=USAGE) from fault
        key = str(keeper.key())
    session.screen.answer(
        {"file": str(file), "lines": count, "key": key},
        text(f"{count} lines in {file}"),
        text(f"gonogo audit verify --offline {file} --key {key}"),
    )


def prove(
    session: Session,
    event: Annotated[
        str,
        typer.Argument(help="A position, SUBJECT/NUMBER, or a subject: its newest decision."),
    ],
    out: Annotated[Path | None, typer.Option(help="Write it there instead of to stdout.")] = None,
    data: Data = None,
) -> None:
    """Prove that one event is in the record which the newest checkpoint stands for."""
    import json
    import sys

    from gonogo.audit.installation import log_of
    from gonogo.audit.prove import Unprovable
    from gonogo.audit.prove import prove as proof_of

    settings = session.settings(data)
    with database(settings) as engine:
        try:
            value = proof_of(engine, log_of(settings), event)
        except Unprovable as fault:
            raise Failure("Nothing to prove", str(fault)) from fault
    whole = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    if out is None:
        sys.stdout.write(whole)
        return
    written(out, whole)
    session.screen.answer({"file": str(out)}, text(f"gonogo audit verify --proof {out} --key KEY"))


def new_log(
    session: Session,
    sure: Annotated[
        bool, typer.Option("--yes", help="The record is what it should be; end the old log.")
    ] = False,
    data: Data = None,
) -> None:
    """Begin another log, after an older backup was restored on purpose. The old one is kept."""
    from gonogo.audit.installation import log_of
    from gonogo.audit.log import Busy

    log = log_of(session.settings(data))
    if not sure:
        raise Failure(
            "Nothing was changed",
            "what the old log signed and the record lost will not be noticed any more",
            "gonogo audit verify, then --yes",
            exit_code=USAGE,
        )
    try:
        ended = log.end()
    except (Busy, FileNotFoundError) as fault:
        raise Failure("There is no log to end now", str(fault)) from fault
    session.screen.answer({"ended": str(ended)}, text(f"the old log is kept in {ended}"))


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
