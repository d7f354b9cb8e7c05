"""Releases: how an approved revision becomes visible. What makes it safer needs less (I3)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from api.bodies import ReasonBody, reasoned
from api.choices import asked_of
from api.deps import (
    PLAIN,
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
from api.judging import can_judge
from api.release_bodies import Override, PauseBody, ScheduleBody, StartBody
from api.release_views import release_view
from api.schema import COMMAND, READ
from api.stops import halt_or_stop
from api.streams import events_after
from api.subjects import SeenRelease, give, is_staff, precondition
from api.windows import climb_of, with_climb
from gonogo.db import lists, queries
from gonogo.db.codec import state_of
from gonogo.db.session import reading
from gonogo.zones import resolve_local
from policies.lifecycle.kernel import Actor, iso
from policies.lifecycle.release_state import Phase, Release

router = APIRouter(prefix="/v1/releases", tags=["releases"])


@router.get("", responses=READ)
def list_releases(
    svc: Svc,
    who: Who,
    phase: Annotated[list[Phase] | None, Query(max_length=13)] = None,
    gpt: Annotated[str | None, Query(max_length=80, pattern=PLAIN)] = None,
    mine: bool = False,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """Releases you may see, newest first; `next` is the cursor of the following page."""
    publishers = None if is_staff(who) and not mine else who.publishers
    with reading(svc.engine) as session:
        try:
            page = lists.releases(
                session,
                svc.store,
                publishers=publishers,
                gpt=gpt,
                after=cursor,
                limit=limit,
                phases=tuple(one.value for one in phase or ()),
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        named = queries.gpts(session, svc.store, {row.gpt for row in page.rows})
    states = [state_of("release", row.state) for row in page.rows]
    return {"items": [release_view(s, named.get(s.gpt)) for s in states], "next": page.next}


@router.get("/{subject}", responses=READ)
def get_release(svc: Svc, release: SeenRelease, response: Response) -> dict[str, Any]:
    """One release: phase, rail of stages with real and earliest times, why it stands still.
    `conflicts` are the windows that the climb as planned would meet; `asked` what its launch asks
    since it was postponed, `chosen` what its developer said last."""
    response.headers["ETag"] = etag(release.version)
    with reading(svc.engine) as session:
        gpt = queries.gpts(session, svc.store, {release.gpt}).get(release.gpt)
        entered = lists.stages_entered(session, svc.store, release.id)
        climb = climb_of(session, release, datetime.now(UTC))
    view = release_view(release, gpt, entered) | asked_of(svc, release)
    return with_climb(view, climb)


@router.get("/{subject}/can", responses=READ)
def release_can(svc: Svc, who: Who, release: SeenRelease) -> dict[str, Any]:
    """Which commands you may give now and, for each refused one, why."""
    return {"commands": can_judge(svc, "release", release, who)}


@router.get("/{subject}/events", responses=READ)
def release_events(
    svc: Svc,
    release: SeenRelease,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: PageSize = queries.MOST,
) -> dict[str, Any]:
    """The release's events with `seq` above `after`, in order."""
    return events_after(svc, release.id, after, limit)


@router.post("/{subject}/start", responses=COMMAND)
async def start_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
    body: StartBody | None = None,
) -> dict[str, Any]:
    """Start the first stage now, if everything of I6 holds at this moment and no window forbids it.
    `override` goes ahead inside windows that name a role of yours, with its reason on record."""
    return await _growing(svc, who, release, "start", body, response, key, if_match)


@router.post("/{subject}/resume", responses=COMMAND)
async def resume_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
    body: StartBody | None = None,
) -> dict[str, Any]:
    """Go on after a pause or a hold. After a halt, the first of two people proposes it, and windows
    are observed as they are at a start."""
    return await _growing(svc, who, release, "resume", body, response, key, if_match)


@router.post("/{subject}/unschedule", responses=COMMAND)
async def unschedule_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Take the start time away again."""
    return await _plain(svc, who, release, "unschedule", response, key, if_match, needed=False)


@router.post("/{subject}/schedule", responses=COMMAND)
async def schedule_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    body: ScheduleBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Start at a time. A civil time is resolved now, once, and told back with a notice when a
    clock change skips it (the later time is meant) or repeats it (the earlier one is). A time
    inside a window is refused with the next legal one, unless `override` may go ahead."""
    repeated = await precondition(svc, who, key, if_match, release.version, needed=True)
    override = {} if repeated else await _overridden(svc, body.override)
    resolved = None
    if body.local is not None and body.zone is not None:
        resolved = await run_in_threadpool(resolve_local, body.local, body.zone, strict=body.strict)
    at: datetime = resolved.at if resolved else body.at  # type: ignore[assignment]  # the model's validator
    time = resolved.time.as_json() if resolved else None
    outcome = await give(
        svc,
        who,
        "release",
        release,
        "schedule",
        {"at": iso(at), "time": time, **override},
        key=key,
        fingerprint=body.model_dump(mode="json", exclude_none=True),
    )
    return {
        **answered(outcome, response),
        "time": time or {"utc": iso(at)},
        "notice": resolved.notice if resolved else None,
    }


@router.post("/{subject}/pause", responses=COMMAND)
async def pause_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    body: PauseBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Stop growing, keep serving whoever has it. `until` is cut to what the policy allows."""
    repeated = await precondition(svc, who, key, if_match, release.version, needed=False)
    order: dict[str, Any] = {}
    if not repeated:
        order = await reasoned(svc, body.reason, body.note)
        order |= {"until": iso(body.until)} if body.until else {}
    outcome = await give(
        svc,
        who,
        "release",
        release,
        "pause",
        order,
        key=key,
        fingerprint=body.model_dump(mode="json", exclude_none=True),
    )
    return answered(outcome, response)


@router.post("/{subject}/halt", responses=COMMAND)
async def halt_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Serve it to nobody in new conversations, now. When the orchestrator does not answer, a stop
    on the revision is placed instead: `instead` says so and names it."""
    repeated = await precondition(svc, who, key, if_match, release.version, needed=False)
    order = {} if repeated else await reasoned(svc, body.reason, body.note)
    return await halt_or_stop(svc, who, release, order, body.given(), key, response)


@router.post("/{subject}/roll-back", responses=COMMAND)
async def roll_back_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Take the candidate back: everyone is served the stable revision, or nothing."""
    return await _why(svc, who, release, "roll_back", body, response, key, if_match)


@router.post("/{subject}/cancel", responses=COMMAND)
async def cancel_release(
    svc: Svc,
    who: Who,
    release: SeenRelease,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Give up a release that nobody is served yet."""
    return await _why(svc, who, release, "cancel", body, response, key, if_match)


async def _overridden(svc: Services, override: Override | None) -> dict[str, Any]:
    if override is None:
        return {}
    return {"override": await reasoned(svc, override.reason, override.note)}


async def _growing(
    svc: Services,
    who: Actor,
    release: Release,
    kind: Literal["start", "resume"],
    body: StartBody | None,
    response: Response,
    key: str | None,
    if_match: str | None,
) -> dict[str, Any]:
    repeated = await precondition(svc, who, key, if_match, release.version, needed=True)
    override = body.override if body else None
    order = {} if repeated else await _overridden(svc, override)
    given = {"override": override.model_dump(exclude_none=True)} if override else None
    outcome = await give(svc, who, "release", release, kind, order, key=key, fingerprint=given)
    return answered(outcome, response)


async def _plain(
    svc: Services,
    who: Actor,
    release: Release,
    kind: Literal["unschedule"],
    response: Response,
    key: str | None,
    if_match: str | None,
    *,
    needed: bool,
) -> dict[str, Any]:
    await precondition(svc, who, key, if_match, release.version, needed=needed)
    return answered(await give(svc, who, "release", release, kind, key=key), response)


async def _why(
    svc: Services,
    who: Actor,
    release: Release,
    kind: Literal["roll_back", "cancel"],
    body: ReasonBody,
    response: Response,
    key: str | None,
    if_match: str | None,
) -> dict[str, Any]:
    repeated = await precondition(svc, who, key, if_match, release.version, needed=False)
    order = {} if repeated else await reasoned(svc, body.reason, body.note)
    outcome = await give(
        svc, who, "release", release, kind, order, key=key, fingerprint=body.given()
    )
    return answered(outcome, response)
