"""`launch`: many GPTs at one instant: plan it, bind what opens, poll, hold, postpone, watch."""

import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.files import read
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command
from gonogo.cli.words import phase_of, style_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.tree import Tree

app = typer.Typer(no_args_is_help=True, help="Open many GPTs together, at one instant.")

WATCH_S = 2.0
BATCH = 200  # releases a call
_FINAL = frozenset({"closed", "cancelled"})
_PASSING = frozenset({"green", "waived"})

Subject = Annotated[str, typer.Argument(metavar="LAUNCH")]
Target = Annotated[
    str,
    typer.Argument(
        metavar="DATE", help="“2030-05-04 09:00”, 2030-05, “early 2030”, “tbd by 2030-06-30”."
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Reason code, or a sentence.")]
Zone = Annotated[str | None, typer.Option(help="IANA zone; default: the launch's own.")]


@command(app, "list")
def list_(
    session: Session,
    status: Annotated[str | None, typer.Option(help="Only launches in this status.")] = None,
) -> None:
    """Launches, newest first."""
    page = session.api.get("/v1/launches", status=status)
    rows = [
        (one["id"], one["name"], text(one["status"], _style(one["status"])), when(one["opens_at"]))
        for one in page["items"]
    ]
    session.screen.answer(page, session.screen.table(("launch", "name", "status", "opens"), rows))


@command(app, "draft")
def draft(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    zone: Annotated[str, typer.Option(help="IANA zone its dates are meant in.")],
    mode: Annotated[str, typer.Option(help="independent, quorum or atomic.")] = "independent",
    quorum: Annotated[int | None, typer.Option(help="How many items open at least.")] = None,
) -> None:
    """Draft a launch; gates, poll and times are those of the policy pack today."""
    body = {"name": name, "tz": zone, "mode": mode, "quorum": quorum}
    answer = session.api.command("/v1/launches", body)
    session.screen.answer(answer, text(answer["subject"]))


@command(app, "plan")
def plan(session: Session, subject: Subject, date: Target, zone: Zone = None) -> None:
    """Give it a date, as precise as it is known: the first, a narrower, or a new one."""
    seen = session.api.get(f"/v1/launches/{subject}")
    what = {"draft": "plan", "postponed": "replan"}.get(seen["status"], "narrow")
    body = {"target": date, "tz": zone}
    answer = session.api.command(
        f"/v1/launches/{subject}/{what}", body, version=int(seen["version"])
    )
    lines = [text(f"{answer['status']}: {answer['resolved']['label']}")]
    if answer.get("notice"):
        lines.append(text(answer["notice"], "yellow"))
    if answer.get("freeze"):
        lines.append(text(_frozen(answer["freeze"]), "yellow"))
    session.screen.answer(answer, *lines)


def _frozen(freeze: Mapping[str, Any]) -> str:
    """What of a date lies in a freeze, and what comes next."""
    windows, soonest = ", ".join(freeze["windows"]), freeze["next_legal"]
    if not freeze["wholly"]:
        free = "; ".join(f"{when(one['start'])} to {when(one['end'])}" for one in freeze["free"])
        return f"parts of it lie in a freeze ({windows}); free: {free}"
    after = f"the next legal time is {when(soonest)}" if soonest else "there is no legal time"
    return f"it lies in a freeze ({windows}); {after}"


@command(app, "gates")
def gates(session: Session, subject: Subject) -> None:
    """Have the gates answered."""
    give(session, subject, "open-gates", None, decides=True)


@command(app, "items")
def items(
    session: Session,
    subject: Subject,
    releases: Annotated[list[str] | None, typer.Argument(metavar="[RELEASE]...")] = None,
    file: Annotated[
        Path | None, typer.Option(help="A file of ids, one a line; - is stdin.")
    ] = None,
    wave: Annotated[int, typer.Option(min=1, max=100)] = 1,
    importance: Annotated[str, typer.Option(help="must, should or optional.")] = "should",
    unbind: Annotated[bool, typer.Option("--unbind", help="Take them out instead.")] = False,
    reason: Annotated[str, typer.Option(help="Why they are taken out.")] = "unstated",
) -> None:
    """Bind releases, or list what is bound when none are named."""
    named = [*(releases or ()), *(_ids(file) if file else ())]
    path = f"/v1/launches/{subject}/items"
    if not named:
        page = session.api.get(path)
        rows = [
            (one["release"], one.get("name") or one["gpt"], one["importance"], str(one["wave"]),
             text(phase_of(one["phase"]), style_of(one["phase"])), ", ".join(one["why"]))
            for one in page["items"]
        ]  # fmt: skip
        columns = ("release", "GPT", "importance", "wave", "phase", "why")
        session.screen.answer(page, session.screen.table(columns, rows))
        return
    results: list[dict[str, Any]] = []
    for start in range(0, len(named), BATCH):
        part = named[start : start + BATCH]
        if unbind:
            answer = session.api.command(f"{path}/unbind", {"releases": part, "reason": reason})
        else:
            wanted = [{"release": r, "wave": wave, "importance": importance} for r in part]
            answer = session.api.command(path, {"items": wanted})
        results += answer["items"]
        session.screen.tell(f"{len(results)} of {len(named)}")
    refused = [one for one in results if one["status"] == "refused"]
    told = [(one["release"], one["code"], one["because"]) for one in refused]
    done = len(results) - len(refused)
    session.screen.answer(
        {"items": results, "done": done, "of": len(results)},
        text(f"{done} of {len(results)} done"),
        *([session.screen.table(("release", "code", "because"), told)] if told else ()),
    )
    if refused:
        raise typer.Exit(1)


def _ids(file: Path) -> list[str]:
    found = read(file).split()
    odd = [one for one in found if not re.fullmatch(r"rel_[0-9a-z]{1,60}", one)]
    if odd:
        raise Failure("That is no list of releases", odd[0][:80], exit_code=USAGE)
    return found


@command(app, "status")
def status(session: Session, subject: Subject) -> None:
    """Where it stands: whose turn it is, gates, poll, items by count."""
    launch = session.api.get(f"/v1/launches/{subject}")
    session.screen.answer(launch, tree_of(launch))


@command(app, "vote")
def vote(
    session: Session,
    subject: Subject,
    word: Annotated[str, typer.Argument(metavar="GO|NO_GO|ABSTAIN")],
    role: Annotated[str, typer.Option(help="The role you speak for.")],
    statement: Annotated[str | None, typer.Option(help="Why; needed unless it is GO.")] = None,
) -> None:
    """Speak for your role in the poll that is open."""
    seen = session.api.get(f"/v1/launches/{subject}")
    if not seen["poll"]:
        raise Failure("No poll is open", seen["unblocks"], exit_code=1)
    body = {"role": role, "round": seen["poll"]["round"], "vote": word, "statement": statement}
    give(session, subject, "vote", body)


@command(app, "poll")
def poll(session: Session, subject: Subject) -> None:
    """Who said what in the present round, and who is waited for."""
    launch = session.api.get(f"/v1/launches/{subject}")
    found = launch["poll"] or {"votes": [], "waits_for": [], "outcome": None}
    rows = [(one["role"], one["vote"], one["by"], when(one["at"])) for one in found["votes"]]
    waits = ", ".join(found["waits_for"]) or "nobody"
    session.screen.answer(
        launch["poll"],
        session.screen.table(("role", "vote", "by", "at"), rows),
        text(f"outcome: {found['outcome'] or 'open'}; waits for: {waits}"),
    )


@command(app, "hold")
def hold(session: Session, subject: Subject, reason: Reason) -> None:
    """Hold it at once. It works while the orchestrator is down."""
    give(session, subject, "hold", {"reason": reason})


@command(app, "resume")
def resume(session: Session, subject: Subject, reason: Reason = "resolved") -> None:
    """End a hold."""
    give(session, subject, "resume", {"reason": reason}, decides=True)


@command(app, "override-freeze")
def override_freeze(
    session: Session,
    subject: Subject,
    reason: Reason,
    window: Annotated[
        list[str] | None, typer.Option(help="One that keeps items back; may be repeated.")
    ] = None,
) -> None:
    """Open in spite of windows that name a role of yours, this once."""
    body = {"reason": reason, "windows": window or None}
    give(session, subject, "override-freeze", body, decides=True)


@command(app, "suspend")
def suspend(session: Session, subject: Subject, reason: Reason) -> None:
    """Take all that it opened out of service, at once."""
    give(session, subject, "suspend", {"reason": reason})


@command(app, "restore")
def restore(
    session: Session,
    subject: Subject,
    reason: Reason = "resolved",
    override: Annotated[
        str | None, typer.Option(help="Why it returns inside a freeze that names a role of yours.")
    ] = None,
) -> None:
    """End a suspension; a second person has to say so, too."""
    body = {"reason": reason, "override": {"reason": override} if override else None}
    give(session, subject, "restore", body, decides=True)


@command(app, "cancel")
def cancel(session: Session, subject: Subject, reason: Reason) -> None:
    """Give it up; a second person has to say so, too."""
    give(session, subject, "cancel", {"reason": reason}, decides=True)


@command(app, "watch")
def watch(session: Session, subject: Subject) -> None:
    """The same as `status`, live, until it is over or you interrupt."""
    launch = session.api.get(f"/v1/launches/{subject}")
    if session.screen.json_only or not sys.stdout.isatty():
        while launch["status"] not in _FINAL:
            seq = launch["seq"]
            session.screen.tell(f"{launch['status']}: {launch['unblocks']}")
            while launch["seq"] == seq:
                time.sleep(WATCH_S)
                launch = session.api.get(f"/v1/launches/{subject}")
        session.screen.answer(launch, tree_of(launch))
        return
    from rich.live import Live

    with Live(tree_of(launch), console=session.screen.out, auto_refresh=False) as live:
        while launch["status"] not in _FINAL:
            time.sleep(WATCH_S)
            launch = session.api.get(f"/v1/launches/{subject}")
            live.update(tree_of(launch), refresh=True)


def give(
    session: Session,
    subject: str,
    what: str,
    body: Mapping[str, Any] | None,
    *,
    decides: bool = False,
) -> None:
    """Give a command to a launch. `decides`: it names the version that was seen (If-Match)."""
    version = None
    if decides:
        version = int(session.api.get(f"/v1/launches/{subject}")["version"])
    answer = session.api.command(f"/v1/launches/{subject}/{what}", body, version=version)
    lines: list[RenderableType] = [text(answer["status"], _style(answer["status"]))]
    if answer.get("proposed"):
        lines.append(text(f"proposed: {answer['proposed']}; a second person is needed"))
    session.screen.answer(answer, *lines)


def _style(status: str) -> str:
    if status in ("live", "closed"):
        return "green"
    return "red" if status in ("suspended", "cancelled") else "yellow" if status == "hold" else ""


def tree_of(launch: Mapping[str, Any]) -> "Tree":
    """A launch as a tree: gates, poll, waves, what keeps it."""
    from rich.tree import Tree

    tree = Tree(text(f"{launch['name']} · {launch['status']}", _style(launch["status"])))
    tree.add(text(f"{launch['turn']}: {launch['unblocks']}"))
    if launch["opens_at"]:
        tree.add(text(f"opens {when(launch['opens_at'])}"))
    elif launch["target"]:
        tree.add(text(f"target {launch['target']['label']}"))
    if launch["held"]:
        why = ", ".join(launch["held"]["why"])
        tree.add(text(f"held: {launch['held']['cause']} {why}".rstrip(), "yellow"))
    frozen = launch["freeze"]
    if frozen:
        ends = f"until {when(frozen['until'])}" if frozen["until"] else "with no end"
        windows = ", ".join(frozen["windows"])
        does = "waits" if frozen["waits"] else "its time lies in a freeze"
        tree.add(text(f"{does}: {windows} {ends}", "yellow"))
    asked = tree.add(text("gates"))
    for gate in launch["gates"]:
        good = gate["status"] in _PASSING
        asked.add(
            text(
                f"{'✔' if good else '✖'} {gate['id']}: {gate['status']}{_value_of(gate)}",
                "green" if good else "red",
            )
        )
    if launch["poll"]:
        said = tree.add(text(f"poll, round {launch['poll']['round']}"))
        for one in launch["poll"]["votes"]:
            said.add(text(f"{one['role']}: {one['vote']}"))
        for role in launch["poll"]["waits_for"]:
            said.add(text(f"{role}: –", "yellow"))
    counts = launch["items"]
    bound = tree.add(text(f"items: {counts['total']}, {launch['excluded_count']} passed over"))
    for wave, count in sorted(counts["by_wave"].items()):
        bound.add(text(f"wave {wave}: {count}{' ✔' if int(wave) <= launch['wave'] else ''}"))
    for phase, count in sorted(counts["by_phase"].items()):
        bound.add(text(f"{phase_of(phase)}: {count}"))
    return tree


def _value_of(gate: dict[str, Any]) -> str:
    """What a measured gate shows, or why it shows nothing."""
    if gate.get("value") is not None:
        return f" ({gate['value']:g})"
    return f" ({gate['why'].replace('_', ' ')})" if gate.get("why") else ""
