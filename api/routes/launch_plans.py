"""Looking ahead in a launch: who is ready, what a postponement would do, when it may be ready.

Nothing here changes anything. A preview's `plan_hash` is what the postponement names.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from api.bodies import Body, Instant, TargetText
from api.deps import PLAIN, Services, SubjectId, Svc
from api.errors import Problem
from api.launch_ahead import preview_view, readiness_view
from api.launch_forecast import forecast_view, told_by
from api.schema import READ
from api.subjects import Staff, launch_in
from gonogo.db.launch_around import Gathered, gather, opening_of
from gonogo.db.session import reading
from gonogo.zones import place_target, zone_named
from policies.errors import Incomplete
from policies.lifecycle.launch_state import Launch
from policies.rules.launch_path import critical_path
from policies.rules.launch_plan import Mode as Modes
from policies.rules.launch_plan import examine, quorum
from policies.rules.launch_readiness import matrix
from policies.rules.postponing import Preview, preview
from policies.rules.postponing_request import Choice, Embargoed, Exposed, Mode, Request

router = APIRouter(prefix="/v1/launches", tags=["launches"])
_Ids = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
_CHOICES_MOST = 10_000
_Share = Annotated[float, Query(gt=0, le=1)]


class PreviewBody(Body):
    """`target` as people type it (`early 2024`, `tbd by 2024-03-15`); `decide_by` is until when
    developers choose, `default` what counts as chosen otherwise."""

    target: TargetText
    decide_by: Instant
    mode: Mode = Mode.SHIFT
    default: Choice = Choice.WAIT
    choices: dict[_Ids, Choice] = Field({}, max_length=_CHOICES_MOST)
    exposed: dict[_Ids, Exposed | None] = Field({}, max_length=_CHOICES_MOST)
    embargoes: dict[_Ids, Embargoed] = Field({}, max_length=_CHOICES_MOST)


@router.get("/{launch}/readiness", responses=READ)
def get_readiness(
    svc: Svc,
    who: Staff,
    launch: SubjectId,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Items against checks at the end of the target (today, while there is no date): who is not
    ready and why, what must be ready first; faults of the plan, quorum, the critical path."""
    state, found = _gathered(svc, launch)
    at = opening_of(state) or datetime.now(UTC)
    seen = matrix(found.plan, found.around.known, at)
    examined = examine(found.plan, state.target.start if state.target else None)
    work = found.around.effort_s
    remaining = {
        row.item: 0.0 if row.ready else work.get(found.around.tiers.get(row.item, ""), 0.0)
        for row in seen.rows
    }
    path = critical_path(found.plan, remaining) if examined.order else None
    count = quorum(Modes(state.mode), min(state.quorum or 1, max(1, len(seen.rows))), seen.counts)
    return readiness_view(seen, examined, count, path, offset, limit)


@router.post("/{launch}/postponement/preview", responses=READ)
def preview_postponement(
    svc: Svc, who: Staff, launch: SubjectId, body: PreviewBody
) -> dict[str, Any]:
    """What a postponement to `target` would do: who moves, who is asked, what lapses before, which
    reviews must begin by when, what needs a decision; and the hash that a commit names."""
    state, found = _gathered(svc, launch)
    return preview_view(_preview(svc, state, found, body))


@router.get("/{launch}/forecast", responses=READ)
def get_forecast(
    svc: Svc,
    who: Staff,
    launch: SubjectId,
    by: Annotated[datetime | None, Query()] = None,
    share: _Share = 0.5,
) -> dict[str, Any]:
    """The probability that its approvals are there by `by` (without one, the end of its target),
    and which hour a week more would change it most. The same question has the same answer as long
    as nothing happens in the launch."""
    if by is not None and by.tzinfo is None:
        raise Problem("bad-request", "a time with its zone is needed: by")
    return forecast_view(told_by(svc, launch, by, share))


def previewed(svc: Services, launch: str, body: PreviewBody) -> Preview:
    """What a commit compares its hash with (`policies.rules.postponing.still`)."""
    state, found = _gathered(svc, launch)
    return _preview(svc, state, found, body)


def _preview(svc: Services, state: Launch, found: Gathered, body: PreviewBody) -> Preview:
    if state.target is None:
        raise Incomplete("there is no date to postpone yet", field="target")
    request = Request(
        source=state.target,
        target=place_target(body.target, state.tz).target,
        decide_by=body.decide_by,
        mode=body.mode,
        default=body.default,
        choices=body.choices,
        exposed=body.exposed,
        embargoes=body.embargoes,
        nth=state.postponements + 1,
        higher_role=state.terms.date_role,
    )
    return preview(found.plan, request, found.around, zone_named(state.tz), datetime.now(UTC))


def _gathered(svc: Services, launch: str) -> tuple[Launch, Gathered]:
    with reading(svc.engine) as session:
        state = launch_in(svc, session, launch)
        pack, now = svc.packs(state.terms.pack), datetime.now(UTC)
        return state, gather(session, state, pack, now, in_force=svc.pack)
