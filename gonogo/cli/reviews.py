"""`review`: the queue, one case, and every word a reviewer can say about it.

A decision names the digest and version it is about. Both are fetched here and shown, so that what
was decided on is never in doubt; with `--digest` the case must still be at what was read.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command
from gonogo.cli.words import stage_of, style_of, turn_of

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, help="Review what developers submit.")

_DEVELOPERS = frozenset({"submit", "withdraw", "answer"})

Subject = Annotated[str, typer.Argument(metavar="SUBMISSION")]
Digest = Annotated[
    str | None, typer.Option(help="Decide only if the case is still at this digest.")
]
Note = Annotated[str | None, typer.Option(help="For the developer, in your words.")]
MustNote = Annotated[str, typer.Option("--note", help="For the developer, in your words.")]
Clauses = Annotated[list[str], typer.Option("--clause", help="Policy clause; repeat for several.")]


@command(app, "list")
def list_(session: Session) -> None:
    """The queue, by due date."""
    page = session.api.get("/v1/reviews")
    rows = [
        (
            case["id"],
            case["name"] or case["gpt"],
            text(stage_of(case["stage"]), style_of(case["stage"])),
            case["tier"] or "–",
            case["round"],
            text(when(case["due_at"]), "red" if case.get("overdue") else ""),
            case["claimant"] or "–",
        )
        for case in page["items"]
    ]
    columns = ("submission", "GPT", "stage", "tier", "round", "due", "claimed by")
    session.screen.answer(page, session.screen.table(columns, rows))


@command(app, "show")
def show(session: Session, subject: Subject) -> None:
    """One case: the bundle, what was found out, and what you may do."""
    api, screen = session.api, session.screen
    base = f"/v1/submissions/{subject}"
    found = {
        "case": api.get(base),
        "bundle": api.get_or_none(f"{base}/bundle"),
        "evidence": api.get_or_none(f"{base}/evidence"),
        "difference": api.get_or_none(f"{base}/difference"),
        "can": api.get(f"{base}/can"),
    }
    screen.answer(
        found,
        _facts(screen, found["case"]),
        *_bundle(found["bundle"]),
        *_evidence(session, found["evidence"]),
        *_difference(found["difference"]),
        _can(session, found["can"]["commands"]),
    )


@command(app, "claim")
def claim(session: Session, subject: Subject) -> None:
    """Claim a case: nobody else decides it while your lease holds."""
    answer = session.api.command(f"/v1/reviews/{subject}/claim")
    session.screen.answer(answer, f"yours until {when(answer.get('lease_until'))}")


@command(app, "release")
def release(session: Session, subject: Subject) -> None:
    """Give a claimed case back; due date and notes stay."""
    answer = session.api.command(f"/v1/reviews/{subject}/release")
    session.screen.answer(answer, "back in the queue")


@command(app, "approve")
def approve(
    session: Session,
    subject: Subject,
    digest: Digest = None,
    note: Note = None,
    check: Annotated[list[str] | None, typer.Option(help="Checklist item that holds.")] = None,
    all_checked: Annotated[
        bool, typer.Option("--all-checked", help="Every item of the checklist holds.")
    ] = False,
) -> None:
    """Approve. Every item of the checklist must hold; you are asked where nothing is given."""
    items = session.api.get("/v1/policy")["checklist"]
    checked = [item["id"] for item in items] if all_checked else list(check or ())
    if not checked:
        checked = _asked(items)
    _decide(session, subject, "approve", digest, {"note": note, "checklist": checked})


@command(app, "reject")
def reject(
    session: Session, subject: Subject, clause: Clauses, note: MustNote, digest: Digest = None
) -> None:
    """Reject: this digest returns only by appeal."""
    _decide(session, subject, "reject", digest, {"clauses": clause, "note": note})


@command(app, "request-changes")
def request_changes(
    session: Session, subject: Subject, clause: Clauses, note: MustNote, digest: Digest = None
) -> None:
    """Ask for changes; the case keeps its place and its due date."""
    _decide(session, subject, "request_changes", digest, {"clauses": clause, "note": note})


@command(app, "ask")
def ask(
    session: Session,
    subject: Subject,
    note: MustNote,
    reason: Annotated[str, typer.Option(help="Reason code, such as unclear_purpose.")],
    digest: Digest = None,
) -> None:
    """Ask the developer a question; the review clock stops until the answer."""
    _decide(session, subject, "ask", digest, {"reason": reason, "note": note})


@command(app, "confirm")
def confirm(session: Session, subject: Subject, digest: Digest = None) -> None:
    """Confirm a colleague's verdict as the second person."""
    _decide(session, subject, "confirm", digest, {})


@command(app, "disagree")
def disagree(session: Session, subject: Subject, note: MustNote, digest: Digest = None) -> None:
    """Disagree with a colleague's verdict; the case goes back to the queue."""
    _decide(session, subject, "disagree", digest, {"note": note})


@command(app, "undo")
def undo(session: Session, subject: Subject) -> None:
    """Take your decision back before it takes effect."""
    _decide(session, subject, "undo", None, {})


def _decide(
    session: Session, subject: str, verdict: str, digest: str | None, body: Mapping[str, Any]
) -> None:
    case = session.api.get(f"/v1/submissions/{subject}")
    if digest is not None and not (len(digest) >= 8 and case["digest"].startswith(digest)):
        raise Failure(
            "The case has moved on",
            f"it is at {case['digest']} now, round {case['round']}",
            f"gonogo review show {subject}",
        )
    session.screen.tell(
        f"{verdict.replace('_', ' ')}: {case['name'] or case['gpt']}, round {case['round']}, "
        f"version {case['version']}, digest {case['digest']}"
    )
    answer = session.api.command(
        f"/v1/reviews/{subject}/decisions",
        {"verdict": verdict, "digest": case["digest"], **body},
        version=case["version"],
    )
    stage = str(answer.get("stage"))
    effective = answer.get("effective_at")
    more = f"; takes effect {when(effective)}, until then: undo" if effective else ""
    session.screen.answer(answer, text(f"{stage_of(stage)}{more}", style_of(stage)))


def _asked(items: list[Mapping[str, str]]) -> list[str]:
    if not sys.stdin.isatty():
        missing = ", ".join(item["id"] for item in items)
        raise Failure(
            "The checklist is missing", missing, "--check ID … or --all-checked", exit_code=USAGE
        )
    return [item["id"] for item in items if typer.confirm(item["question"], err=True)]


def _facts(screen: Any, case: Mapping[str, Any]) -> "RenderableType":
    rows: list[tuple[str, object]] = [
        ("GPT", case["name"] or case["gpt"]),
        ("publisher", case["publisher"]),
        ("stage", text(stage_of(case["stage"]), style_of(case["stage"]))),
        ("whose turn", f"{turn_of(case['turn'])}, by {when(case['by_when'])}"),
        ("what unblocks", case["unblocks"]),
        ("claimed by", case["claimant"] or "nobody"),
        ("risk tier", f"{case['tier'] or '–'} ({', '.join(case['tier_reasons'])})"),
        ("round", f"{case['round']}, version {case['version']}"),
        ("digest", case["digest"]),
        ("evidence forbids", ", ".join(case["blocked_by"]) or "nothing"),
    ]
    return screen.table(("", ""), rows)  # type: ignore[no-any-return]  # Screen is heavy to name here


def _evidence(session: Session, evidence: Any) -> list["RenderableType"]:
    """What the scan and the tests of the present round found, in a line each."""
    rows: list[tuple[object, ...]] = []
    for item in (evidence or {}).get("items", ()):
        found = item.get("summary")
        if not item.get("current") or not found:
            continue
        if item["kind"] == "static":
            rules = ", ".join(found["rules"]) or "nothing"
            rows.append(("scan", f"{found['blocking']} block, {found['advisory']} to note", rules))
            continue
        verdicts = {one["suite"]: one["verdict"] for one in found["gate"]["suites"]}
        for suite in found["suites"]:
            counts = ", ".join(f"{n} {name}" for name, n in suite["counts"].items() if n)
            verdict = verdicts.get(suite["suite"], "unknown").replace("_", " ")
            rows.append((suite["suite"], verdict, counts or suite["not_exercised"]))
    return [session.screen.table(("evidence", "", "found"), rows)] if rows else []


def _bundle(bundle: Any) -> list["RenderableType"]:
    """Description and instructions, as they were sent."""
    if not bundle:
        return [text("the bundle cannot be read", "red")]
    files = ", ".join(f"{one['path']} ({one['bytes']} bytes)" for one in bundle["files"])
    return [
        text("description", "bold"),
        text(bundle["manifest"].get("description", "")),
        text("instructions", "bold"),
        text(bundle["instructions"]),
        text("files", "bold"),
        text(files or "none beside the manifest"),
    ]


def _difference(difference: Any) -> list["RenderableType"]:
    """The unified difference of the instructions, and which files and fields changed."""
    if not difference:
        return []
    styles = {"+": "green", "-": "red", "@": "cyan"}
    lines = difference.get("instructions") or ()
    changed = [
        f"{name}: {', '.join(difference[name])}"
        for name in ("areas", "added", "removed", "changed")
        if difference.get(name)
    ]
    return [*map(text, changed), *(text(line, styles.get(line[:1], "")) for line in lines)]


def _can(session: Session, commands: Mapping[str, Mapping[str, Any]]) -> "RenderableType":
    rows = [
        (
            name.replace("_", " "),
            text("yes", "green") if can["allowed"] else "no",
            "" if can["allowed"] else can["because"],
        )
        for name, can in commands.items()
        if name not in _DEVELOPERS
    ]
    return session.screen.table(("you may", "", "why not"), rows)
