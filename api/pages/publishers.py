"""Pages of publishers: what to put where to be verified, why it did not work, who belongs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import Form, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.bodies import ReasonBody
from api.deps import Cursor, Services, SubjectId, Svc, etag
from api.errors import Problem
from api.pages.forms import Key, Line, Said, Version, fresh_key, key_of, needed, outcome, plain_id
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.pages.story import story
from api.pages.transfers import offers_of
from api.publishers import publisher_view, visible_publisher
from api.routes import members as members_routes
from api.routes import publishers as routes
from api.subjects import is_staff
from gonogo.db import queries
from gonogo.wording import proof_fault
from policies.lifecycle.kernel import Actor
from policies.lifecycle.publisher_state import Publisher, Standing

router = page_router()
PAGE = 50
_What = Literal[
    "accept", "decline", "leave", "check", "close", "challenge", "rename", "invite", "uninvite",
    "remove", "set_role", "attest", "revoke", "reinstate", "add_member",
]  # fmt: skip
_Word = Annotated[str, Form(max_length=300)]
# After these the person may no longer see the publisher.
_AWAY = frozenset({"decline", "leave", "close"})
_ENTRY = ("accept", "decline")


@router.get("/publishers")
def publisher_list(
    svc: Svc, look: SignedIn, who: Person, said: Said = "", cursor: Cursor = None
) -> Response:
    """Mine, for staff all; where I am invited; a form to found one."""
    found = routes.list_publishers(svc, who, cursor, PAGE)
    look.names.learn(found["invitations"])
    return page(
        svc,
        look,
        "publishers.html",
        said=said,
        key=fresh_key(),
        items=found["items"],
        next=found["next"],
        invitations=found["invitations"],
        may_found="developer" in who.roles or "administrator" in who.roles,
        me=who.id,
    )


@router.post("/publishers")
async def found(svc: Svc, who: Person, request: Request, key: Key, name: _Word = "") -> Response:
    """Found one and go to its page."""
    with _formed():
        body = routes.PublisherBody(name=needed(name, "give it a name"))
    done = await routes.create_publisher(svc, who, body, Response(), await key_of(request, key))
    if done.get("status") == "pending":
        return back_to("/publishers", "pending")
    return back_to(f"/publishers/{done['publisher']}", "founded")


@router.get("/publishers/{publisher}")
def publisher_page(
    svc: Svc, look: SignedIn, who: Person, publisher: SubjectId, said: Said = ""
) -> Response:
    """One publisher: whose turn, its verification step by step, its people, what happened."""
    state = visible_publisher(svc, who, publisher)
    view = publisher_view(svc, state, who)
    inside = who.id in state.members or is_staff(who)
    look.names.learn(state.members)  # whoever is only invited is not named
    can = view["can"]
    return page(
        svc,
        look,
        "publisher.html",
        said=said,
        key=fresh_key(),
        publisher=view,
        faults=[proof_fault(code) for code in view["why"]],
        can=can,
        inside=inside,
        your_turn=state.standing in (Standing.UNVERIFIED, Standing.LAPSING)
        and who.id in state.owners,
        offers=offers_of(svc, who, (state.id,), {state.id} if who.id in state.owners else set())
        if inside
        else [],
        may_answer=[kind for kind in _ENTRY if can[kind]["allowed"]],
        events=story(svc, look, state.id, state.id, state.seq)[: queries.PAGE] if inside else [],
    )


@router.post("/publishers/{publisher}")
async def steer(
    svc: Svc,
    who: Person,
    request: Request,
    publisher: SubjectId,
    key: Key,
    what: Annotated[_What, Form()],
    version: Version = 0,
    person: Annotated[str, Form(max_length=80)] = "",
    role: Annotated[Literal["owner", "member"], Form()] = "member",
    text: Line = "",
    note: Line = "",
) -> Response:
    """Give one command. `text` is the domain, the name or the reason it needs."""
    state = visible_publisher(svc, who, publisher)
    with _formed():
        done = await _give(
            svc, who, state, what, await key_of(request, key), version,
            person.strip(), role, text.strip(), note.strip(),
        )  # fmt: skip
    if what in _AWAY:
        return back_to("/publishers", outcome(done, "done"))
    told = "done"
    if what == "check" and done.get("status") != "pending":
        told = "not_shown" if done.get("why") else "proven"
    return back_to(f"/publishers/{publisher}", outcome(done, told))


async def _give(
    svc: Services,
    who: Actor,
    state: Publisher,
    what: _What,
    key: str,
    version: int,
    person: str,
    role: str,
    text: str,
    note: str,
) -> dict[str, Any]:
    response = Response()
    match what:
        case "challenge":
            domain = routes.DomainBody(domain=needed(text, "name a domain"))
            return await routes.challenge_domain(svc, who, state, domain, response, key)
        case "rename":
            name = routes.RenameBody(name=needed(text, "give it a name"))
            return await routes.rename_publisher(svc, who, state, name, response, key)
        case "invite":
            body = members_routes.InvitationBody(person=_id(person), role=role)
            return await members_routes.invite_member(svc, who, state, body, response, key)
        case "set_role":
            new = members_routes.RoleBody(role=role)
            return await members_routes.set_member_role(
                svc, who, state, _id(person), new, response, key
            )
        case "uninvite":
            return await members_routes.withdraw_invitation(
                svc, who, state, _id(person), response, key
            )
        case "remove":
            return await members_routes.remove_member(svc, who, state, _id(person), response, key)
        case "attest":
            attested = routes.AttestBody(
                reason=needed(text, "say why that is enough"),
                note=needed(note, "say which two documents name it"),
            )
            return await routes.attest_name(svc, who, state, attested, response, key, etag(version))
        case "revoke" | "reinstate":
            why = ReasonBody(reason=needed(text, "say why"))
            by_staff = {
                "revoke": routes.revoke_verification,
                "reinstate": routes.reinstate_publisher,
            }
            return await by_staff[what](svc, who, state, why, response, key)
        case "add_member":
            added = members_routes.AddBody(role=role)
            return await members_routes.add_member(
                svc, who, state, _id(person), response, added, key
            )
    plain = {
        "check": routes.check_domain,
        "close": routes.close_publisher,
        "accept": members_routes.accept_invitation,
        "decline": members_routes.decline_invitation,
        "leave": members_routes.leave_publisher,
    }
    return await plain[what](svc, who, state, response, key)


@contextmanager
def _formed() -> Iterator[None]:
    """What a body does not take is told as a sentence beside the form."""
    try:
        yield
    except ValidationError as fault:
        raise Problem("malformed", fault.errors()[0]["msg"]) from fault


def _id(person: str) -> str:
    return plain_id(person, "there is no person by that id")
