"""`people` and `publishers`: who may do what. For whoever runs the machine: on the database."""

from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.exits import USAGE, Failure
from gonogo.cli.screen import text
from gonogo.cli.session import Data, Session, command

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gonogo.db.identity import Identity
    from gonogo.settings import Settings

people = typer.Typer(no_args_is_help=True, help="People, their roles and tokens.")
publishers = typer.Typer(no_args_is_help=True, help="Who offers GPTs.")


@command(people, "add")
def add_person(
    session: Session,
    name: Annotated[str, typer.Argument()],
    role: Annotated[list[str], typer.Option(help="developer, reviewer, …; repeat for several.")],
    publisher: Annotated[
        list[str] | None, typer.Option(help="Publisher they belong to; repeat for several.")
    ] = None,
    data: Data = None,
) -> None:
    """Add a person and show their first token, once."""
    from policies.lifecycle.kernel import Role

    known = sorted(set(Role) - {Role.SYSTEM})
    unknown = sorted(set(role) - set(known))
    if unknown:
        raise Failure(
            f"No such role: {', '.join(unknown)}", "roles: " + ", ".join(known), exit_code=USAGE
        )
    settings = session.settings(data)
    identity = _identity(settings)
    missing = sorted(set(publisher or ()) - identity.names(publisher or ()).keys())
    if missing:
        raise Failure(f"No such publisher: {', '.join(missing)}", "gonogo publishers add NAME")
    person = identity.add_person(name, tuple(role), tuple(publisher or ()))
    token = identity.issue_token(person, "first")
    session.screen.tell(f"{person}; this token is shown once")
    session.screen.answer({"person": person, "token": token}, text(token))


@command(people, "token")
def token(
    session: Session,
    person: Annotated[str, typer.Argument(help="Id of the person.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int | None, typer.Option(help="Ends after so many days.", min=1)] = None,
    data: Data = None,
) -> None:
    """Make another token for a person; it is shown this once."""
    identity = _identity(session.settings(data))
    if person not in identity.names((person,)):
        raise Failure("There is no such person", person, "gonogo people list")
    made = identity.issue_token(person, label, days)
    session.screen.tell("this token is shown once")
    session.screen.answer({"person": person, "token": made}, text(made))


@command(people, "address")
def address(
    session: Session,
    person: Annotated[str, typer.Argument(help="Id of the person.")],
    email: Annotated[str | None, typer.Argument(metavar="[EMAIL]")] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Forget the address.")] = False,
    data: Data = None,
) -> None:
    """Say where a person gets mail. You vouch for it: no letter asks them to confirm."""
    from gonogo.notices.addresses import Addresses

    if (email is None) != erase:
        raise Failure("Give an address, or --erase", "", exit_code=USAGE)
    settings = session.settings(data)
    if person not in _identity(settings).names((person,)):
        raise Failure("There is no such person", person, "gonogo people list")
    book = Addresses(_engine(settings), settings.store)
    if email is None:
        gone = book.erase(person)
        session.screen.answer({"erased": gone}, "erased" if gone else "there was none")
        return
    try:
        book.keep(person, email)
    except ValueError as fault:
        raise Failure("This is no address", str(fault), exit_code=USAGE) from None
    session.screen.answer({"person": person, "confirmed": True}, "kept")


@command(people, "invite")
def invite_person(
    session: Session,
    person: Annotated[str, typer.Argument(help="Id of the person.")],
    email: Annotated[str, typer.Argument(help="Address that the identity provider verifies.")],
    data: Data = None,
) -> None:
    """Whoever first signs in with this verified address becomes the person, within 14 days."""
    from gonogo.db.enrolment import NotInvited, invite, normal_email
    from gonogo.db.session import engine_of, writing

    settings = session.settings(data)
    _identity(settings)
    engine = engine_of(settings.database)
    try:
        address = normal_email(email)
        with writing(engine) as db:
            row = invite(db, settings.store, person, address, "operator", once_more=True)
            until = row.expires_at.isoformat(timespec="minutes")
    except ValueError as fault:
        raise Failure("Not an e-mail address", str(fault), exit_code=USAGE) from fault
    except NotInvited as refused:
        told = {
            "nobody": ("There is no such person", "gonogo people list"),
            "left": ("This person left", "an administrator opens the account again"),
            "taken": ("Somebody else was invited by this address", "use another address"),
        }
        title, remedy = told[refused.code]
        raise Failure(title, person, remedy) from refused
    finally:
        engine.dispose()
    session.screen.answer({"person": person, "until": until}, f"invited until {until}")


@command(people, "list")
def list_people(session: Session, data: Data = None) -> None:
    """Everybody in the store, with roles."""
    from sqlmodel import select

    from gonogo.db.people import PersonRow
    from gonogo.db.session import engine_of, reading

    settings = session.settings(data)
    _identity(settings)
    with reading(engine_of(settings.database)) as db:
        rows = db.exec(select(PersonRow).where(PersonRow.store_id == settings.store)).all()
    there = [{"id": p.id, "name": p.name, "roles": p.roles} for p in rows if p.left_at is None]
    session.screen.answer(
        {"items": there},
        session.screen.table(
            ("person", "name", "roles"),
            [(p["id"], p["name"], ", ".join(p["roles"])) for p in there],
        ),
    )


@command(publishers, "add")
def add_publisher(
    session: Session,
    name: Annotated[str, typer.Argument()],
    verified: Annotated[
        bool, typer.Option("--verified", help="Domain or name was verified.")
    ] = False,
    data: Data = None,
) -> None:
    """Add a publisher. Nothing of an unverified one becomes visible."""
    identity = _identity(session.settings(data))
    publisher = identity.add_publisher(name, verified=verified)
    identity.adopt_publishers()
    session.screen.answer({"publisher": publisher, "verified": verified}, publisher)


def _engine(settings: "Settings") -> "Engine":
    from gonogo.db.session import engine_of

    return engine_of(settings.database)


def _identity(settings: "Settings") -> "Identity":
    """Of a store that is there, with the newest schema."""
    from gonogo.db.identity import Identity
    from gonogo.db.session import engine_of, migrate

    if settings.database_url is None and not (settings.data / "gonogo.db").exists():
        raise Failure("There is no store here", str(settings.data.resolve()), "gonogo init")
    engine = engine_of(settings.database)
    migrate(engine)
    identity = Identity(engine, settings.store)
    identity.ensure_store(settings.store)
    return identity
