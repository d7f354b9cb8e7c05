"""`windows`: from when to when exposure may not start or grow."""

from typing import Annotated, Any

import typer

from gonogo.cli.screen import text
from gonogo.cli.session import Session, command

app = typer.Typer(
    no_args_is_help=True, help="Freezes: when releases may not start or grow. They wait meanwhile."
)

Reason = Annotated[str, typer.Option("--reason", help="Reason code, such as holidays.")]


@command(app, "list")
def list_(session: Session) -> None:
    """Windows people declared, those in force first, and those of the policy pack."""
    page = session.api.get("/v1/windows")
    rows = [_row(w, w["in_force"], w["status"]) for w in page["items"]]
    rows += [_row(w, True, "pack") for w in page["pack"]]
    columns = ("window", "", "", "scope", "when", "zone", "stops", "override")
    session.screen.answer(page, session.screen.table(columns, rows))


@command(app, "declare")
def declare(
    session: Session,
    kind: Annotated[str, typer.Argument(help="deny or allow")],
    begins: Annotated[str, typer.Option("--from", help="Civil time, such as 2026-12-18T12:00.")],
    zone: Annotated[str, typer.Option("--zone", help="IANA zone, such as Europe/Paris.")],
    reason: Reason,
    ends: Annotated[str | None, typer.Option("--to", help="Civil time of a one-off.")] = None,
    rrule: Annotated[str | None, typer.Option(help="Such as FREQ=WEEKLY;BYDAY=FR.")] = None,
    duration: Annotated[int | None, typer.Option(help="Seconds, with --rrule.")] = None,
    scope: Annotated[str, typer.Option(help="store, category, publisher or gpt")] = "store",
    target: Annotated[str | None, typer.Option(help="What of that scope.")] = None,
    applies_to: Annotated[str, typer.Option(help="start, increase or full")] = "increase",
    overrun: Annotated[str, typer.Option(help="finish_step or hold")] = "finish_step",
    override_role: Annotated[str | None, typer.Option(help="Role that may go ahead.")] = None,
    note: Annotated[str | None, typer.Option(help="In your words.")] = None,
) -> None:
    """Declare a window: --from with --to, or with --rrule and --duration. In force at once."""
    body = {
        "kind": kind,
        "tz": zone,
        "begins": begins,
        "ends": ends,
        "rrule": rrule,
        "duration_s": duration,
        "scope": scope,
        "target": target,
        "applies_to": applies_to,
        "overrun": overrun,
        "override_role": override_role,
        "reason": reason,
        "note": note,
    }
    given = {name: value for name, value in body.items() if value is not None}
    answer = session.api.command("/v1/windows", given)
    window = answer.get("window") or answer.get("subject")
    told = f"declared as {window}", f"gonogo windows end {window} --reason …"
    session.screen.answer(answer, *told)


@command(app, "end")
def end(
    session: Session, window: Annotated[str, typer.Argument(metavar="WINDOW")], reason: Reason
) -> None:
    """End a window early; what it kept back goes on within half an hour."""
    answer = session.api.command(f"/v1/windows/{window}/end", {"reason": reason})
    session.screen.answer(answer, "ended")


def _row(window: dict[str, Any], in_force: bool, status: str) -> tuple[Any, ...]:
    span = window["rrule"] or f"{window['begins']} – {window['ends']}"
    if window["rrule"]:
        span += f" from {window['begins']} for {window['duration_s'] / 3600:g} h"
    return (
        window["id"],
        text(window["kind"], "red" if window["kind"] == "deny" else "green"),
        text(status if in_force or status != "declared" else "over", "" if in_force else "dim"),
        window["scope"],
        span,
        window["tz"],
        window["applies_to"],
        window["override_role"] or "nobody",
    )
