"""`launch forward`, `close`, `report`: an earlier date, the end, and what came of it."""

from typing import Annotated, Any

import typer

from gonogo.cli.launches import Reason, Subject, Target, Zone, app
from gonogo.cli.screen import text
from gonogo.cli.session import Session, command

__all__ = ["app"]  # shared with the commands of `launches.py`
UNSCORED = {
    "no_forecast": "no forecast was kept",
    "not_due": "the date of no forecast that was kept has come",
}


@command(app, "forward")
def forward(
    session: Session,
    subject: Subject,
    date: Target,
    reason: Reason,
    zone: Zone = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only look at what is in the way.")
    ] = False,
) -> None:
    """Bring it forward; a second person has to name the same date. Shows what is in the way."""
    path = f"/v1/launches/{subject}"
    version = int(session.api.get(path)["version"])
    asked = {"target": date, "tz": zone}
    seen = session.api.command(f"{path}/forward/preview", asked)
    if preview or not seen["may"]:
        rows = [(one["code"], one["name"] or one["id"]) for one in seen["why"]]
        said = text("nothing is in the way", "green") if seen["may"] else text("in the way:", "red")
        session.screen.answer(
            seen, said, *([session.screen.table(("what", "which"), rows)] if rows else ())
        )
        if not seen["may"]:
            raise typer.Exit(1)
        return
    body = {**asked, "reason": reason}
    answer = session.api.command(f"{path}/bring-forward", body, version=version)
    more = [text("a second person has to name the same date")] if answer.get("proposed") else []
    session.screen.answer(answer, text(answer["status"], "green"), *more)


@command(app, "close")
def close(
    session: Session,
    subject: Subject,
    lessons: Annotated[
        str | None, typer.Option(help="What you learnt, in words; filed with the report.")
    ] = None,
) -> None:
    """End it: the report is made of the record and filed, the forecasts are scored."""
    version = int(session.api.get(f"/v1/launches/{subject}")["version"])
    body = {"lessons": lessons} if lessons else {}
    answer = session.api.command(f"/v1/launches/{subject}/close", body, version=version)
    session.screen.answer(answer, text(answer["status"], "green"), text(_score(answer)))
    if not lessons:
        session.screen.tell("no lessons were written down; --lessons files some")


@command(app, "report")
def report(session: Session, subject: Subject) -> None:
    """The report as it stands, of a closed launch as of its closing."""
    made = session.api.get(f"/v1/launches/{subject}/report")
    session.screen.answer(
        made,
        session.screen.table(
            ("at", "what", "by", "why"),
            [(one["at"], one["what"], one["by"], one["code"] or "") for one in made["timeline"]],
        ),
        text(f"postponed: {made['postponements']}, no-gos: {len(made['dissent'])}, "
             f"incidents: {len(made['incidents'])}, pressure: {_pressure(made)}"),
        text(_score({"score": made["score"]["brier"], "unscored": made["score"]["unscored"]})),
    )  # fmt: skip


def _pressure(made: dict[str, Any]) -> str:
    """Reports that were filed earlier hold none."""
    found = made.get("pressure")
    return f"{found['value']:.2f} ({found['level']})" if found else "not looked at"


def _score(found: dict[str, Any]) -> str:
    if found["score"] is not None:
        return f"Brier score of its forecasts: {found['score']:.3f}"
    return f"no score: {UNSCORED.get(found['unscored'], found['unscored'])}"
