"""The end of a launch on its board: what closing files, and afterwards what was filed."""

from datetime import datetime
from typing import Any

from fastapi.responses import Response

from api.closing import made_of
from api.deps import Services
from api.pages.forms import Line
from api.pages.launch_forms import FormDeciding, to_board
from api.pages.site import page_router
from api.routes.launch_reports import CloseBody, close_launch
from api.views import time_text
from policies.lifecycle.launch_closing import soaked_at
from policies.lifecycle.launch_permits import LEGAL
from policies.lifecycle.launch_state import Launch, Status

router = page_router()
_INCIDENTS_SHOWN = 5


def closing_part(svc: Services, launch: Launch, now: datetime) -> dict[str, Any] | None:
    """What closing would file or, once it is closed, did; None where neither is near. `soaks`:
    until when it cannot be closed yet."""
    closed = launch.status is Status.CLOSED
    if not closed and launch.status not in LEGAL["close"]:
        return None
    made = made_of(svc, launch.id, weighs=False)
    soaked = soaked_at(launch)
    return {
        "closed": closed,
        "soaks": time_text(soaked) if not closed and now < soaked else None,
        "score": launch.score if closed else made.score.brier,
        "unscored": launch.unscored if closed else made.score.unscored,
        "forecasts": made.score.forecasts,
        "late_s": made.late_s,
        "postponements": made.postponements,
        "held_s": made.held_s,
        "dissent": len(made.dissent),
        "rounds": made.rounds,
        "incidents": [
            {"kind": one.kind, "subject": one.subject, "at": time_text(one.at),
             "until": time_text(one.until)}
            for one in made.incidents[:_INCIDENTS_SHOWN]
        ],
        "incidents_of": len(made.incidents),
    }  # fmt: skip


@router.post("/launches/{subject}/close")
async def close(asked: FormDeciding, lessons: Line = "") -> Response:
    """File the report, have the forecast scored, and close it."""
    done = await close_launch(asked, CloseBody(lessons=lessons.strip() or None))
    return to_board(asked, done, "launch-close")
