"""Listings: a GPT's public presence, by the GPT's id. Quarantine takes one person (I3)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.bodies import Body, Note, ReasonBody, reasoned
from api.deps import IdempotencyKey, IfMatch, PageSize, Svc, Who, answered, etag
from api.judging import can_judge
from api.release_views import listing_view
from api.schema import COMMAND, READ
from api.streams import events_after
from api.subjects import SeenListing, give, met_before, precondition
from gonogo.db import queries
from gonogo.db.session import reading
from gonogo.db.standing import stops_on

router = APIRouter(prefix="/v1/listings", tags=["listings"])


class LiftBody(Body):
    note: Note | None = None


@router.get("/{gpt}", responses=READ)
def get_listing(svc: Svc, who: Who, listing: SeenListing, response: Response) -> dict[str, Any]:
    """The listing with its exposure, the stops that cover it, and what you may do."""
    response.headers["ETag"] = etag(listing.version)
    e = listing.exposure
    with reading(svc.engine) as session:
        gpt = queries.gpts(session, svc.store, {listing.gpt}).get(listing.gpt)
        stops = {
            scope
            for digest in (e.stable, e.candidate)
            for scope in stops_on(
                session,
                svc.store,
                digest,
                listing.gpt,
                listing.publisher,
                gpt.category if gpt else None,
            )
        }
    return {
        **listing_view(listing, gpt),
        "stops": sorted(stops),
        "can": can_judge(svc, "listing", listing, who),
    }


@router.get("/{gpt}/events", responses=READ)
def listing_events(
    svc: Svc,
    listing: SeenListing,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: PageSize = queries.MOST,
) -> dict[str, Any]:
    """The listing's events with `seq` above `after`, in order."""
    return events_after(svc, listing.id, after, limit)


@router.post("/{gpt}/quarantine", responses=COMMAND)
async def quarantine(
    svc: Svc,
    who: Who,
    listing: SeenListing,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Take it out of sight and out of service; place and installs are kept."""
    order = {} if await met_before(svc, who, key) else await reasoned(svc, body.reason, body.note)
    outcome = await give(
        svc, who, "listing", listing, "quarantine", order, key=key, fingerprint=body.given()
    )
    return answered(outcome, response)


@router.post("/{gpt}/lift-quarantine", responses=COMMAND)
async def lift_quarantine(
    svc: Svc,
    who: Who,
    listing: SeenListing,
    response: Response,
    body: LiftBody | None = None,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Return it to what it was before the quarantine."""
    note = body.note if body else None
    repeated = await precondition(svc, who, key, if_match, listing.version, needed=False)
    kept = {} if repeated else await reasoned(svc, None, note)
    outcome = await give(
        svc,
        who,
        "listing",
        listing,
        "lift_quarantine",
        {"note": kept.get("note")},
        key=key,
        fingerprint={"note": note},
    )
    return answered(outcome, response)


@router.post("/{gpt}/unlist", responses=COMMAND)
async def unlist(
    svc: Svc, who: Who, listing: SeenListing, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """The developer takes it from the store."""
    return answered(await give(svc, who, "listing", listing, "unlist", key=key), response)


@router.post("/{gpt}/relist", responses=COMMAND)
async def relist(
    svc: Svc, who: Who, listing: SeenListing, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """The developer offers it again."""
    return answered(await give(svc, who, "listing", listing, "relist", key=key), response)
