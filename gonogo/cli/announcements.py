"""`announcements`: what everybody was told of launches."""

import typer

from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command


def register(app: typer.Typer) -> None:
    command(app, "announcements")(announcements)


def announcements(session: Session) -> None:
    """Launches that everybody was told of, and their dates as told; the newest word first."""
    page = session.api.get("/v1/announcements")
    rows = [
        (one["title"], one["status"], _date(one), when(one["told_at"]), one["memos"][0]["id"])
        for one in page["items"]
    ]
    shown = [session.screen.table(("launch", "status", "date", "told", "memo"), rows)]
    if page["next"]:
        shown.append(text("older ones are on the page /announcements"))
    session.screen.answer(page, *shown)


def _date(one: dict[str, object]) -> str:
    if one["open_since"]:
        return f"open since {when(str(one['open_since']))}"
    date = one["date"]
    return str(date["words"]["en"]) if isinstance(date, dict) else "not told"
