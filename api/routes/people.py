"""People, for administrators: accounts, roles, invitations, leaving."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api import accounts
from api.bodies import Body
from api.deps import PLAIN, Cursor, IdempotencyKey, PageSize, SubjectId, Svc, Who
from api.errors import Problem
from api.schema import READ, WRITE
from gonogo.db import queries
from gonogo.db.accounts import Accounts
from policies.lifecycle.kernel import Actor, Role

router = APIRouter(prefix="/v1/people", tags=["people"])
# Printable, no line breaks: these are shown in lists and logs of operators.
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
Email = Annotated[str, Field(min_length=3, max_length=254)]
_Id = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]


def _accounts(svc: Svc) -> Accounts:
    return Accounts(svc.engine, svc.store)


def require_administrator(who: Actor) -> None:
    """Raises `not-allowed` for everybody else."""
    if Role.ADMINISTRATOR not in who.roles:
        raise Problem(
            "not-allowed",
            "this is for administrators",
            refusal={"roles": [Role.ADMINISTRATOR.value]},
        )


def _administrator(who: Who) -> Actor:
    require_administrator(who)
    return who


Book = Annotated[Accounts, Depends(_accounts)]
Administrator = Annotated[Actor, Depends(_administrator)]


class TokenBody(Body):
    label: Name
    days: Annotated[int, Field(ge=1, le=accounts.DAYS_MOST)] = accounts.DAYS_USUAL


class PersonBody(Body):
    name: Name
    roles: list[Role] = Field(max_length=10)
    publishers: list[_Id] = Field(default=[], max_length=20)
    email: Email | None = None


class RolesBody(Body):
    roles: list[Role] = Field(max_length=10)


class InvitedBody(Body):
    email: Email


@router.get("", responses=READ)
def list_people(
    who: Administrator, book: Book, cursor: Cursor = None, limit: PageSize = queries.MOST
) -> dict[str, Any]:
    """Everybody with roles and publishers, in the order they came."""
    return people_page(book, cursor, limit)


@router.post("", status_code=201, responses=WRITE)
def create_person(
    svc: Svc, who: Administrator, body: PersonBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """A new person. With an `email` they are invited: whoever first proves it at the identity
    provider is this person. Else their first token comes from `/v1/people/{person}/tokens`."""
    made = accounts.new_person(
        svc,
        who,
        name=body.name,
        roles=body.roles,
        publishers=tuple(body.publishers),
        email=body.email,
        key=key,
    )
    response.headers["Location"] = f"/v1/people/{made['person']}"
    return made


@router.put("/{person}/roles", responses=WRITE)
def set_roles(svc: Svc, who: Administrator, person: SubjectId, body: RolesBody) -> dict[str, Any]:
    """Replace a person's roles; in force with their next request."""
    return {"person": person, "roles": list(accounts.change_roles(svc, who, person, body.roles))}


@router.post("/{person}/tokens", status_code=201, responses=WRITE)
def create_first_token(
    svc: Svc,
    who: Administrator,
    person: SubjectId,
    body: TokenBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """The first token of a new person. Later ones are theirs to make: an administrator who could
    make tokens of a reviewer could also be the second person (I2)."""
    response.headers["Cache-Control"] = "no-store"
    return accounts.first_token(svc, who, person, body.label, body.days, key)


@router.post("/{person}/invitation", status_code=201, responses=WRITE)
def invite_person(
    svc: Svc,
    who: Administrator,
    person: SubjectId,
    body: InvitedBody,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Invite somebody who has no way in yet, for 14 days; an earlier invitation ends."""
    return accounts.invite_person(svc, who, person, body.email, key)


@router.post("/{person}/leave", responses=WRITE)
def close_account(svc: Svc, who: Administrator, person: SubjectId) -> dict[str, Any]:
    """The person left: sessions, tokens and invitations end at once. A repeat changes nothing."""
    accounts.close_account(svc, who, person)
    return {"person": person, "left": True}


@router.post("/{person}/return", responses=WRITE)
def reopen_account(svc: Svc, who: Administrator, person: SubjectId) -> dict[str, Any]:
    """Open an account again. Sessions and tokens stay ended. A repeat changes nothing."""
    accounts.reopen_account(svc, who, person)
    return {"person": person, "left": False}


def people_page(book: Accounts, cursor: str | None, limit: int) -> dict[str, Any]:
    """One page of people with roles and publishers. Raises `bad-request` for a strange cursor."""
    try:
        found = book.people(cursor, limit)
    except ValueError as fault:
        raise Problem("bad-request", str(fault)) from fault
    joined = book.memberships(tuple(row.id for row in found.rows))
    items = [
        {
            "person": row.id,
            "name": row.name,
            "roles": list(row.roles),
            "publishers": joined.get(row.id, []),
            "left": row.left_at is not None,
        }
        for row in found.rows
    ]
    return {"items": items, "next": found.next}
