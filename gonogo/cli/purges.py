"""`purge` and `hold`: erase by two people's words, after a dry run; legal holds that forbid it."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gonogo.cli.exits import Failure
from gonogo.cli.screen import when
from gonogo.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="Erase texts, bundles, transcripts; two people.")
holds = typer.Typer(no_args_is_help=True, help="Legal holds: what must not be erased.")

Scope = Annotated[str, typer.Argument(help="submission, gpt, publisher or person")]
Target = Annotated[str, typer.Argument(help="Its id.")]
Purge = Annotated[str, typer.Argument(metavar="PURGE")]
Reason = Annotated[str, typer.Option("--reason", help="A code, or a sentence.")]


@command(app, "plan")
def plan(session: Session, scope: Scope, target: Target) -> None:
    """A dry run: what would be erased, what stays, what is in the way. Changes nothing."""
    found = session.api.get("/v1/purges/plan", scope=scope, target=target)
    session.screen.answer(found, *_plan(found))


@command(app, "ask")
def ask(
    session: Session,
    scope: Scope,
    target: Target,
    reason: Reason,
    note: Annotated[str | None, typer.Option(help="Who wants it, on what ground.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the dry run.")] = False,
) -> None:
    """Show the dry run and ask for it. Nothing is erased before another person confirms."""
    found = session.api.get("/v1/purges/plan", scope=scope, target=target)
    for line in _plan(found):
        session.screen.tell(line)
    if not yes and not typer.confirm("Ask for this?", err=True):
        raise Failure("Nothing was asked", target)
    body = {"scope": scope, "target": target, "reason": reason, "note": note}
    answer = session.api.command("/v1/purges", body)
    session.screen.answer(answer, answer["subject"])
    session.screen.tell(f"somebody else confirms it: gonogo purge confirm {answer['subject']}")


@command(app, "confirm")
def confirm(
    session: Session,
    purge: Purge,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the dry run.")] = False,
) -> None:
    """The second person's word, after a fresh dry run. It cannot be undone."""
    view = session.api.get(f"/v1/purges/{purge}")
    found = session.api.get("/v1/purges/plan", scope=view["scope"], target=view["target"])
    for line in (f"{view['scope']} {view['target']}, asked by {view['asked_by']}", *_plan(found)):
        session.screen.tell(line)
    if not yes and not typer.confirm("Erase it for good?", err=True):
        raise Failure("Nothing was erased", purge)
    session.screen.answer(session.api.command(f"/v1/purges/{purge}/confirm"), "being erased")


@command(app, "decline")
def decline(session: Session, purge: Purge, reason: Reason) -> None:
    """Say no, or withdraw your own request."""
    answer = session.api.command(f"/v1/purges/{purge}/decline", {"reason": reason})
    session.screen.answer(answer, "declined")


@command(app, "show")
def show(session: Session, purge: Purge) -> None:
    """Who asked, who confirmed, what was erased."""
    view = session.api.get(f"/v1/purges/{purge}")
    lines = [
        f"{view['step']}: {view['scope']} {view['target']}",
        f"asked by {view['asked_by']} {when(view['asked_at'])}, reason {view['reason']}",
    ]
    if view["confirmed_by"]:
        lines.append(f"confirmed by {view['confirmed_by']}")
    if view["erased"]:
        lines += [f"erased: {_counts(view['erased'])}", f"kept: {_counts(view['kept'])}"]
    session.screen.answer(view, *lines)


@command(app, "list")
def list_(session: Session) -> None:
    """Every request and every sweep of the retention, the newest first."""
    page = session.api.get("/v1/purges")
    rows = [
        (p["id"], p["step"], p["scope"], p["target"], when(p["asked_at"])) for p in page["items"]
    ]
    columns = ("purge", "", "scope", "target", "asked")
    session.screen.answer(page, session.screen.table(columns, rows))


@command(holds, "place")
def place(session: Session, scope: Scope, target: Target, reason: Reason) -> None:
    """Forbid erasing it, whatever it belongs to, and all it holds."""
    body = {"scope": scope, "target": target, "reason": reason}
    answer = session.api.command("/v1/holds", body)
    session.screen.answer(answer, answer["subject"])


@command(holds, "lift")
def lift(
    session: Session, hold: Annotated[str, typer.Argument(metavar="HOLD")], reason: Reason
) -> None:
    """Lift a hold; another person than placed it."""
    answer = session.api.command(f"/v1/holds/{hold}/lift", {"reason": reason})
    session.screen.answer(answer, "lifted")


@command(holds, "list")
def list_holds(session: Session) -> None:
    """Legal holds, those in force first."""
    page = session.api.get("/v1/holds")
    rows = [
        (h["id"], h["status"], h["scope"], h["target"], h["reason"], when(h["placed_at"]))
        for h in page["items"]
    ]
    columns = ("hold", "", "scope", "target", "reason", "placed")
    session.screen.answer(page, session.screen.table(columns, rows))


def _plan(found: Mapping[str, Any]) -> list[str]:
    lines = [
        f"would be erased: {_counts(found['erased'])}",
        f"stays, because others need it: {_counts(found['kept'])}",
    ]
    if found["holds"]:
        lines.append(f"forbidden by legal holds: {', '.join(found['holds'])}")
    if found["in_use"]:
        used = ", ".join(found["in_use"])
        lines.append(f"still open, visible, a member or the last administrator: {used}")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counts.items())
