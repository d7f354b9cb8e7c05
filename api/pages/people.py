"""For administrators: who is here, with which roles; inviting, giving roles, leaving."""

from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import accounts
from api.deps import Cursor, SubjectId, Svc
from api.errors import Problem
from api.pages.account import Label
from api.pages.forms import Key, Said, fresh_key, key_of
from api.pages.site import Person, SignedIn, Viewer, back_to, page, page_router
from api.routes.people import Book, people_page, require_administrator
from gonogo.db.enrolment import Enrolment
from policies.lifecycle.kernel import Role

router = page_router()
Email = Annotated[str, Form(max_length=254)]
Roles = Annotated[list[Role], Form(max_length=10)]
_FIRST = "first"


@router.get("/people")
def everybody(
    svc: Svc, look: SignedIn, who: Person, book: Book, said: Said = "", cursor: Cursor = None
) -> Response:
    """Everybody, a page at a time, and the form that invites somebody."""
    require_administrator(who)
    found = people_page(book, cursor, 50)
    look.names.learn(one for row in found["items"] for one in row["publishers"])
    return page(
        svc,
        look,
        "people.html",
        said=said,
        key=fresh_key(),
        people=found["items"],
        next=found["next"],
        roles=[role.value for role in accounts.GIVEN_ROLES],
        provider=svc.provider.label if svc.provider else None,
    )


@router.post("/people")
async def add_person(
    svc: Svc,
    who: Person,
    request: Request,
    name: Label,
    key: Key,
    roles: Roles = [],  # noqa: B006  # FastAPI copies it
    email: Email = "",
) -> Response:
    """Make a person, invited if an address is given."""
    require_administrator(who)
    keyed = await key_of(request, key)

    def made() -> dict[str, Any]:
        address = email.strip() or None
        return accounts.new_person(svc, who, name=name, roles=roles, email=address, key=keyed)

    answer = await run_in_threadpool(made)
    said = "invited" if "invited_until" in answer else "person-made"
    return back_to(f"/people/{answer['person']}", said)


@router.get("/people/{person}")
def one_person(
    svc: Svc, look: SignedIn, who: Person, book: Book, person: SubjectId, said: Said = ""
) -> Response:
    """One person: their roles, how they come in, whether they left."""
    require_administrator(who)
    return _page(svc, look, book, person, said=said)


@router.post("/people/{person}/roles")
def set_roles(
    svc: Svc,
    who: Person,
    person: SubjectId,
    roles: Roles = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Replace the roles; in force with the person's next request."""
    require_administrator(who)
    accounts.change_roles(svc, who, person, roles)
    return back_to(f"/people/{person}", "roles-set")


@router.post("/people/{person}/invitation")
async def invite(
    svc: Svc, who: Person, request: Request, person: SubjectId, email: Email, key: Key
) -> Response:
    """Invite somebody who has no way in yet."""
    require_administrator(who)
    keyed = await key_of(request, key)
    await run_in_threadpool(accounts.invite_person, svc, who, person, email, keyed)
    return back_to(f"/people/{person}", "invited")


@router.post("/people/{person}/token")
async def first_token(
    svc: Svc,
    look: SignedIn,
    who: Person,
    book: Book,
    request: Request,
    person: SubjectId,
    key: Key,
) -> Response:
    """Make the first token of somebody and show it, this once."""
    require_administrator(who)
    keyed = await key_of(request, key)

    def made() -> dict[str, Any]:
        return accounts.first_token(svc, who, person, _FIRST, accounts.DAYS_USUAL, keyed)

    token = await run_in_threadpool(made)
    return await run_in_threadpool(_page, svc, look, book, person, made=token)


@router.post("/people/{person}/leave")
def leave(svc: Svc, who: Person, person: SubjectId) -> Response:
    """Close the account: sessions and tokens end at once."""
    require_administrator(who)
    accounts.close_account(svc, who, person)
    return back_to(f"/people/{person}", "left")


@router.post("/people/{person}/return")
def come_back(svc: Svc, who: Person, person: SubjectId) -> Response:
    """Open the account again."""
    require_administrator(who)
    accounts.reopen_account(svc, who, person)
    return back_to(f"/people/{person}", "came-back")


def _page(
    svc: Svc,
    look: Viewer,
    book: Book,
    person: str,
    *,
    said: str = "",
    made: dict[str, Any] | None = None,
) -> Response:
    row = book.person(person)
    if row is None:
        raise Problem("not-found", "there is no such person")
    enrolment = Enrolment(svc.engine, svc.store)
    invitations = enrolment.invitations((person,))
    tokens = book.tokens(person)
    return page(
        svc,
        look,
        "person.html",
        said=said,
        key=fresh_key(),
        made=made,
        person=row,
        publishers=book.publishers(tuple(book.memberships((person,)).get(person, ()))),
        roles=[role.value for role in accounts.GIVEN_ROLES],
        by_group=sorted(set(svc.settings.oidc_roles.values())),
        tokens=sum(one.revoked_at is None for one in tokens),
        had_tokens=bool(tokens),
        is_bound=bool(enrolment.bound((person,))),
        invitation=invitations[0] if invitations else None,
        sessions=len(svc.sessions.of_person(person)),
        provider=svc.provider.label if svc.provider else None,
        is_self=look.actor is not None and look.actor.id == person,
    )
