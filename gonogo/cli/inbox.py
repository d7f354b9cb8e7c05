"""`inbox`: what you were told."""

from typing import Annotated

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="What you were told, and what is unread.")


@command(app, "list")
def list_(
    session: Session,
    unread: Annotated[bool, typer.Option("--unread", help="Only what is unread.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=200)] = 20,
) -> None:
    """Your inbox, the newest first."""
    page = session.api.get("/v1/me/inbox", unread=unread or None, limit=limit)
    rows = [
        (
            one["id"],
            text("" if one["read_at"] else "new", "yellow"),
            one["title"],
            when(one["at"]),
        )
        for one in page["items"]
    ]
    count = page["unread"]
    session.screen.answer(
        page,
        session.screen.table(("entry", "", "what", "when"), rows),
        f"{'more than 99' if count > 99 else count} unread",
    )


@command(app, "show")
def show(session: Session, entry: Annotated[str, typer.Argument(metavar="ENTRY")]) -> None:
    """One entry with its text; it counts as read then."""
    found = session.api.get(f"/v1/me/inbox/{entry}")
    session.api.put(f"/v1/me/inbox/{entry}/read")
    session.screen.answer(
        found, text(found["title"], "bold"), text(found["text"]), session.url + found["path"]
    )


@command(app, "read")
def read(
    session: Session,
    entry: Annotated[str | None, typer.Argument(metavar="[ENTRY]")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything up to now.")] = False,
) -> None:
    """Mark one entry as read, or everything that was there when you asked."""
    if (entry is None) == (not everything):
        raise Failure("Name one entry, or say --all", "", "gonogo inbox list", exit_code=USAGE)
    if entry is not None:
        session.api.put(f"/v1/me/inbox/{entry}/read")
        session.screen.answer({"read": 1}, "read")
        return
    newest = session.api.get("/v1/me/inbox", limit=1)["items"]
    answer = {"read": 0}
    if newest:
        answer = session.api.put("/v1/me/inbox/read", {"until": newest[0]["at"]})
    session.screen.answer(answer, f"{answer['read']} marked as read")
