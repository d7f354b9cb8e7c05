"""`stop`: not served, now. Placing one needs one person and no orchestrator."""

from typing import Annotated

import typer

from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="Stop serving, at once; lift it with care.")

Reason = Annotated[str, typer.Option("--reason", help="Reason code, such as unsafe.")]


@command(app, "place")
def place(
    session: Session,
    scope: Annotated[str, typer.Argument(help="store, category, publisher, gpt or revision")],
    target: Annotated[str, typer.Argument(help="What of it; the store's id for a store.")],
    reason: Reason,
    note: Annotated[str | None, typer.Option(help="In your words.")] = None,
) -> None:
    """Stop serving everything in SCOPE that is TARGET."""
    body = {"scope": scope, "target": target, "reason": reason, "note": note}
    answer = session.api.command("/v1/stops", body)
    stop = answer.get("stop") or answer.get("subject")
    session.screen.answer(answer, f"stopped as {stop}", f"gonogo stop lift {stop} --reason …")


@command(app, "lift")
def lift(
    session: Session, stop: Annotated[str, typer.Argument(metavar="STOP")], reason: Reason
) -> None:
    """Lift a stop. What covers many is lifted by another person than placed it."""
    answer = session.api.command(f"/v1/stops/{stop}/lift", {"reason": reason})
    session.screen.answer(answer, "lifted")


@command(app, "list")
def list_(session: Session) -> None:
    """Every stop, active ones first."""
    page = session.api.get("/v1/stops")
    rows = [
        (
            s["id"],
            text(s["status"], "red" if s["status"] == "active" else "dim"),
            s["scope"],
            s["target"],
            s["reason"],
            when(s["placed_at"]),
        )
        for s in page["items"]
    ]
    columns = ("stop", "", "scope", "target", "reason", "placed")
    session.screen.answer(page, session.screen.table(columns, rows))
