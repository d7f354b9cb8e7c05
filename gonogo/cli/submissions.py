"""`submit` and `status`: send a bundle, follow what becomes of it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from gonogo.cli.exits import REFUSED, UNDECIDED, USAGE, Failure
from gonogo.cli.screen import Screen, text, when
from gonogo.cli.session import Session, command
from gonogo.cli.words import stage_of, style_of, turn_of

if TYPE_CHECKING:
    from rich.console import RenderableType

POLL_S = 0.2  # least time between two questions, should the long poll answer at once
# The developer's turn: nothing more happens here without them.
_ENDS = frozenset(
    {"approved", "rejected", "withdrawn", "expired", "info_requested", "changes_requested"}
)
_FINAL = frozenset({"approved", "rejected", "withdrawn", "expired"})


def register(app: typer.Typer) -> None:
    command(app, "submit")(submit)
    command(app, "status")(status)


def submit(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="The bundle: a folder with a gpt.yaml.")],
    gpt: Annotated[str | None, typer.Option(help="Id of the GPT; default: by its name.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Needed if you belong to several.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the decision.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Longest wait, in seconds.")] = None,
) -> None:
    """Submit a bundle. With --wait the exit code is the decision: 0 approved, 1 anything else."""
    from gonogo.cli.client import Refusal

    files = [("files", item) for item in bundle_files(folder, session.screen)]
    try:
        taken = session.api.command(
            "/v1/submissions", {"gpt": gpt, "publisher": publisher}, files=files
        )
    except Refusal as refusal:
        if refusal.code == "bundle-refused" and not session.screen.json_only:
            session.screen.err.print(_faults(session.screen, refusal.problem["faults"]))
        raise
    subject = str(taken["subject"])
    if not wait:
        session.screen.answer(taken, f"taken as {subject}", f"gonogo status {subject} --watch")
        return
    session.screen.tell(f"taken as {subject}")
    case = last_of(followed(session, subject, timeout))
    session.screen.answer(case, *_case(session.screen, case))
    if case["stage"] not in _ENDS:
        session.screen.tell(f"not decided yet: gonogo status {subject} --watch goes on watching")
        raise typer.Exit(UNDECIDED)
    if case["stage"] != "approved":
        raise typer.Exit(REFUSED)


def status(
    session: Session,
    submission: Annotated[str | None, typer.Argument(help="Default: all of yours.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Until it is final.")] = False,
) -> None:
    """Where a submission stands: whose turn it is, by when, what would unblock it."""
    if submission is None:
        if watch:
            raise Failure("Watch what?", "--watch needs the id of a submission", exit_code=USAGE)
        page = session.api.get("/v1/submissions", mine="true")
        rows = [
            (
                case["id"],
                case["name"] or case["gpt"],
                text(stage_of(case["stage"]), style_of(case["stage"])),
                turn_of(case["turn"]),
                when(case["by_when"]),
            )
            for case in page["items"]
        ]
        columns = ("submission", "GPT", "stage", "whose turn", "by when")
        session.screen.answer(page, session.screen.table(columns, rows))
        return
    if watch:
        case = last_of(followed(session, submission, None, ends=_FINAL))
    else:
        case = session.api.get(f"/v1/submissions/{submission}")
    session.screen.answer(case, *_case(session.screen, case))


def bundle_files(folder: Path, screen: Screen) -> Iterator[tuple[str, bytes]]:
    """(path inside the bundle, bytes) of every file; hidden ones are left out and named."""
    if not (folder / "gpt.yaml").is_file():
        raise Failure("This is no bundle", f"{folder} has no gpt.yaml", exit_code=USAGE)
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            if path.is_file():
                screen.tell(f"left out: {inside} (hidden)", "dim")
            continue
        if not path.is_file():
            continue
        if not path.resolve().is_relative_to(root):
            raise Failure(
                "A file lies outside the bundle",
                f"{inside} is a link to {path.resolve()}",
                exit_code=USAGE,
            )
        yield inside.as_posix(), path.read_bytes()


class _Line(Protocol):
    def update(self, status: str) -> None: ...


def followed(
    session: Session, subject: str, timeout_s: float | None, ends: frozenset[str] = _ENDS
) -> Iterator[dict[str, Any]]:
    """The case each time it moved, ending at one of `ends` or after `timeout_s`."""
    from gonogo.cli.client import LONG_POLL_S

    until = None if timeout_s is None else time.monotonic() + timeout_s
    terminal = session.screen.err.is_terminal and not session.screen.json_only
    waiting: AbstractContextManager[Any] = (
        session.screen.err.status("…") if terminal else nullcontext()
    )
    case: dict[str, Any] = session.api.get(f"/v1/submissions/{subject}")
    with waiting as line:
        while True:
            _progress(session.screen, case, line)
            yield case
            seen = (case["version"], case["stage"], case["by_when"])
            while seen == (case["version"], case["stage"], case["by_when"]):
                if case["stage"] in ends:
                    return
                left = LONG_POLL_S if until is None else until - time.monotonic()
                if left <= 0:
                    return
                began = time.monotonic()
                case = session.api.get(
                    f"/v1/submissions/{subject}",
                    version=case["version"],
                    wait=max(1, int(min(LONG_POLL_S, left))),
                )
                time.sleep(max(0.0, min(POLL_S - (time.monotonic() - began), left)))


def last_of(cases: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Follow to the end."""
    for case in cases:
        last = case
    return last


def _progress(screen: Screen, case: Mapping[str, Any], line: _Line | None) -> None:
    by = f", by {when(case['by_when'])}" if case["by_when"] else ""
    said = f"{stage_of(case['stage'])}: {turn_of(case['turn'])}'s turn{by} – {case['unblocks']}"
    if line is None:
        screen.tell(said)
    else:
        from rich.markup import escape

        line.update(escape(said))


def _case(screen: Screen, case: Mapping[str, Any]) -> list["RenderableType"]:
    """The whole story of one case, for people."""
    rows: list[tuple[str, object]] = [
        ("GPT", case["name"] or case["gpt"]),
        ("submission", case["id"]),
        ("stage", text(stage_of(case["stage"]), style_of(case["stage"]))),
        ("whose turn", turn_of(case["turn"])),
        ("by when", when(case["by_when"])),
        ("what unblocks", case["unblocks"]),
        ("round", f"{case['round']}, version {case['version']}"),
        ("digest", case["digest"]),
        (
            "risk tier",
            f"{case['tier'] or 'not yet known'}"
            + (f" ({', '.join(case['tier_reasons'])})" if case["tier_reasons"] else ""),
        ),
    ]
    for name, field in (("why", "why"), ("evidence forbids", "blocked_by")):
        if case[field]:
            rows.append((name, ", ".join(case[field])))
    if case["decision"]:
        rows.append(("decided", f"{case['decision']['verdict']} by {case['decision']['by']}"))
    if case["release"]:
        rows.append(("release", case["release"]))
    return [screen.table(("", ""), rows)]


def _faults(screen: Screen, faults: list[Mapping[str, str]]) -> "RenderableType":
    rows = [(f["file"] or "(bundle)", f["pointer"], f["code"], f["message"]) for f in faults]
    return screen.table(("file", "where", "code", "what"), rows)
