"""`transfer`: a GPT changes hands between publishers."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gonogo.cli.exits import Failure
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="Hand a GPT over to another publisher, or take it.")

Transfer = Annotated[str, typer.Argument(metavar="TRANSFER")]


@command(app, "list")
def list_(
    session: Session,
    gpt: Annotated[str | None, typer.Option(help="All transfers of this GPT.")] = None,
) -> None:
    """Open offers of and to your publishers; with --gpt what became of that one's."""
    page = session.api.get(f"/v1/gpts/{gpt}/transfers" if gpt else "/v1/transfers")
    rows = [
        (one["id"], one["name"] or one["gpt"], _who(one["publisher"]), _who(one["to"]),
         one["step"], when(one["until"]))
        for one in page["items"]
    ]  # fmt: skip
    columns = ("transfer", "GPT", "from", "to", "", "until")
    session.screen.answer(page, session.screen.table(columns, rows))


@command(app, "show")
def show(session: Session, transfer: Transfer) -> None:
    """One transfer: whose turn it is, until when, what is in its way."""
    view = session.api.get(f"/v1/transfers/{transfer}")
    session.screen.answer(view, *_told(view))


@command(app, "offer")
def offer(
    session: Session,
    gpt: Annotated[str, typer.Argument(metavar="GPT")],
    publisher: Annotated[str, typer.Argument(metavar="PUBLISHER", help="Who shall get it.")],
    note: Annotated[str | None, typer.Option(help="Read by the receiving publisher.")] = None,
) -> None:
    """Offer a GPT of yours. Nothing changes before an owner of the other publisher accepts."""
    body = {"to": publisher, "note": note}
    answer = session.api.command(f"/v1/gpts/{gpt}/transfers", body)
    session.screen.answer(answer, answer["transfer"])
    session.screen.tell(f"take it back: gonogo transfer withdraw {answer['transfer']}")


@command(app, "accept")
def accept(
    session: Session,
    transfer: Transfer,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take it: from then on you submit, unlist and answer for it."""
    if not yes:
        view = session.api.get(f"/v1/transfers/{transfer}")
        for line in _told(view):
            session.screen.tell(str(line))
        if not typer.confirm("Accept it?", err=True):
            raise Failure("Nothing was done", transfer)
    _give(session, transfer, "accept", None, "it is yours")


@command(app, "decline")
def decline(
    session: Session,
    transfer: Transfer,
    reason: Annotated[str | None, typer.Option(help="A code; both sides read it.")] = None,
) -> None:
    """Turn it down."""
    _give(session, transfer, "decline", {"reason": reason}, "declined")


@command(app, "withdraw")
def withdraw(session: Session, transfer: Transfer) -> None:
    """Take the offer back; the GPT stays yours."""
    _give(session, transfer, "withdraw", None, "withdrawn")


def _give(
    session: Session, transfer: str, what: str, body: Mapping[str, Any] | None, done: str
) -> None:
    session.screen.answer(session.api.command(f"/v1/transfers/{transfer}/{what}", body), done)


def _who(side: Mapping[str, Any]) -> str:
    return str(side["name"] or side["id"])


def _told(view: Mapping[str, Any]) -> list[Any]:
    lines = [
        text(view["name"] or view["gpt"], "bold"),
        f"from {_who(view['publisher'])} to {_who(view['to'])}: {view['step']}",
        view["unblocks"],
    ]
    if view["by_when"]:
        lines.append(f"until {when(view['by_when'])}")
    if view["note"]:
        lines.append(f"note: {view['note']}")
    lines += [f"first: {what} ({', '.join(ids)})" for what, ids in view["in_the_way"].items()]
    return [line if not isinstance(line, str) else text(line) for line in lines]
