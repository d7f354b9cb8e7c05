"""Looking at a launch from the side: rehearsed, forecast, who owes what, its pressure, its place in
a calendar."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.files import written
from gonogo.cli.launches import Subject, app
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command

if TYPE_CHECKING:
    from rich.tree import Tree

_STORE = "store"
_OWING_MOST = 500


@command(app, "rehearse")
def rehearse(
    session: Session,
    subject: Subject,
    reject: Annotated[
        list[str] | None,
        typer.Option("--reject", metavar="RELEASE@WHEN", help="It is rejected then."),
    ] = None,
    away: Annotated[
        list[str] | None,
        typer.Option("--away", metavar="ROLE@FROM..TO", help="Nobody of that role is there."),
    ] = None,
    outage: Annotated[
        list[str] | None, typer.Option("--outage", metavar="FROM..TO", help="The system is down.")
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option("--stop", metavar="WHEN|RELEASE@WHEN", help="A stop, of the store or of one."),
    ] = None,
    hold: Annotated[
        list[str] | None, typer.Option("--hold", metavar="ROLE@WHEN", help="Somebody holds it.")
    ] = None,
    override_freezes: Annotated[
        bool,
        typer.Option("--override-freezes", help="Whoever a freeze names opens in spite of it."),
    ] = False,
    opening: Annotated[
        str | None, typer.Option(help="The exact time, where the date is not exact yet.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0, max=720, help="Hours a person takes for a task.")
    ] = 4,
    seed: Annotated[str | None, typer.Option(help="Another one draws other delays.")] = None,
    runs: Annotated[int, typer.Option(min=0, max=200, help="How often it opens in time.")] = 0,
) -> None:
    """Play it ahead from now through the real rules; nothing is recorded. WHEN is an instant, or
    relative to the opening: T, T-2d, T-1h, T+20m."""
    body = {
        "rejected": [{"release": of, "at": at} for of, at in map(_at, reject or ())],
        "away": [{"role": of, **_span(span)} for of, span in map(_at, away or ())],
        "outages": [_span(one) for one in outage or ()],
        "stopped": [_stop(one) for one in stop or ()],
        "holds": [{"role": of, "at": at} for of, at in map(_at, hold or ())],
        "overrides_freezes": override_freezes,
        "opening": opening,
        "delay_s": hours * 3600,
        "seed": seed,
        "runs": runs,
    }
    told = session.api.command(f"/v1/launches/{subject}/rehearsal", body)
    session.screen.answer(told, rehearsal_tree(told), *_summary(told))


def _at(word: str) -> tuple[str, str]:
    of, mark, at = word.partition("@")
    if not (of and mark and at):
        raise Failure(
            "That names no moment", word[:80], "WHAT@WHEN, as in rel_1@T-2d", exit_code=USAGE
        )
    return of, at


def _span(word: str) -> dict[str, str]:
    begin, mark, end = word.partition("..")
    if not (begin and mark and end):
        raise Failure("That is no span", word[:80], "FROM..TO, as in T-3d..T", exit_code=USAGE)
    return {"at": begin, "until": end}


def _stop(word: str) -> dict[str, str]:
    if "@" not in word:
        return {"at": word}
    of, at = _at(word)
    return {"at": at} if of == _STORE else {"release": of, "at": at}


def _summary(told: Mapping[str, Any]) -> "list[Any]":
    many = told["summary"]
    if not many:
        return []
    by = when(many["most_by"]) if many["most_by"] else "never"
    return [
        text(
            f"{many['in_time']} of {many['runs']} rehearsals opened in time, "
            f"{many['opened']} at all; four in five by {by}"
        )
    ]


def rehearsal_tree(told: Mapping[str, Any]) -> "Tree":
    """How it ended, what happened when, what was in the way, who was waited for."""
    from rich.tree import Tree

    if told["opened_at"]:
        end = f"opens {'in time' if told['in_time'] else 'late'}, {when(told['opened_at'])}"
    else:
        end = f"does not open; ends as {told['status']}"
    style = "green" if told["in_time"] else "red"
    tree = Tree(text(f"{told['launch']} {end} · seed {told['seed']}", style))
    story = tree.add(text("what would happen"))
    for one in told["moments"]:
        more = " ".join(
            str(one[key]) for key in ("code", "of") if one[key] and one[key] != one["by"]
        )
        why = f" ({', '.join(one['why'])})" if one["why"] else ""
        story.add(text(f"{when(one['at'])}  {one['what']} {more}{why} · {one['by']}"))
    if told["blocked"]:
        stuck = tree.add(text("what was in the way", "yellow"))
        for one in told["blocked"]:
            until = when(one["until"]) if one["until"] else "the end"
            why = ", ".join(one["why"]) or one["code"]
            stuck.add(text(f"{one['what']}: {why}, {when(one['at'])} until {until}"))
    waits = tree.add(text("who was waited for"))
    for one in told["waits"]:
        spent = f"{one['seconds'] / 3600:.1f} h" if one["seconds"] is not None else "to the end"
        waits.add(text(f"{' or '.join(one['who'])}: {one['what']} {one['of'] or ''} · {spent}"))
    for one in told["left"]:
        waits.add(text(f"left: {' or '.join(one['who'])}: {one['what']}", "red"))
    return tree


@command(app, "forecast")
def forecast(
    session: Session,
    subject: Subject,
    by: Annotated[
        str | None, typer.Option(help="An instant; default: the end of its target.")
    ] = None,
) -> None:
    """The probability that its approvals are there in time, and what would help most."""
    told = session.api.get(f"/v1/launches/{subject}/forecast", by=by)
    share = told["probability"]
    rows = [(f"{float(p):.0%}", when(at)) for p, at in told["quantiles"].items()]
    helps = [(one["what"], f"{one['gain']:+.0%}") for one in told["levers"]]
    session.screen.answer(
        told,
        text(f"{share:.0%} by {when(told['by'])}" if share is not None else "there is no date yet"),
        text(f"{told['pending']} of {told['cases']} cases are not approved yet"),
        session.screen.table(("share", "approved by"), rows),
        *([session.screen.table(("one hour a week more of", "gain"), helps)] if helps else ()),
    )


@command(app, "duties")
def duties(session: Session, subject: Subject) -> None:
    """Which builders owe something before it opens, and what: those it waits for most first."""
    told = session.api.get(f"/v1/launches/{subject}/duties", limit=_OWING_MOST)
    rows = [
        (
            one["publisher"],
            one["name"],
            ", ".join(duty["title"] for duty in one["duties"]),
            str(one["items"]),
            str(one["musts"]),
        )
        for one in told["items"]
    ]
    columns = ("publisher", "", "to be done", "items", "must open")
    session.screen.answer(
        told,
        session.screen.table(columns, rows) if rows else text("no builder owes anything", "green"),
    )
    if told["of"] > len(rows):
        session.screen.tell(f"and {told['of'] - len(rows)} more")


@command(app, "pressure")
def pressure(
    session: Session,
    subject: Subject,
    csv: Annotated[Path | None, typer.Option(help="Write all of it as a table there.")] = None,
) -> None:
    """How much it was pressed: time against the usual, waivers, overrides, shortened steps."""
    told = session.api.get(f"/v1/launches/{subject}/pressure")
    if csv is not None:
        written(csv, session.api.text(f"/v1/launches/{subject}/pressure.csv"))
        session.screen.tell(f"written: {csv}")
    style = {"calm": "green", "tense": "yellow", "pressed": "red"}[told["level"]]
    parts = [
        (name, f"{value:.2f}", "█" * round(20 * value)) for name, value in told["parts"].items()
    ]
    hurried = [
        (one["release"], one["name"], step["step"], _spent(step))
        for one in told["items"]
        for step in one["steps"]
        if step["missing"]
    ]
    session.screen.answer(
        told,
        text(f"{told['level']}: {told['value']:.2f} between 0 and 1", style),
        session.screen.table(("part", "value", ""), parts),
        *([session.screen.table(("release", "GPT", "step", "spent"), hurried)] if hurried else ()),
    )


def _spent(step: Mapping[str, Any]) -> str:
    if step["seconds"] is None:
        return "no trace"
    return f"{step['seconds'] / 3600:.1f} of {step['usual_s'] / 3600:.1f} h"


@command(app, "calendar")
def calendar(
    session: Session,
    new: Annotated[
        bool, typer.Option("--new", help="Make a secret address; the one before stops working.")
    ] = False,
) -> None:
    """Where a calendar program finds the launches you may see."""
    feed = f"{session.url}/v1/calendar.ics"
    if new:
        made = session.api.command("/v1/me/calendar")
        session.screen.answer(
            made, text(made["url"]), text("It is shown once. Keep it to yourself.")
        )
        return
    kept = session.api.get("/v1/me/calendar")
    told = (
        f"a secret address exists since {when(kept['made_at'])}; --new replaces it"
        if kept["made_at"]
        else "no secret address yet; --new makes one"
    )
    session.screen.answer({**kept, "feed": feed}, text(f"{feed} (with your token)"), text(told))
