"""`publisher`: your publisher, its members, how it is verified; for staff, attesting."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gonogo.cli.exits import UNDECIDED, Failure
from gonogo.cli.screen import text, when
from gonogo.cli.session import Session, command
from gonogo.wording import proof_fault

app = typer.Typer(no_args_is_help=True, help="Your publisher: members, domain, verification.")

Publisher = Annotated[str, typer.Argument(metavar="PUBLISHER")]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="Id of the person (GET /v1/me).")]
Reason = Annotated[str, typer.Option("--reason", help="A code, or a sentence.")]


@command(app, "list")
def list_(session: Session) -> None:
    """Publishers you belong to, for staff all of them; and where you are invited."""
    page = session.api.get("/v1/publishers")
    rows = [(p["id"], p["name"], "verified" if p["verified"] else "") for p in page["items"]]
    session.screen.answer(page, session.screen.table(("publisher", "name", ""), rows))
    for publisher, until in page["invitations"].items():
        session.screen.tell(
            f"invited to {publisher} until {when(until)}: gonogo publisher accept {publisher}"
        )


@command(app, "found")
def found(session: Session, name: Annotated[str, typer.Argument()]) -> None:
    """Found a publisher; you are its first owner."""
    answer = session.api.command("/v1/publishers", {"name": name})
    publisher = answer["publisher"]
    session.screen.answer(answer, publisher)
    session.screen.tell(f"verify it: gonogo publisher challenge {publisher} DOMAIN")


@command(app, "show")
def show(session: Session, publisher: Publisher) -> None:
    """Members, verification, and what to put where to prove the domain."""
    view = session.api.get(f"/v1/publishers/{publisher}")
    members = session.screen.table(("member", "role"), sorted(view["members"].items()))
    session.screen.answer(view, text(view["name"], "bold"), *_standing(view), members)


@command(app, "choices")
def choices(session: Session, publisher: Publisher) -> None:
    """What postponed launches ask about its releases, and what was said."""
    page = session.api.get(f"/v1/publishers/{publisher}/choices")
    rows = [
        (
            one["name"],
            f"until {when(one['decide_by'])}" if one["open"] else "over",
            r["release"],
            r["name"] or r["gpt"],
            r["choice"] or ("" if one["open"] else one["default"]),
        )
        for one in page["items"]
        for r in one["releases"]
    ]
    session.screen.answer(
        page, session.screen.table(("launch", "", "release", "GPT", "choice"), rows)
    )


@command(app, "challenge")
def challenge(
    session: Session, publisher: Publisher, domain: Annotated[str, typer.Argument()]
) -> None:
    """Name the domain that proves who you are, and be told what to put there."""
    session.api.command(f"/v1/publishers/{publisher}/challenge", {"domain": domain})
    view = session.api.get(f"/v1/publishers/{publisher}")
    session.screen.answer(view["challenge"], *_steps(view["challenge"]))
    session.screen.tell(f"then: gonogo publisher check {publisher} --wait")


@command(app, "check")
def check(
    session: Session,
    publisher: Publisher,
    wait: Annotated[bool, typer.Option("--wait", help="Ask again until it is proven.")] = False,
    timeout: Annotated[float, typer.Option(help="With --wait: seconds.", min=1)] = 900,
    pause: Annotated[float, typer.Option(help="With --wait: seconds between looks.", min=1)] = 65,
) -> None:
    """Look at the domain now. 0 when it is proven, 1 when not, 5 when the waiting ended first."""
    ends = time.monotonic() + timeout
    while True:
        answer = session.api.command(f"/v1/publishers/{publisher}/check")
        if answer.get("verified") and not answer.get("why"):
            session.screen.answer(answer, text("verified", "green"))
            return
        told = [proof_fault(code) for code in answer.get("why", ())]
        if not wait or time.monotonic() + pause > ends:
            raise Failure(
                "The domain does not show it yet",
                "\n".join(told),
                f"gonogo publisher show {publisher} says what to put where",
                exit_code=UNDECIDED if wait else 1,
                value=answer,
            )
        session.screen.tell("; ".join(told))
        time.sleep(pause)


@command(app, "rename")
def rename(session: Session, publisher: Publisher, name: Annotated[str, typer.Argument()]) -> None:
    """Change the name. One that staff attested has to be attested anew."""
    _give(session, publisher, "rename", {"name": name}, "renamed")


@command(app, "invite")
def invite(
    session: Session,
    publisher: Publisher,
    person: Person,
    role: Annotated[str, typer.Option(help="owner or member")] = "member",
) -> None:
    """Invite a person, by their id."""
    _give(session, publisher, "invitations", {"person": person, "role": role}, "invited")


@command(app, "uninvite")
def uninvite(session: Session, publisher: Publisher, person: Person) -> None:
    """Take an invitation back."""
    _give(session, publisher, f"invitations/{person}/withdraw", None, "withdrawn")


@command(app, "accept")
def accept(session: Session, publisher: Publisher) -> None:
    """Become a member; from then on you decide nothing about its GPTs."""
    _give(session, publisher, "accept", None, "you are a member")


@command(app, "decline")
def decline(session: Session, publisher: Publisher) -> None:
    """Turn an invitation down."""
    _give(session, publisher, "decline", None, "declined")


@command(app, "duties")
def duties(
    session: Session,
    publisher: Publisher,
    confirm: Annotated[str | None, typer.Option(help="A duty that is done.")] = None,
) -> None:
    """What has to be done before its GPTs open with a launch."""
    if confirm:
        session.api.command(f"/v1/duties/{publisher}/{confirm}")
    view = session.api.get(f"/v1/duties/{publisher}")
    rows = [(one["id"], one["title"], "done" if one["done"]
             else "the store looks itself" if one["measured"] else "to be done")
            for one in view["items"]]  # fmt: skip
    session.screen.answer(view, session.screen.table(("duty", "", ""), rows))


@command(app, "leave")
def leave(session: Session, publisher: Publisher) -> None:
    """Stop being a member. The last owner hands over first, or closes it."""
    _give(session, publisher, "leave", None, "you left")


@command(app, "remove")
def remove(session: Session, publisher: Publisher, person: Person) -> None:
    """End somebody's membership."""
    _give(session, publisher, f"members/{person}/remove", None, "removed")


@command(app, "role")
def role(
    session: Session,
    publisher: Publisher,
    person: Person,
    role: Annotated[str, typer.Argument(help="owner or member")],
) -> None:
    """Make a member an owner, or an owner a member."""
    _give(session, publisher, f"members/{person}/role", {"role": role}, f"{role} now")


@command(app, "attest")
def attest(
    session: Session,
    publisher: Publisher,
    reason: Reason,
    note: Annotated[str, typer.Option(help="Which two documents name it, and who saw them.")],
) -> None:
    """Staff: the name is verified on documents. Shows what you attest to first."""
    view = session.api.get(f"/v1/publishers/{publisher}")
    session.screen.tell(f"{view['name']} ({view['standing']})")
    body = {"reason": reason, "note": note}
    path = f"/v1/publishers/{publisher}/attest"
    session.screen.answer(session.api.command(path, body, version=view["version"]), "attested")


@command(app, "revoke")
def revoke(session: Session, publisher: Publisher, reason: Reason) -> None:
    """Staff: the verification no longer stands; nothing of it grows any more."""
    _give(session, publisher, "revoke", {"reason": reason}, "revoked")


@command(app, "reinstate")
def reinstate(session: Session, publisher: Publisher, reason: Reason) -> None:
    """Staff, another person than who revoked: its owners may prove a domain again."""
    _give(session, publisher, "reinstate", {"reason": reason}, "reinstated")


@command(app, "add")
def add(
    session: Session,
    publisher: Publisher,
    person: Person,
    role: Annotated[str, typer.Option(help="owner or member")] = "member",
) -> None:
    """An administrator: add a member, or name an owner where the owners are gone."""
    path = f"/v1/publishers/{publisher}/members/{person}"
    session.screen.answer(session.api.put(path, {"role": role}), f"{role} now")


@command(app, "close")
def close(
    session: Session,
    publisher: Publisher,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Close it for good, once nothing of it is listed or open."""
    if not yes and not typer.confirm(f"Close {publisher} for good?", err=True):
        raise Failure("Nothing was done", publisher)
    _give(session, publisher, "close", None, "closed")


def _give(
    session: Session, publisher: str, what: str, body: Mapping[str, Any] | None, done: str
) -> None:
    session.screen.answer(session.api.command(f"/v1/publishers/{publisher}/{what}", body), done)


def _standing(view: Mapping[str, Any]) -> list[str]:
    lines = [f"{view['standing']}" + (f" by {view['method']}" if view["method"] else "")]
    if view.get("revoked"):
        lines.append(view["unblocks"])
    if view["domain"]:
        lines.append(f"domain {view['domain']}, looked at again {when(view['recheck_at'])}")
    if view["grace_until"]:
        lines.append(f"stands until {when(view['grace_until'])}")
    lines += [f"last look: {proof_fault(code)}" for code in view["why"]]
    return [*lines, *_steps(view["challenge"])] if view["challenge"] else lines


def _steps(told: Mapping[str, Any]) -> list[str]:
    if told.get("erased"):
        return ["the domain was erased; name it again"]
    return [
        f"Show one of these by {when(told['until'])}:",
        f"  TXT record  {told['dns']['name']}",
        f"              {told['dns']['value']}",
        f"  or a file   {told['https']['url']}",
        f"              with the line {told['https']['content']}",
    ]
