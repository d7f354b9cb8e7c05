"""Rehearsing a launch: it runs ahead through the real rules, and nothing of it is recorded."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api.deps import SubjectId, Svc
from api.launch_board import board
from api.launch_rehearsal import RehearsalBody, played
from api.launch_rehearsal_views import rehearsal_view
from api.schema import READ
from api.subjects import Staff

router = APIRouter(prefix="/v1/launches", tags=["launches"])


@router.post("/{launch}/rehearsal", responses=READ)
def rehearse_launch(svc: Svc, who: Staff, launch: SubjectId, body: RehearsalBody) -> dict[str, Any]:
    """How the launch would go on from where it stands, with what is said to go wrong: a timeline,
    what was in the way, who was waited for. People do what is asked of them after a while drawn
    from `seed`; nobody invents a new date. Nothing is recorded. With the `start` and the `seed` of
    an answer the same question has the same answer until something happens."""
    now = datetime.now(UTC)
    return rehearsal_view(played(svc, board(svc, who, launch, now), body, now))
