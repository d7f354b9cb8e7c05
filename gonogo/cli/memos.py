"""`memo`: what insiders and everybody are told about a launch: written, edited, sent, corrected."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.files import read
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="Memos about launches: for insiders and everybody.")

Memo = Annotated[str, typer.Argument(metavar="MEMO")]
Part = Annotated[
    str, typer.Option("--part", help="internal/en, internal/fr, public/en or public/fr.")
]


@command(app, "list")
def list_(
    session: Session,
    launch: Annotated[str | None, typer.Option(help="Only those about this launch.")] = None,
) -> None:
    """Memos, the newest first."""
    page = session.api.get("/v1/memos", launch=launch)
    rows = [
        (one["id"], one["launch"], one["kind"], one["status"], when(one["public_at"]),
         one["corrected_by"] or "")
        for one in page["items"]
    ]  # fmt: skip
    columns = ("memo", "launch", "about", "status", "public", "corrected by")
    session.screen.answer(page, session.screen.table(columns, rows))


@command(app, "prepare")
def prepare(
    session: Session,
    launch: Annotated[str, typer.Argument(metavar="LAUNCH")],
    about: Annotated[
        int | None, typer.Option(help="Number of an event; default: the newest.")
    ] = None,
) -> None:
    """Write a memo from the record. Nobody has it before it is sent."""
    answer = session.api.command("/v1/memos", {"launch": launch, "about": about})
    session.screen.answer(answer, text(answer["subject"]))


@command(app, "show")
def show(session: Session, memo: Memo) -> None:
    """Every part of a memo, and who has it."""
    found = session.api.get(f"/v1/memos/{memo}")
    shown: list[Any] = [text(f"{found['kind']} · {found['status']} · {found['launch']}", "bold")]
    for name, sent in found["sent"].items():
        shown.append(text(f"sent to {name}: {when(sent['at'])}"))
    for key in ("corrects", "corrected_by"):
        if found[key]:
            shown.append(text(f"{key.replace('_', ' ')} {found[key]}", "yellow"))
    for name, part in found["parts"].items():
        shown += [text(f"\n{name}: {part['subject']}", "bold"), text(part["text"])]
    session.screen.answer(found, *shown)


@command(app, "edit")
def edit(
    session: Session,
    memo: Memo,
    part: Part,
    file: Annotated[Path, typer.Option(help="The new text; - is stdin.")],
    subject: Annotated[str | None, typer.Option(help="Another subject line.")] = None,
) -> None:
    """Change one part before it is sent."""
    said = read(file)
    if subject is None:
        known = session.api.get(f"/v1/memos/{memo}")["parts"]
        if part not in known:
            raise Failure(
                "The memo has no such part", part, f"one of {', '.join(known)}", exit_code=USAGE
            )
        subject = known[part]["subject"]
    body = {"part": part, "subject": subject, "text": said}
    answer = session.api.command(f"/v1/memos/{memo}/edit", body)
    session.screen.answer(answer, text("changed"))


@command(app, "send")
def send(
    session: Session,
    memo: Memo,
    to: Annotated[str, typer.Option("--to", help="internal (insiders) or public (everybody).")],
) -> None:
    """Send it. What was sent is never changed; a correction is another memo."""
    answer = session.api.command(f"/v1/memos/{memo}/send", {"audience": to})
    session.screen.answer(answer, text(f"sent to {to}"))


@command(app, "correct")
def correct(
    session: Session,
    memo: Memo,
    right: Annotated[str, typer.Option("--right", help="What is right, in words.")],
) -> None:
    """Write the correction of a memo that was sent; send it as any other."""
    wrong = session.api.get(f"/v1/memos/{memo}")
    body = {"launch": wrong["launch"], "about": wrong["about"], "corrects": memo, "right": right}
    answer = session.api.command("/v1/memos", body)
    session.screen.answer(answer, text(answer["subject"]))


@command(app, "discard")
def discard(session: Session, memo: Memo) -> None:
    """Give it up while nobody has it."""
    answer = session.api.command(f"/v1/memos/{memo}/discard")
    session.screen.answer(answer, text("discarded"))
