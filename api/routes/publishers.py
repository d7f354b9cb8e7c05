"""Publishers: founding, name, proving a domain. A proof stands in the record: I6 asks for it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Flag, Note, ReasonBody, reasoned
from api.deps import (
    Cursor,
    IdempotencyKey,
    IfMatch,
    PageSize,
    Services,
    Svc,
    Who,
    answered,
    etag,
)
from api.errors import Problem
from api.kept import Order
from api.publishers import (
    SeenPublisher,
    keep_domain,
    order_publisher,
    publisher_rows,
    publisher_view,
    visible_publisher,
)
from api.schema import COMMAND, READ
from api.streams import events_after
from api.subjects import give, met_before, precondition
from gonogo.db import queries
from gonogo.db.prose import keep_prose
from gonogo.ids import new_id
from policies.lifecycle.kernel import Role

router = APIRouter(prefix="/v1/publishers", tags=["publishers"])
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
_BY_ADMINISTRATOR = "by_administrator"


class PublisherBody(Body):
    """`verified`: an administrator attests the name at once; needs that role."""

    name: Name
    verified: Flag = False


class RenameBody(Body):
    name: Name


class DomainBody(Body):
    domain: Annotated[str, Field(min_length=1, max_length=300)]


class AttestBody(Body):
    """`note` says which two documents name the publisher, and who saw them."""

    reason: Note
    note: Note


@router.get("", responses=READ)
def list_publishers(
    svc: Svc, who: Who, cursor: Cursor = None, limit: PageSize = queries.PAGE
) -> dict[str, Any]:
    """Yours, for staff all of them; `invitations` are open ones to you, by publisher."""
    try:
        page, invited = publisher_rows(svc, who, cursor, limit)
    except ValueError as fault:
        raise Problem("bad-request", str(fault)) from fault
    return {
        "items": [
            {"id": row.id, "name": row.name, "verified": row.verified_at is not None}
            for row in page.rows
        ],
        "next": page.next,
        "invitations": invited,
    }


@router.post("", status_code=201, responses=COMMAND)
async def create_publisher(
    svc: Svc, who: Who, body: PublisherBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Found a publisher. A developer is its first owner; an administrator founds for others."""
    if body.verified and Role.ADMINISTRATOR not in who.roles:
        raise Problem(
            "not-allowed",
            "only an administrator attests a name while founding",
            refusal={"roles": [Role.ADMINISTRATOR.value]},
        )
    name = await run_in_threadpool(keep_prose, svc.engine, body.name)
    outcome = await svc.gateway.send(
        Order(
            machine="publisher",
            kind="found",
            subject=new_id("pub"),
            gpt="",
            actor=who,
            body={"name": name, "limit": svc.pack.publishers.founded_most, "pack": svc.pack.digest},
            key=key,
            fresh=True,
            fingerprint=body.model_dump(mode="json"),
        )
    )
    if body.verified and outcome.answer is not None:
        note = await run_in_threadpool(keep_prose, svc.engine, "attested while founding")
        state = await run_in_threadpool(visible_publisher, svc, who, outcome.subject)
        order = {"reason": _BY_ADMINISTRATOR, "note": note, **_attesting(svc)}
        second = f"{key}/attest" if key else None
        same = {"attest": _BY_ADMINISTRATOR}
        if not state.holds:
            await give(svc, who, "publisher", state, "attest", order, key=second, fingerprint=same)
    told = answered(outcome, response, f"/v1/publishers/{outcome.subject}")
    return {**told, "publisher": outcome.subject, "name": body.name, "verified": body.verified}


@router.get("/{publisher}", responses=READ)
def get_publisher(svc: Svc, who: Who, seen: SeenPublisher, response: Response) -> dict[str, Any]:
    """One publisher: members, verification, what to put where to prove its domain."""
    response.headers["ETag"] = etag(seen.version)
    return publisher_view(svc, seen, who)


@router.get("/{publisher}/events", responses=READ)
def publisher_events(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: PageSize = queries.MOST,
) -> dict[str, Any]:
    """The publisher's events with `seq` above `after`, in order; not for people only invited."""
    if who.id in seen.invited and who.id not in seen.members:
        raise Problem("not-found", "events are for members")
    return events_after(svc, seen.id, after, limit)


@router.post("/{publisher}/rename", responses=COMMAND)
async def rename_publisher(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    body: RenameBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Change the name people see. A name that staff attested has to be attested anew."""
    name = await run_in_threadpool(keep_prose, svc.engine, body.name)
    return await order_publisher(svc, who, seen, "rename", {"name": name}, body, response, key)


@router.post("/{publisher}/challenge", responses=COMMAND)
async def challenge_domain(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    body: DomainBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Name the domain that proves who you are; the publisher then shows what to put where."""
    order: dict[str, Any] = {}
    if not await met_before(svc, who, key):
        ref = await run_in_threadpool(keep_domain, svc, seen.id, body.domain)
        order = {"domain": ref, "challenge_s": svc.pack.publishers.challenge_s}
    return await order_publisher(svc, who, seen, "challenge", order, body, response, key)


@router.post("/{publisher}/check", responses=COMMAND)
async def check_domain(
    svc: Svc, who: Who, seen: SeenPublisher, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Look at the domain now. `why` names what was not found; it takes a few seconds."""
    terms = svc.pack.publishers
    order = {
        "check_every_s": terms.check_every_s,
        "checks_most": terms.checks_most,
        "checks_within_s": terms.checks_within_s,
        "reverify_s": terms.reverify_s,
        "grace_s": terms.grace_s,
    }
    return await order_publisher(svc, who, seen, "check", order, None, response, key)


@router.post("/{publisher}/attest", responses=COMMAND)
async def attest_name(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    body: AttestBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """By staff: two documents name this publisher. `If-Match` says which state was looked at."""
    repeated = await precondition(svc, who, key, if_match, seen.version, needed=True)
    words = {} if repeated else await reasoned(svc, body.reason, body.note)
    order = {**words, **_attesting(svc)}
    return await order_publisher(svc, who, seen, "attest", order, body, response, key)


@router.post("/{publisher}/revoke", responses=COMMAND)
async def revoke_verification(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """By staff: the verification no longer stands. What is exposed stays, nothing grows."""
    words = {} if await met_before(svc, who, key) else await reasoned(svc, body.reason, body.note)
    return await order_publisher(svc, who, seen, "revoke", words, body, response, key)


@router.post("/{publisher}/reinstate", responses=COMMAND)
async def reinstate_publisher(
    svc: Svc,
    who: Who,
    seen: SeenPublisher,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """By staff, another person than who revoked: its owners may prove a domain again."""
    words = {} if await met_before(svc, who, key) else await reasoned(svc, body.reason, body.note)
    return await order_publisher(svc, who, seen, "reinstate", words, body, response, key)


@router.post("/{publisher}/close", responses=COMMAND)
async def close_publisher(
    svc: Svc, who: Who, seen: SeenPublisher, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Close it for good, once nothing of it is listed or open. Its history stays."""
    return await order_publisher(svc, who, seen, "close", {}, None, response, key)


def _attesting(svc: Services) -> dict[str, int]:
    terms = svc.pack.publishers
    return {"name_life_s": terms.name_life_s, "grace_s": terms.grace_s}
