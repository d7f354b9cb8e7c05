"""Erasing: a dry run, a request, a second person's word; legal holds that forbid it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Note, ReasonBody, reasoned
from api.deps import (
    PLAIN,
    Cursor,
    IdempotencyKey,
    PageSize,
    Services,
    SubjectId,
    Svc,
    Who,
    answered,
    etag,
)
from api.errors import Problem
from api.kept import Order
from api.schema import COMMAND, READ
from api.subjects import give, met_before
from api.views import can_view, time_text
from gonogo import erasable
from gonogo.db import purges, queries
from gonogo.db.codec import state_of
from gonogo.db.erasures import HoldPicture, PurgePicture
from gonogo.db.people import PersonRow, PublisherRow
from gonogo.db.session import reading
from gonogo.db.tables import GptRow, SubmissionPicture
from gonogo.ids import new_id
from policies.lifecycle.hold import Hold
from policies.lifecycle.kernel import Actor, Role
from policies.lifecycle.purge import Purge

router = APIRouter(prefix="/v1", tags=["purges"])
Scope = Literal["submission", "gpt", "publisher", "person"]
_Target = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
_TABLES: dict[str, Any] = {
    "submission": SubmissionPicture,
    "gpt": GptRow,
    "publisher": PublisherRow,
    "person": PersonRow,
}
_MAY = (Role.ADMINISTRATOR, Role.AUDITOR)


class PurgeBody(Body):
    """`reason` is a code or a sentence: who asked for it, on what ground."""

    scope: Scope
    target: _Target
    reason: Note
    note: Note | None = None


def keeper_of(who: Who) -> Actor:
    """Raises `not-allowed` unless `who` looks after what is kept."""
    if not set(_MAY) & set(who.roles):
        raise Problem(
            "not-allowed",
            "this is for administrators and auditors",
            refusal={"roles": sorted(_MAY)},
        )
    return who


Keeper = Annotated[Actor, Depends(keeper_of)]


@router.get("/purges/plan", responses=READ)
def plan_purge(
    svc: Svc,
    who: Keeper,
    scope: Scope,
    target: Annotated[str, Query(min_length=1, max_length=80, pattern=PLAIN)],
) -> dict[str, Any]:
    """A dry run: what would be erased and what stays, by count; what is in the way. It reads every
    event once and changes nothing."""
    _exists(svc, scope, target)
    return plan_of(svc, scope, target)


@router.get("/purges", responses=READ)
def list_purges(
    svc: Svc, who: Keeper, cursor: Cursor = None, limit: PageSize = queries.PAGE
) -> dict[str, Any]:
    """Every request and every sweep of the retention, the newest first."""
    with reading(svc.engine) as session:
        try:
            page = purges.listed(session, svc.store, after=cursor, limit=limit)
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
    states = [state_of("purge", row.state) for row in page.rows]
    return {"items": [purge_view(state, who) for state in states], "next": page.next}


@router.post("/purges", status_code=201, responses=COMMAND)
async def ask_purge(
    svc: Svc, who: Keeper, body: PurgeBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Ask for it. Nothing is erased before another person confirms."""
    await run_in_threadpool(_exists, svc, body.scope, body.target)
    words = {} if await met_before(svc, who, key) else await reasoned(svc, body.reason, body.note)
    return await _begin(svc, who, "purge", "ask", "prg", body, words, response, key)


@router.get("/purges/{purge}", responses=READ)
def get_purge(svc: Svc, who: Keeper, purge: SubjectId, response: Response) -> dict[str, Any]:
    """One request: who asked, who confirmed, what was erased."""
    state = seen_purge(svc, purge)
    response.headers["ETag"] = etag(state.version)
    return purge_view(state, who)


@router.post("/purges/{purge}/confirm", responses=COMMAND)
async def confirm_purge(
    svc: Svc, who: Keeper, purge: SubjectId, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """The second person's word. Erasing begins at once and cannot be undone."""
    state = await run_in_threadpool(seen_purge, svc, purge)
    outcome = await give(svc, who, "purge", state, "confirm", _pack(svc), key=key, fingerprint={})
    return answered(outcome, response)


@router.post("/purges/{purge}/decline", responses=COMMAND)
async def decline_purge(
    svc: Svc,
    who: Keeper,
    purge: SubjectId,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Say no to it, or withdraw one's own."""
    state = await run_in_threadpool(seen_purge, svc, purge)
    words = {} if await met_before(svc, who, key) else await reasoned(svc, body.reason, body.note)
    outcome = await give(
        svc, who, "purge", state, "decline", {**words, **_pack(svc)}, key=key,
        fingerprint=body.given(),
    )  # fmt: skip
    return answered(outcome, response)


@router.get("/holds", responses=READ)
def list_holds(svc: Svc, who: Keeper, limit: PageSize = queries.PAGE) -> dict[str, Any]:
    """Legal holds, those in force first, then the newest."""
    with reading(svc.engine) as session:
        rows = session.exec(
            select(HoldPicture)
            .where(HoldPicture.store_id == svc.store)
            .order_by(col(HoldPicture.status), col(HoldPicture.id).desc())
            .limit(limit)
        ).all()
    return {"items": [hold_view(state_of("hold", row.state), who) for row in rows]}


@router.post("/holds", status_code=201, responses=COMMAND)
async def place_hold(
    svc: Svc, who: Keeper, body: PurgeBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Forbid erasing it, and everything it belongs to or holds, until another person lifts this."""
    await run_in_threadpool(_exists, svc, body.scope, body.target)
    words = {} if await met_before(svc, who, key) else await reasoned(svc, body.reason, body.note)
    return await _begin(svc, who, "hold", "place", "hld", body, words, response, key)


@router.post("/holds/{hold}/lift", responses=COMMAND)
async def lift_hold(
    svc: Svc,
    who: Keeper,
    hold: SubjectId,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Lift it; another person than placed it."""
    with reading(svc.engine) as session:
        row = session.get(HoldPicture, (svc.store, hold))
    if row is None:
        raise Problem("not-found", f"there is no hold {hold}")
    words = {} if await met_before(svc, who, key) else await reasoned(svc, body.reason, body.note)
    state = state_of("hold", row.state)
    outcome = await give(
        svc, who, "hold", state, "lift", {**words, **_pack(svc)}, key=key,
        fingerprint=body.given(),
    )  # fmt: skip
    return answered(outcome, response)


def seen_purge(svc: Services, purge: str) -> Purge:
    with reading(svc.engine) as session:
        row = session.get(PurgePicture, (svc.store, purge))
    if row is None:
        raise Problem("not-found", f"there is no request {purge}")
    state: Purge = state_of("purge", row.state)
    return state


def plan_of(svc: Services, scope: str, target: str) -> dict[str, Any]:
    found = erasable.plan(svc.engine, svc.objects, svc.store, scope, target)
    with reading(svc.engine) as session:
        return {
            "scope": scope,
            "target": target,
            **found.counts(),
            "holds": purges.holding(session, svc.store, scope, target),
            "in_use": purges.in_use(session, svc.store, scope, target),
        }


def purge_view(s: Purge, who: Actor) -> dict[str, Any]:
    return {
        "id": s.id,
        "scope": s.scope,
        "target": s.target,
        "step": s.step.value,
        "reason": s.reason,
        "note": s.note,
        "asked_by": s.asked_by,
        "asked_at": time_text(s.asked_at),
        "confirmed_by": s.confirmed_by,
        "done_at": time_text(s.done_at),
        "erased": s.erased,
        "kept": s.kept,
        "root": s.root,
        "version": s.version,
        "can": can_view("purge", s, who),
    }


def hold_view(s: Hold, who: Actor) -> dict[str, Any]:
    return {
        "id": s.id,
        "scope": s.scope,
        "target": s.target,
        "status": s.status,
        "reason": s.reason,
        "placed_by": s.placed_by,
        "placed_at": time_text(s.placed_at),
        "lifted_by": s.lifted_by,
        "lifted_at": time_text(s.lifted_at),
        "can": can_view("hold", s, who),
    }


def _exists(svc: Services, scope: str, target: str) -> None:
    with reading(svc.engine) as session:
        if session.get(_TABLES[scope], (svc.store, target)) is None:
            raise Problem("not-found", f"there is no {scope} {target}")


def _pack(svc: Services) -> dict[str, str]:
    return {"pack": svc.pack.digest}


async def _begin(
    svc: Services,
    who: Actor,
    machine: str,
    kind: str,
    prefix: str,
    body: PurgeBody,
    words: dict[str, Any],
    response: Response,
    key: str | None,
) -> dict[str, Any]:
    outcome = await svc.gateway.send(
        Order(
            machine=machine,
            kind=kind,
            subject=new_id(prefix),
            gpt="",
            actor=who,
            body={"scope": body.scope, "target": body.target, **words, **_pack(svc)},
            key=key,
            fresh=True,
            fingerprint=body.model_dump(mode="json", exclude_none=True),
        )
    )
    return answered(outcome, response, f"/v1/{machine}s/{outcome.subject}")
