"""The command line `gonogo`. Nothing heavy is imported before a command needs it."""

import typer

from gonogo.cli import (
    announcements,
    audit,
    backups,
    embargoes,
    importing,
    inbox,
    installation,
    launch_ahead,
    launch_ends,
    launch_postponing,
    memos,
    notices,
    people,
    places,
    publishers,
    purges,
    recordkeeping,
    releases,
    retention,
    reviews,
    stops,
    submissions,
    transfers,
    windows,
)

# What is said to launches fills several files, which share one `launch`.
LAUNCH = (launch_ends, launch_postponing, launch_ahead)

app = typer.Typer(
    name="gonogo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Governance and release management for a GPT store.",
    epilog="Exit codes: 0 done, 1 refused, 2 usage, 3 unavailable, 4 who are you, 5 undecided.",
)

places.register(app)
submissions.register(app)
importing.register(app)
app.add_typer(reviews.app, name="review")
app.add_typer(releases.app, name="release")
app.add_typer(LAUNCH[0].app, name="launch")
app.add_typer(stops.app, name="stop")
app.add_typer(windows.app, name="windows")
app.add_typer(embargoes.app, name="embargo")
app.add_typer(memos.app, name="memo")
app.add_typer(inbox.app, name="inbox")
app.add_typer(publishers.app, name="publisher")
app.add_typer(transfers.app, name="transfer")
app.add_typer(notices.app, name="notices")
app.add_typer(purges.app, name="purge")
app.add_typer(purges.holds, name="hold")
announcements.register(app)
installation.register(app)
recordkeeping.register(app)
retention.register(app)
audit.register(app)
backups.register(app)
app.add_typer(people.people, name="people")
app.add_typer(people.publishers, name="publishers")


def main() -> None:
    app(prog_name="gonogo")
