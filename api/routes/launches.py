"""Launches: listed, shown, drafted, amended, closed. For the store's staff."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.bodies import Body, Zone
from api.choices import tally_view
from api.deps import (
    Cursor,
    IdempotencyKey,
    PageSize,
    Svc,
    Who,
    answered,
    etag,
)
from api.errors import Problem
from api.kept import Order
from api.launch_asked import Deciding
from api.launch_views import launch_row, launch_view
from api.launching import SeenLaunch
from api.schema import COMMAND, READ
from api.streams import events_after
from api.subjects import Staff
from api.views import can_view
from gonogo.db import launch_lists, queries
from gonogo.db.session import reading
from gonogo.ids import new_id
from gonogo.zones import zone_named
from policies.lifecycle.launch_state import Status
from policies.lifecycle.launch_terms import launch_terms_from

router = APIRouter(prefix="/v1/launches", tags=["launches"])


class DraftBody(Body):
    """`tz` is the zone its dates are meant in (IANA). `quorum`: how many items open at least."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    tz: Zone
    mode: Literal["atomic", "quorum", "independent"] = "independent"
    quorum: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None


class AmendBody(Body):
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    mode: Literal["atomic", "quorum", "independent"] | None = None
    quorum: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None


@router.get("", responses=READ)
def list_launches(
    svc: Svc,
    who: Staff,
    status: Annotated[list[Status] | None, Query(max_length=14)] = None,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """Launches, the newest first; `next` is the cursor of the following page."""
    with reading(svc.engine) as session:
        try:
            page = launch_lists.launches(
                session,
                svc.store,
                statuses=tuple(one.value for one in status or ()),
                after=cursor,
                limit=limit,
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
    return {"items": [launch_row(row) for row in page.rows], "next": page.next}


@router.post("", status_code=201, responses=COMMAND)
async def draft_launch(
    svc: Svc, who: Who, body: DraftBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Draft a launch. It pins gates, poll and times of the policy pack as it is today."""
    zone_named(body.tz)
    given = body.model_dump(mode="json")
    outcome = await svc.gateway.send(
        Order(
            machine="launch",
            kind="draft",
            subject=new_id("lch"),
            gpt="",
            actor=who,
            body={**given, "terms": launch_terms_from(svc.pack), "pack": svc.pack.digest},
            key=key,
            fresh=True,
            fingerprint=given,
        )
    )
    return answered(outcome, response, f"/v1/launches/{outcome.subject}")


@router.get("/{subject}", responses=READ)
def get_launch(svc: Svc, launch: SeenLaunch, response: Response) -> dict[str, Any]:
    """One launch: where it stands, whose turn it is, gates, poll, its items by count, and what
    developers chose since it was postponed."""
    response.headers["ETag"] = etag(launch.version)
    with reading(svc.engine) as session:
        counts = launch_lists.counts(session, svc.store, launch.id)
    return launch_view(launch, counts) | {"choices": tally_view(svc, launch)}


@router.get("/{subject}/can", responses=READ)
def launch_can(who: Who, launch: SeenLaunch) -> dict[str, Any]:
    """Which commands you may give now and, for each refused one, why."""
    return {"commands": can_view("launch", launch, who)}


@router.get("/{subject}/events", responses=READ)
def launch_events(
    svc: Svc,
    launch: SeenLaunch,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: PageSize = queries.MOST,
) -> dict[str, Any]:
    """The launch's events with `seq` above `after`, in order."""
    return events_after(svc, launch.id, after, limit, inside=True)


@router.post("/{subject}/amend", responses=COMMAND)
async def amend_launch(asked: Deciding, body: AmendBody) -> dict[str, Any]:
    """Change its name, mode or quorum, before the poll."""
    wanted = body.model_dump(mode="json", exclude_unset=True)
    return await asked.give("amend", wanted, wanted, needs_seen=True)
