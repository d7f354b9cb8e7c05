"""Launches: drafted, planned, opened in waves, held, postponed, closed. For the store's staff."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Flag, Note, worded
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
from api.launch_views import launch_row, launch_view
from api.launching import SeenLaunch, order
from api.routes.launch_plans import PreviewBody, previewed
from api.schema import COMMAND, READ
from api.streams import events_after
from api.subjects import Staff, met_before
from api.views import can_view
from gonogo.db import launch_lists, queries
from gonogo.db.prose import prose_of
from gonogo.db.session import reading
from gonogo.db.tables import ProseRow
from gonogo.ids import new_id
from gonogo.zones import place_target, zone_named
from policies.errors import Incomplete
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch, Status
from policies.lifecycle.launch_terms import launch_terms_from
from policies.rules.postponing import still
from policies.rules.target import Target

router = APIRouter(prefix="/v1/launches", tags=["launches"])
_Zone = Annotated[str, Field(min_length=1, max_length=64)]
_Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class DraftBody(Body):
    """`tz` is the zone its dates are meant in (IANA). `quorum`: how many items open at least."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    tz: _Zone
    mode: Literal["atomic", "quorum", "independent"] = "independent"
    quorum: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None


class AmendBody(Body):
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    mode: Literal["atomic", "quorum", "independent"] | None = None
    quorum: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None


class TargetBody(Body):
    """`target` as people write it: `2026-05-04 09:00`, `2026-05-04`, `2026-05`, `2026-Q2`,
    `early 2026`, `tbd by 2026-05-31`. `tz` where it names no zone: else the launch's own."""

    target: Annotated[str, Field(min_length=1, max_length=120)]
    tz: _Zone | None = None
    strict: Flag = Field(default=False, description="refuse times a clock change skips or repeats")


class ForwardBody(TargetBody):
    reason: Note
    note: Note | None = None


class PostponeBody(ForwardBody):
    """`plan_hash`, `moved` and `flagged` are what the preview showed, if there was one. With
    `preview`, what was asked for there, it is made again, and a postponement whose hash is another
    by now is refused."""

    preview: PreviewBody | None = None
    plan_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    moved: _Count | None = None
    flagged: _Count | None = None


class CloseBody(Body):
    """`report`: what came of it. `score`: how good the forecast was (its Brier score)."""

    report: Note
    score: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


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
    """One launch: where it stands, whose turn it is, gates, poll, and its items by count."""
    response.headers["ETag"] = etag(launch.version)
    with reading(svc.engine) as session:
        counts = launch_lists.counts(session, svc.store, launch.id)
    return launch_view(launch, counts)


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
async def amend_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: AmendBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Change its name, mode or quorum, before the poll."""
    given = body.model_dump(mode="json", exclude_unset=True)
    outcome = await order(
        svc, who, launch, "amend", given, key=key, seen=if_match, needs_seen=True, given=given
    )
    return answered(outcome, response)


@router.post("/{subject}/plan", responses=COMMAND)
async def plan_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: TargetBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Give it a target, as precise as it is known."""
    return await _dated(svc, who, launch, "plan", body, response, key, if_match)


@router.post("/{subject}/narrow", responses=COMMAND)
async def narrow_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: TargetBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Make the target more precise, inside what was announced. An instant is needed to open."""
    return await _dated(svc, who, launch, "narrow", body, response, key, if_match)


@router.post("/{subject}/postpone", responses=COMMAND)
async def postpone_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: PostponeBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Hold it for a later date, at once and without the orchestrator. `tbd by …` is a date, too."""
    return await _dated(svc, who, launch, "postpone", body, response, key, if_match, needed=False)


@router.post("/{subject}/approve-date", responses=COMMAND)
async def approve_date(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: TargetBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """The higher approval that the date of a second postponement needs."""
    return await _dated(svc, who, launch, "approve_date", body, response, key, if_match)


@router.post("/{subject}/replan", responses=COMMAND)
async def replan_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: TargetBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Give a postponed launch its new date. Gates past their freshness reopen."""
    return await _dated(svc, who, launch, "replan", body, response, key, if_match)


@router.post("/{subject}/bring-forward", responses=COMMAND)
async def bring_forward(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: ForwardBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """An earlier date: two people, fresh gates, and the notice that developers are owed."""
    return await _dated(svc, who, launch, "bring_forward", body, response, key, if_match)


@router.post("/{subject}/close", responses=COMMAND)
async def close_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: CloseBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """End it: it has soaked, the report is filed, the forecast is scored."""
    report = prose_of(body.report)
    outcome = await order(
        svc,
        who,
        launch,
        "close",
        {"report": report.digest, "score": body.score},
        key=key,
        seen=if_match,
        given=body.model_dump(mode="json"),
        texts=(report,),
    )
    return answered(outcome, response)


async def _dated(
    svc: Services,
    who: Actor,
    launch: Launch,
    kind: str,
    body: TargetBody,
    response: Response,
    key: str | None,
    if_match: str | None,
    *,
    needed: bool = True,
) -> dict[str, Any]:
    """A command with a target: resolved now, once, and told back with a notice when a clock change
    skips its time (the later is meant) or repeats it (the earlier is)."""
    placed = await run_in_threadpool(
        place_target, body.target, body.tz or launch.tz, strict=body.strict
    )
    wanted: dict[str, Any] = {"target": placed.target.as_json()}
    texts: tuple[ProseRow, ...] = ()
    if isinstance(body, ForwardBody):
        words, texts = worded(body.reason, body.note)
        wanted |= words
    if isinstance(body, PostponeBody):
        met = body.preview is not None and await met_before(svc, who, key)
        wanted |= (
            await run_in_threadpool(_as_previewed, svc, launch, body, placed.target)
            if body.preview is not None and not met
            else {"plan_hash": body.plan_hash, "moved": body.moved, "flagged": body.flagged}
        )
    outcome = await order(
        svc,
        who,
        launch,
        kind,
        wanted,
        key=key,
        seen=if_match,
        needs_seen=needed,
        given=body.model_dump(mode="json", exclude_none=True),
        texts=texts,
    )
    return {
        **answered(outcome, response), "resolved": wanted["target"], "notice": placed.notice
    }  # fmt: skip


def _as_previewed(
    svc: Services, launch: Launch, body: PostponeBody, target: Target
) -> dict[str, Any]:
    """What the preview shows now. Raises `StaleDecision` if that is not what was seen (I1)."""
    assert body.preview is not None  # the caller asked
    made = previewed(svc, launch.id, body.preview)
    if made.request.target != target:
        raise Incomplete("the preview was of another date", field="preview")
    still(made, body.plan_hash or "")
    flagged = len({conflict.id for conflict in made.conflicts})
    return {"plan_hash": made.plan_hash, "moved": len(made.moved), "flagged": flagged}
