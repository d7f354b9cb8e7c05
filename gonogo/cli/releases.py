"""`release`: how an approved revision becomes visible, step by step."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command
from gonogo.cli.words import phase_of, style_of

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, help="Roll approved revisions out, and back.")

WATCH_S = 2.0
_CHOICES = ("wait", "ship-alone", "withdraw")
_FINAL = frozenset({"completed", "cancelled", "rolled_back", "superseded"})
# Only what lets exposure start or grow must name the version it saw; safer is easier.
_GROWING = frozenset({"start", "schedule", "resume"})

Subject = Annotated[str, typer.Argument(metavar="RELEASE")]
Reason = Annotated[str, typer.Option("--reason", help="Reason code, such as bad_answers.")]
Override = Annotated[
    str | None, typer.Option("--override", help="Why you go ahead inside a window that lets you.")
]
Watch = Annotated[bool, typer.Option("--watch", help="Until it is over.")]


@command(app, "list")
def list_(
    session: Session,
    phase: Annotated[str | None, typer.Option(help="Only releases in this phase.")] = None,
) -> None:
    """Releases, newest first."""
    page = session.api.get("/v1/releases", phase=phase)
    rows = [
        (
            r["id"],
            r.get("name") or r["gpt"],
            text(phase_of(r["phase"]), style_of(r["phase"])),
            percent(r.get("weight_bp")),
            r.get("unblocks") or "",
        )
        for r in page["items"]
    ]
    columns = ("release", "GPT", "phase", "reaches", "what unblocks")
    session.screen.answer(page, session.screen.table(columns, rows))


@command(app, "show")
def show(session: Session, subject: Subject, watch: Watch = False) -> None:
    """One release: where it is, who has it, what comes next."""
    _shown(session, subject, watch)


@command(app, "start")
def start(
    session: Session, subject: Subject, watch: Watch = False, override: Override = None
) -> None:
    """Start the rollout now."""
    _give(session, subject, "start", _overriding(override), watch)


@command(app, "schedule")
def schedule(
    session: Session,
    subject: Subject,
    at: Annotated[str | None, typer.Option(help="Instant with offset: 2026-03-01T09:00Z")] = None,
    local: Annotated[str | None, typer.Option(help="Local time, with --zone.")] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone, such as Europe/London.")] = None,
    override: Override = None,
) -> None:
    """Start the rollout at a time."""
    if (at is None) == (local is None) or (local is None) != (zone is None):
        raise Failure("When?", "give --at, or --local together with --zone", exit_code=USAGE)
    body = {"at": at, "local": local, "zone": zone, **_overriding(override)}
    _give(session, subject, "schedule", body)


@command(app, "unschedule")
def unschedule(session: Session, subject: Subject) -> None:
    """Take the time away again."""
    _give(session, subject, "unschedule", {})


@command(app, "pause")
def pause(
    session: Session,
    subject: Subject,
    reason: Reason,
    until: Annotated[str | None, typer.Option(help="Instant with offset.")] = None,
) -> None:
    """Stop growing; whoever has it keeps it."""
    _give(session, subject, "pause", {"reason": reason, "until": until})


@command(app, "resume")
def resume(session: Session, subject: Subject, watch: Watch = False) -> None:
    """Go on. After a halt two people have to say so."""
    _give(session, subject, "resume", {}, watch)


@command(app, "halt")
def halt(session: Session, subject: Subject, reason: Reason) -> None:
    """Nobody gets it in new conversations, at once."""
    _give(session, subject, "halt", {"reason": reason})


@command(app, "roll-back")
def roll_back(session: Session, subject: Subject, reason: Reason) -> None:
    """Everybody goes back to the revision before, or to nothing after a first release."""
    _give(session, subject, "roll-back", {"reason": reason})


@command(app, "choose")
def choose(
    session: Session,
    subject: Subject,
    choice: Annotated[str, typer.Argument(metavar="CHOICE", help=" | ".join(_CHOICES))],
) -> None:
    """Its launch was postponed: wait for it, ship alone, or withdraw."""
    if choice not in _CHOICES:
        raise Failure("Choose what?", "one of: " + ", ".join(_CHOICES), exit_code=USAGE)
    asked = session.api.get(f"/v1/releases/{subject}")["asked"]
    if asked is None:
        raise Failure("Nothing is asked.", f"{subject} is in no launch that was postponed")
    said = {"launch": asked["launch"], "nth": asked["nth"], "choice": choice.replace("-", "_")}
    _give(session, subject, "choose", said)


@command(app, "cancel")
def cancel(session: Session, subject: Subject, reason: Reason) -> None:
    """Give it up before anybody is served."""
    _give(session, subject, "cancel", {"reason": reason})


def _overriding(reason: str | None) -> dict[str, Any]:
    return {"override": {"reason": reason}} if reason else {}


def percent(weight_bp: object) -> str:
    """Basis points as a percentage without needless digits."""
    return f"{weight_bp / 100:g} %" if isinstance(weight_bp, int) else "–"


def _give(
    session: Session, subject: str, what: str, body: Mapping[str, Any], watch: bool = False
) -> None:
    version = None
    if what in _GROWING:
        seen = session.api.get(f"/v1/releases/{subject}")
        version = int(seen["version"])
        session.screen.tell(f"{what}: {seen.get('name') or seen['gpt']}, digest {seen['digest']}")
    answer = session.api.command(f"/v1/releases/{subject}/{what}", body, version=version)
    if watch:
        _shown(session, subject, watch=True)
        return
    lines = [text(phase_of(str(answer.get("phase", answer.get("status", "done")))))]
    if answer.get("notice"):
        lines.append(text(answer["notice"], "yellow"))
    session.screen.answer(answer, *lines)


def _shown(session: Session, subject: str, watch: bool) -> None:
    release = session.api.get(f"/v1/releases/{subject}")
    while watch and release["phase"] not in _FINAL:
        seq = release["seq"]
        session.screen.tell(_line(release))
        while release["seq"] == seq:
            time.sleep(WATCH_S)
            release = session.api.get(f"/v1/releases/{subject}")
    session.screen.answer(release, *_release(session, release))


def _line(release: Mapping[str, Any]) -> str:
    by = f", next {when(release['by_when'])}" if release.get("by_when") else ""
    return f"{phase_of(release['phase'])}: {percent(release.get('weight_bp'))}{by}"


def _release(session: Session, release: Mapping[str, Any]) -> list["RenderableType"]:
    rows: list[tuple[str, object]] = [
        ("GPT", release.get("name") or release["gpt"]),
        ("release", release["id"]),
        ("phase", text(phase_of(release["phase"]), style_of(release["phase"]))),
        ("reaches", percent(release.get("weight_bp"))),
        ("digest", release["digest"]),
    ]
    for name, field in (("whose turn", "turn"), ("what unblocks", "unblocks")):
        if release.get(field):
            rows.append((name, release[field]))
    if release.get("by_when"):
        rows.append(("by when", when(release["by_when"])))
    if release.get("why"):
        rows.append(("why", ", ".join(release["why"])))
    return [session.screen.table(("", ""), rows)]
