"""People: who am I, my tokens; for administrators, accounts and their roles."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.bodies import Body
from api.deps import PLAIN, Digest, Entry, SubjectId, Svc, Who
from api.errors import Problem
from api.schema import READ, WRITE
from api.subjects import is_staff
from gonogo.db.accounts import Accounts
from gonogo.db.entries import digest_of
from gonogo.db.people import TokenRow
from gonogo.logs import log
from policies.lifecycle.kernel import Actor, Role, iso

router = APIRouter(prefix="/v1", tags=["people"])
TOKENS_MOST = 50
GIVEN_ROLES = frozenset(Role) - {Role.SYSTEM}
# Printable, no line breaks: these are shown in lists and logs of operators.
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Id = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]


def _accounts(svc: Svc) -> Accounts:
    return Accounts(svc.engine, svc.store)


def _administrator(who: Who) -> Actor:
    if Role.ADMINISTRATOR not in who.roles:
        raise Problem(
            "not-allowed",
            "this is for administrators",
            refusal={"roles": [Role.ADMINISTRATOR.value]},
        )
    return who


Book = Annotated[Accounts, Depends(_accounts)]
Administrator = Annotated[Actor, Depends(_administrator)]


class TokenBody(Body):
    label: Name
    days: Annotated[int, Field(ge=1, le=366)] | None = 90


class PersonBody(Body):
    name: Name
    roles: list[Role] = Field(max_length=10)
    publishers: list[_Id] = Field(default=[], max_length=20)


class RolesBody(Body):
    roles: list[Role] = Field(max_length=10)


@router.get("/me", responses=READ)
def get_me(svc: Svc, who: Who, book: Book) -> dict[str, Any]:
    """Who you are here, with your roles and publishers."""
    person = book.person(who.id)
    return {
        "person": who.id,
        "name": person.name if person else None,
        "store": svc.store,
        "roles": list(who.roles),
        "staff": is_staff(who),
        "publishers": [
            {"id": row.id, "name": row.name, "verified": row.verified_at is not None}
            for row in book.publishers(who.publishers)
        ],
    }


@router.get("/me/tokens", responses=READ)
def list_tokens(who: Who, book: Book) -> dict[str, Any]:
    """Your tokens without their secret part; `id` ends one."""
    return {"items": [_token_view(row) for row in book.tokens(who.id)]}


@router.post("/me/tokens", status_code=201, responses=WRITE)
def create_token(
    svc: Svc, who: Who, entry: Entry, book: Book, body: TokenBody, response: Response
) -> dict[str, Any]:
    """A new token. It is shown this once; `days` null means it does not end by itself."""
    # A session that was opened with a token counts as that token.
    mine = book.token(entry.token) if entry.token else None
    ends = mine.expires_at if mine else None
    if ends and (body.days is None or datetime.now(UTC) + timedelta(days=body.days) > ends):
        # Else a token made for a week could prolong itself for ever.
        raise Problem("not-allowed", f"a token makes none that outlives it; yours ends {iso(ends)}")
    if sum(row.revoked_at is None for row in book.tokens(who.id)) >= TOKENS_MOST:
        raise Problem("over-limit", f"a person has at most {TOKENS_MOST} tokens; end one first")
    return _issued(svc, who.id, body, book, response)


@router.delete("/me/tokens/{token}", status_code=204, responses=WRITE)
def end_token(who: Who, book: Book, token: Digest) -> Response:
    """End one of your tokens, at once."""
    if not book.revoke(who.id, token):
        raise Problem("not-found", "you have no such token")
    return Response(status_code=204)


@router.get("/people", responses=READ)
def list_people(who: Administrator, book: Book) -> dict[str, Any]:
    """Everybody with roles and publishers."""
    return {
        "items": [
            {
                "person": row.id,
                "name": row.name,
                "roles": list(row.roles),
                "publishers": publishers,
                "left": row.left_at is not None,
            }
            for row, publishers in book.people()
        ]
    }


@router.post("/people", status_code=201, responses=WRITE)
def create_person(
    svc: Svc, who: Administrator, book: Book, body: PersonBody, response: Response
) -> dict[str, Any]:
    """A new person. Their first token comes from `/v1/people/{person}/tokens`."""
    known = {row.id for row in book.publishers(tuple(body.publishers))}
    unknown = sorted(set(body.publishers) - known)
    if unknown:
        raise Problem("not-found", f"there is no publisher {', '.join(unknown)}")
    roles = _given(body.roles)
    person = svc.identity.add_person(body.name, roles, tuple(body.publishers))
    log.info("person_created", person=person, roles=list(roles), by=who.id)
    response.headers["Location"] = f"/v1/people/{person}"
    return {"person": person, "roles": list(roles), "publishers": sorted(known)}


@router.put("/people/{person}/roles", responses=WRITE)
def set_roles(who: Administrator, book: Book, person: SubjectId, body: RolesBody) -> dict[str, Any]:
    """Replace a person's roles; in force with their next request."""
    roles = _given(body.roles)
    if not book.set_roles(person, roles):
        raise Problem("not-found", f"there is no person {person}")
    log.info("roles_set", person=person, roles=list(roles), by=who.id)
    return {"person": person, "roles": list(roles)}


@router.post("/people/{person}/tokens", status_code=201, responses=WRITE)
def create_first_token(
    svc: Svc, who: Administrator, book: Book, person: SubjectId, body: TokenBody, response: Response
) -> dict[str, Any]:
    """The first token of a new person. Later ones are theirs to make: an administrator who could
    make tokens of a reviewer could also be the second person (I2)."""
    if book.person(person) is None:
        raise Problem("not-found", f"there is no person {person}")
    if book.tokens(person):
        raise Problem("illegal-move", "this person has had a token; they make their own")
    log.info("first_token_issued", person=person, by=who.id)
    return _issued(svc, person, body, book, response)


def _given(roles: list[Role]) -> tuple[str, ...]:
    if not GIVEN_ROLES.issuperset(roles):
        raise Problem("malformed", "nobody is given the role of the system")
    return tuple(sorted({role.value for role in roles}))


def _issued(
    svc: Svc, person: str, body: TokenBody, book: Accounts, response: Response
) -> dict[str, Any]:
    token = svc.identity.issue_token(person, body.label, body.days)
    response.headers["Cache-Control"] = "no-store"
    row = book.token(digest_of(token))
    assert row is not None  # issued a line ago
    return {**_token_view(row), "person": person, "token": token}


def _token_view(row: TokenRow) -> dict[str, Any]:
    return {
        "id": row.sha256,
        "label": row.label,
        "hint": row.hint,
        "created_at": iso(row.created_at),
        "expires_at": iso(row.expires_at) if row.expires_at else None,
        "revoked_at": iso(row.revoked_at) if row.revoked_at else None,
    }
