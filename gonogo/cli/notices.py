"""`notices`: what was given up, sending it again, and how a notice looks. On the machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.screen import text, when
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from gonogo.notices.outlook import Outlook

app = typer.Typer(no_args_is_help=True, help="Mails and webhooks that were given up; templates.")


@command(app, "dead")
def dead(
    session: Session,
    channel: Annotated[str, typer.Option(help="mail or webhook")] = "mail",
    data: Data = None,
) -> None:
    """Deliveries nobody tries any more, the newest first, with why."""
    from policies.lifecycle.kernel import iso
    from policies.rules.notice_topics import Channel

    if channel not in ("mail", "webhook"):
        raise Failure("No such channel", channel, "--channel mail, or webhook", exit_code=USAGE)
    rows = [
        {
            "id": row.id,
            "recipient": row.recipient,
            "subject": row.subject,
            "receipt": row.receipt,
            "attempts": row.attempts,
            "at": iso(row.created_at),
        }
        for row in _outlook(session, data).dead(Channel(channel))
    ]
    session.screen.answer(
        {"items": rows},
        session.screen.table(
            ("delivery", "to", "about", "why", "when"),
            [
                (r["id"], r["recipient"], r["subject"], r["receipt"], when(str(r["at"])))
                for r in rows
            ],
        ),
    )


@command(app, "replay")
def replay(
    session: Session,
    recipient: Annotated[str, typer.Argument(help="A person or a webhook.")],
    delivery: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    hours: Annotated[int, typer.Option(help="Or what was given up since.", min=1)] = 24,
    data: Data = None,
) -> None:
    """Send again what was given up, under the same ids."""
    from datetime import UTC, datetime, timedelta

    since = datetime.now(UTC) - timedelta(hours=hours)
    count = _outlook(session, data).replay(recipient, delivery=delivery, since=since)
    session.screen.answer({"replayed": count}, f"{count} on their way")


@command(app, "put-aside")
def put_aside(
    session: Session,
    delivery: Annotated[str, typer.Argument(help="As `gonogo notices dead` shows it.")],
    data: Data = None,
) -> None:
    """It is dealt with: it leaves the list, and is deleted when its time is over."""
    if not _outlook(session, data).put_aside(delivery):
        raise Failure("Nothing of this id was given up", delivery, "gonogo notices dead")
    session.screen.answer({"delivery": delivery}, "put aside")


@command(app, "preview")
def preview(
    session: Session,
    notice: Annotated[str | None, typer.Argument(metavar="[NOTICE]")] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML part.")] = False,
) -> None:
    """How a notice looks, with made-up facts; without a name, which there are."""
    from gonogo.notices.rendering import Renderer, example, templates

    known = [name for name in templates() if name != "digest"]
    if notice is None:
        session.screen.answer({"items": known}, *known)
        return
    if notice not in known:
        raise Failure("No such notice", notice, "gonogo notices preview", exit_code=USAGE)
    made = Renderer("https://store.example", "Europe/London").render(example(notice))
    session.screen.answer(
        {"subject": made.subject, "text": made.text, "html": made.html},
        text(made.subject, "bold"),
        text(made.html if html else made.text),
    )


def _outlook(session: Session, data: Data) -> "Outlook":
    from gonogo.db.session import engine_of
    from gonogo.notices.outlook import Outlook

    settings = session.settings(data)
    if settings.database_url is None and not (settings.data / "gonogo.db").exists():
        raise Failure("There is no store here", str(settings.data.resolve()), "gonogo init")
    return Outlook(engine_of(settings.database), settings.store)
