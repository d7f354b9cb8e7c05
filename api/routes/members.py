"""Who belongs to a publisher: invited, accepted, removed, left; by an administrator, added."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body
from api.deps import PLAIN, IdempotencyKey, SubjectId, Svc, Who
from api.errors import Problem
from api.publishers import SeenPublisher, order_publisher
from api.schema import COMMAND
from gonogo.db.accounts import Accounts

router = APIRouter(prefix="/v1/publishers", tags=["publishers"])
_Id = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
_MemberRole = Annotated[str, Field(pattern=r"^(owner|member)$")]


class InvitationBody(Body):
    person: _Id
    role: _MemberRole = "member"


class RoleBody(Body):
    role: _MemberRole


class AddBody(Body):
    """Without a role: a member; the first one an owner."""

    role: _MemberRole | None = None


@router.post("/{publisher}/invitations", responses=COMMAND)
async def invite_member(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    body: InvitationBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Invite a person by their id (`GET /v1/me` tells everybody their own)."""
    if await run_in_threadpool(Accounts(svc.engine, svc.store).person, body.person) is None:
        raise Problem("not-found", f"there is no person {body.person}")
    terms = svc.pack.publishers
    order = {**body.model_dump(), "limit": terms.members_most, "invite_s": terms.invite_s}
    return await order_publisher(svc, who, seen, "invite", order, body, response, key)


@router.post("/{publisher}/invitations/{person}/withdraw", responses=COMMAND)
async def withdraw_invitation(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    person: SubjectId,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Take an invitation back."""
    return await order_publisher(
        svc, who, seen, "uninvite", {"person": person}, None, response, key
    )


@router.post("/{publisher}/accept", responses=COMMAND)
async def accept_invitation(
    svc: Svc, who: Who, seen: SeenPublisher, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Become a member. From then on you decide nothing about its GPTs."""
    return await order_publisher(svc, who, seen, "accept", {}, None, response, key)


@router.post("/{publisher}/decline", responses=COMMAND)
async def decline_invitation(
    svc: Svc, who: Who, seen: SeenPublisher, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Turn an invitation down."""
    return await order_publisher(svc, who, seen, "decline", {}, None, response, key)


@router.post("/{publisher}/leave", responses=COMMAND)
async def leave_publisher(
    svc: Svc, who: Who, seen: SeenPublisher, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Stop being a member. The last owner hands over, closes it, or asks an administrator."""
    return await order_publisher(svc, who, seen, "leave", {}, None, response, key)


@router.post("/{publisher}/members/{person}/remove", responses=COMMAND)
async def remove_member(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    person: SubjectId,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """End somebody's membership."""
    return await order_publisher(svc, who, seen, "remove", {"person": person}, None, response, key)


@router.post("/{publisher}/members/{person}/role", responses=COMMAND)
async def set_member_role(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    person: SubjectId,
    body: RoleBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Make a member an owner, or an owner a member."""
    order = {"person": person, "role": body.role}
    return await order_publisher(svc, who, seen, "set_role", order, body, response, key)


@router.put("/{publisher}/members/{person}", responses=COMMAND)
async def add_member(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    person: SubjectId,
    response: Response,
    body: AddBody | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """By an administrator: from now on they submit for it and decide nothing about it. With the
    role `owner` also where its owners are gone, and for somebody who is a member already."""
    if await run_in_threadpool(Accounts(svc.engine, svc.store).person, person) is None:
        raise Problem("not-found", f"there is no person {person}")
    order = {"person": person, "role": body.role if body else None}
    told = await order_publisher(svc, who, seen, "add_member", order, body, response, key)
    return {**told, "person": person}
