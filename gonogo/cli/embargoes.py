"""`embargo`: nothing of a GPT is public before a moment."""

from typing import Annotated

import typer

from gonogo.cli.screen import text
from gonogo.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="Keep a GPT out of the public until a moment.")

Reason = Annotated[str, typer.Option("--reason", help="Reason code, or a sentence.")]
Embargo = Annotated[str, typer.Argument(metavar="EMBARGO")]
Moment = Annotated[
    str,
    typer.Option(
        "--not-before", help="An instant or a day: '2024-01-10T10:00 America/Los_Angeles'."
    ),
]


@command(app, "set")
def set_(
    session: Session,
    gpt: Annotated[str, typer.Argument(metavar="GPT")],
    not_before: Moment,
    reason: Reason,
) -> None:
    """Nothing of GPT is public before that moment, at once."""
    body = {"gpt": gpt, "not_before": not_before, "reason": reason}
    answer = session.api.command("/v1/embargoes", body)
    lines = [text(f"under embargo until {answer.get('not_before')} as {answer.get('embargo')}")]
    if answer.get("notice"):
        lines.append(text(answer["notice"]["text"], "yellow"))
    session.screen.answer(answer, *lines)


@command(app, "list")
def list_(session: Session) -> None:
    """Embargoes you may see, those that hold first."""
    page = session.api.get("/v1/embargoes")
    rows = [
        (e["id"], e["gpt"], e["says"], text(_state(e), "" if e["holds"] else "dim"), e["reason"])
        for e in page["items"]
    ]
    columns = ("embargo", "gpt", "until", "", "reason")
    session.screen.answer(page, session.screen.table(columns, rows))


@command(app, "move")
def move(session: Session, embargo: Embargo, not_before: Moment, reason: Reason) -> None:
    """Make it last longer."""
    body = {"not_before": not_before, "reason": reason}
    answer = session.api.command(f"/v1/embargoes/{embargo}/move", body)
    session.screen.answer(answer, f"under embargo until {answer.get('not_before')}")


@command(app, "lift")
def lift(session: Session, embargo: Embargo, reason: Reason) -> None:
    """End it before its time; it takes two leads."""
    seen = session.api.get(f"/v1/embargoes/{embargo}")
    answer = session.api.command(
        f"/v1/embargoes/{embargo}/lift", {"reason": reason}, version=int(seen["version"])
    )
    lifted = answer.get("status") == "lifted"
    session.screen.answer(answer, "lifted" if lifted else "proposed; a second lead lifts it")


def _state(embargo: dict[str, object]) -> str:
    if embargo["holds"]:
        return "holds"
    return "lifted" if embargo["status"] == "lifted" else "over"
