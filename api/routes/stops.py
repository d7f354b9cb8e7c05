"""Stops: placed by one person at once, without the orchestrator; lifted with care."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field, model_validator

from api.bodies import Body, Note, ReasonBody, reasoned
from api.deps import (
    PLAIN,
    Cursor,
    IdempotencyKey,
    IfMatch,
    PageSize,
    Svc,
    Who,
    answered,
    etag,
)
from api.errors import Problem
from api.release_views import stop_view
from api.schema import COMMAND, READ
from api.stops import place_stop
from api.subjects import SeenStop, Staff, give, met_before, precondition
from api.views import can_one
from gonogo.db import lists, queries
from gonogo.db.codec import state_of
from gonogo.db.session import reading

router = APIRouter(prefix="/v1/stops", tags=["stops"])


class StopBody(Body):
    """`target` is a category, a publisher's or GPT's id, or a digest; a store stop needs none."""

    scope: Literal["store", "category", "publisher", "gpt", "revision"]
    target: Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)] | None = None
    reason: Note
    note: Note | None = None

    @model_validator(mode="after")
    def _has_a_target(self) -> "StopBody":
        if self.scope != "store" and self.target is None:
            raise ValueError(f"a stop of scope {self.scope} needs a target")
        return self


@router.get("", responses=READ)
def list_stops(
    svc: Svc, who: Staff, cursor: Cursor = None, limit: PageSize = queries.PAGE
) -> dict[str, Any]:
    """All stops, active ones first, then the newest."""
    with reading(svc.engine) as session:
        try:
            page = lists.stops(session, svc.store, after=cursor, limit=limit)
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
    states = [state_of("stop", row.state) for row in page.rows]
    return {
        "items": [
            {**stop_view(s), "can": {"lift": can_one("stop", "lift", s, who)}} for s in states
        ],
        "next": page.next,
    }


@router.post("", status_code=201, responses=COMMAND)
async def place(
    svc: Svc, who: Who, body: StopBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Stop serving, now. In force when this answers, also while the orchestrator is down."""
    repeated = await met_before(svc, who, key)
    words = {} if repeated else await reasoned(svc, body.reason, body.note)
    target = svc.store if body.scope == "store" else body.target or ""
    outcome = await place_stop(
        svc,
        who,
        scope=body.scope,
        target=target,
        reason=words.get("reason"),
        note=words.get("note"),
        key=key,
        fingerprint=body.model_dump(mode="json", exclude_none=True),
    )
    return answered(outcome, response, f"/v1/stops/{outcome.subject}")


@router.get("/{subject}", responses=READ)
def get_stop(svc: Svc, who: Who, stop: SeenStop, response: Response) -> dict[str, Any]:
    """One stop: what it covers, who placed it, whether you may lift it."""
    response.headers["ETag"] = etag(stop.version)
    return {**stop_view(stop), "can": {"lift": can_one("stop", "lift", stop, who)}}


@router.post("/{subject}/lift", responses=COMMAND)
async def lift(
    svc: Svc,
    who: Who,
    stop: SeenStop,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Lift a stop. One that darkens many is lifted by another person than placed it."""
    repeated = await precondition(svc, who, key, if_match, stop.version, needed=False)
    order = {} if repeated else await reasoned(svc, body.reason, body.note)
    outcome = await give(svc, who, "stop", stop, "lift", order, key=key, fingerprint=body.given())
    return answered(outcome, response)
