"""Looking at an earlier date of a launch before two people bring it forward."""

from typing import Any

from fastapi import APIRouter

from api.deps import SubjectId, Svc
from api.forward import ahead_view, looked_forward
from api.routes.launch_dates import TargetBody
from api.schema import READ
from api.subjects import Staff, launch_named
from gonogo.zones import place_target

router = APIRouter(prefix="/v1/launches", tags=["launches"])


@router.post("/{launch}/forward/preview", responses=READ)
def preview_forward(svc: Svc, who: Staff, launch: SubjectId, body: TargetBody) -> dict[str, Any]:
    """Every reason against the earlier `target`, as code and id: gates that do not hold, items that
    are not ready by then, embargoes, freezes, notice that developers are owed. Changes nothing;
    both voices are judged by a fresh look of their own."""
    state = launch_named(svc, launch)
    placed = place_target(body.target, body.tz or state.tz, strict=body.strict)
    return {**ahead_view(looked_forward(svc, state, placed.target)), "notice": placed.notice}
