"""`launch postpone`: what would follow first, then the same with the hash of what was seen."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.launches import Subject, Target, Zone, app, give
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOWN = 20  # of any list; --json has them all
_CHOOSING = timedelta(days=3)


@command(app, "postpone")
def postpone(
    session: Session,
    subject: Subject,
    date: Target,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Reason code, or a sentence.")
    ] = None,
    zone: Zone = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would follow; change nothing.")
    ] = False,
    hash_: Annotated[
        str | None, typer.Option("--hash", help="Only if what would follow is what you saw.")
    ] = None,
    decide_by: Annotated[
        str | None,
        typer.Option("--decide-by", help="Until when developers choose; default: three days."),
    ] = None,
    mode: Annotated[str, typer.Option(help="shift, detach or hold_at_current.")] = "shift",
    default: Annotated[
        str, typer.Option(help="Whoever says nothing: wait, ship_alone or withdraw.")
    ] = "wait",
) -> None:
    """Hold it for a later date, or for one to be decided. At once, as a hold; with --preview you
    see first what it does, and commit exactly that with --hash."""
    asked = {"target": date, "decide_by": decide_by, "mode": mode, "default": default}
    if preview:
        _preview(session, subject, asked | {"decide_by": decide_by or _in_three_days()}, reason)
        return
    if not reason:
        raise Failure(
            "A postponement says why",
            "--reason is missing",
            "--reason CODE, or a sentence; --preview only looks and needs none",
            exit_code=USAGE,
        )
    body: dict[str, Any] = {"target": date, "tz": zone, "reason": reason}
    if hash_:
        if not decide_by:
            raise Failure(
                "The hash is of a preview",
                "say the same --decide-by as there",
                "copy the command that --preview prints",
                exit_code=USAGE,
            )
        body |= {"preview": asked, "plan_hash": hash_}
    give(session, subject, "postpone", body)


def _in_three_days() -> str:
    return (datetime.now(UTC) + _CHOOSING).isoformat(timespec="seconds")


def _preview(session: Session, subject: str, asked: dict[str, Any], reason: str | None) -> None:
    path = f"/v1/launches/{subject}/postponement/preview"
    seen = session.api.command(path, asked)
    session.screen.answer({**seen, "asked": asked}, *_shown(session, subject, seen, asked, reason))


def _shown(
    session: Session,
    subject: str,
    seen: Mapping[str, Any],
    asked: Mapping[str, Any],
    reason: str | None,
) -> "Iterator[RenderableType]":
    table = session.screen.table
    counts = ", ".join(f"{count} {name}" for name, count in seen["counts"].items())
    yield text(f"postponement {seen['nth']}: {counts}", "bold")
    if seen["needs_role"]:
        yield text(f"its new date needs the approval of: {seen['needs_role']}", "yellow")
    lines = [(one["what"], one["id"] or "", _value(one["before"]), _value(one["after"]))
             for one in seen["difference"]]  # fmt: skip
    yield table(("what", "of", "before", "after"), lines[:SHOWN])
    yield from _more(lines)
    if seen["conflicts"]:
        yield text("needs a decision", "bold yellow")
        found = [(one["code"], one["id"], one["other"] or "") for one in seen["conflicts"]]
        yield table(("code", "item", "other"), found[:SHOWN])
        yield from _more(found)
    if seen["reviews"]:
        yield text("reviews that have to begin", "bold")
        due = [(one["item"], when(one["begin_by"]), "too late" if one["late"] else "")
               for one in seen["reviews"]]  # fmt: skip
        yield table(("item", "begin by", ""), due[:SHOWN])
        yield from _more(due)
    enough = seen["capacity"]["fits"]
    yield text(f"hours of reviewers: {'enough' if enough else 'too few'}", "" if enough else "red")
    yield text(f"hash: {seen['plan_hash']}")
    yield text(
        f"commit exactly this: gonogo launch postpone {subject} {_quoted(asked['target'])} "
        f"--reason {_quoted(reason or 'CODE')} --decide-by {asked['decide_by']} "
        f"--mode {asked['mode']} --default {asked['default']} --hash {seen['plan_hash']}"
    )


def _more(found: list[Any]) -> "Iterator[RenderableType]":
    if len(found) > SHOWN:
        yield text(f"and {len(found) - SHOWN} more; --json has all", "dim")


def _value(value: Any) -> str:
    """A value of a difference, which may be a target."""
    if isinstance(value, Mapping):
        return str(value.get("label") or ", ".join(f"{k} {v}" for k, v in value.items()))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
