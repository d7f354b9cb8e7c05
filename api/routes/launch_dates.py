"""The dates of a launch: planned, narrowed, postponed, planned anew, brought forward."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Flag, Instant, Note, TargetText, Zone, worded
from api.deps import Services
from api.launch_asked import Asked, Deciding
from api.launch_freezing import freeze_met
from api.routes.launch_plans import PreviewBody, previewed
from api.schema import COMMAND
from api.subjects import met_before
from gonogo.db.tables import ProseRow
from gonogo.zones import place_target
from policies.errors import Incomplete
from policies.lifecycle.kernel import iso
from policies.lifecycle.launch_state import Launch
from policies.rules.postponing import Preview, still
from policies.rules.postponing_request import Choice
from policies.rules.target import Target

router = APIRouter(prefix="/v1/launches", tags=["launches"])
_Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class TargetBody(Body):
    """`target` as people write it: `2026-05-04 09:00`, `2026-05-04`, `2026-05`, `2026-Q2`,
    `early 2026`, `tbd by 2026-05-31`. `tz` where it names no zone: else the launch's own."""

    target: TargetText
    tz: Zone | None = None
    strict: Flag = Field(default=False, description="refuse times a clock change skips or repeats")


class ForwardBody(TargetBody):
    reason: Note
    note: Note | None = None


class PostponeBody(ForwardBody):
    """`plan_hash`, `moved` and `flagged` are what the preview showed, if there was one. With
    `preview`, what was asked for there, it is made again, and a postponement whose hash is another
    by now is refused.

    Developers choose until `decide_by` whether their releases wait, ship alone or are withdrawn;
    `default` counts for whoever says nothing. `preview` says both; without either, the policies
    say until when, and silence means to wait."""

    preview: PreviewBody | None = None
    decide_by: Instant | None = None
    default: Choice | None = None
    plan_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    moved: _Count | None = None
    flagged: _Count | None = None


@router.post("/{subject}/plan", responses=COMMAND)
async def plan_launch(asked: Deciding, body: TargetBody) -> dict[str, Any]:
    """Give it a target, as precise as it is known."""
    return await _dated(asked, "plan", body)


@router.post("/{subject}/narrow", responses=COMMAND)
async def narrow_launch(asked: Deciding, body: TargetBody) -> dict[str, Any]:
    """Make the target more precise, inside what was announced. An instant is needed to open."""
    return await _dated(asked, "narrow", body)


@router.post("/{subject}/postpone", responses=COMMAND)
async def postpone_launch(asked: Deciding, body: PostponeBody) -> dict[str, Any]:
    """Hold it for a later date, at once and without the orchestrator. `tbd by …` is a date, too."""
    return await _dated(asked, "postpone", body, needs_seen=False)


@router.post("/{subject}/approve-date", responses=COMMAND)
async def approve_date(asked: Deciding, body: TargetBody) -> dict[str, Any]:
    """The higher approval that the date of a second postponement needs."""
    return await _dated(asked, "approve_date", body)


@router.post("/{subject}/replan", responses=COMMAND)
async def replan_launch(asked: Deciding, body: TargetBody) -> dict[str, Any]:
    """Give a postponed launch its new date. Gates past their freshness reopen."""
    return await _dated(asked, "replan", body)


@router.post("/{subject}/bring-forward", responses=COMMAND)
async def bring_forward(asked: Deciding, body: ForwardBody) -> dict[str, Any]:
    """An earlier date: two people, fresh gates, and the notice that developers are owed."""
    return await _dated(asked, "bring_forward", body)


async def _dated(
    asked: Asked, kind: str, body: TargetBody, *, needs_seen: bool = True
) -> dict[str, Any]:
    """A command with a target: resolved now, once, and told back with a notice when a clock change
    skips its time (the later is meant) or repeats it (the earlier is), and with what it meets of
    windows: a date in a freeze may be planned, but nobody should learn of it at the opening."""
    placed = await run_in_threadpool(
        place_target, body.target, body.tz or asked.launch.tz, strict=body.strict
    )
    wanted: dict[str, Any] = {"target": placed.target.as_json()}
    texts: tuple[ProseRow, ...] = ()
    if isinstance(body, ForwardBody):
        words, texts = worded(body.reason, body.note)
        wanted |= words
    if isinstance(body, PostponeBody):
        met = body.preview is not None and await met_before(asked.svc, asked.who, asked.key)
        wanted |= (
            await run_in_threadpool(_as_previewed, asked.svc, asked.launch, body, placed.target)
            if body.preview is not None and not met
            else {"plan_hash": body.plan_hash, "moved": body.moved, "flagged": body.flagged}
        )
        wanted |= _asking(body)
        if body.plan_hash is not None:
            # The launch was read before the preview was made: another plan in between wins (I1).
            wanted["version"] = asked.launch.version
    done = await asked.give(kind, wanted, body.given(), texts, needs_seen=needs_seen)
    pack = asked.launch.terms.pack
    freeze = await run_in_threadpool(freeze_met, asked.svc, placed.target, pack)
    told = {"resolved": wanted["target"], "notice": placed.notice, "freeze": freeze}
    return {**done, **told}


def _asking(body: PostponeBody) -> dict[str, Any]:
    """What developers are asked: as it was previewed, else as it is said here."""
    asks: PreviewBody | PostponeBody = body.preview or body
    return {
        "decide_by": iso(asks.decide_by) if asks.decide_by else None,
        "default": asks.default.value if asks.default else None,
    }


def _as_previewed(
    svc: Services, launch: Launch, body: PostponeBody, target: Target
) -> dict[str, Any]:
    """What the preview shows now. Raises `StaleDecision` if that is not what was seen (I1)."""
    assert body.preview is not None  # the caller asked
    made = previewed(svc, launch.id, body.preview)
    if made.request.target != target:
        raise Incomplete("the preview was of another date", field="preview")
    still(made, body.plan_hash or "")
    return as_seen(made)


def as_seen(made: Preview) -> dict[str, Any]:
    """What the command of a postponement says of its preview."""
    flagged = len({conflict.id for conflict in made.conflicts})
    return {"plan_hash": made.plan_hash, "moved": len(made.moved), "flagged": flagged}
