"""The date of a launch as promised and as forecast; the board fetches it as a part of its own,
because a simulation takes longer than a page may."""

from datetime import UTC, datetime

from fastapi.responses import Response

from api.deps import SubjectId, Svc
from api.errors import Problem
from api.launch_forecast import QUANTILES, foreseen
from api.launch_shown import launch_view
from api.pages.forecast_chart import chart
from api.pages.site import Person, SignedIn, page, page_router
from api.subjects import is_staff
from gonogo.zones import zone_named

router = page_router()
_LEVERS, _KEPT = 3, 8


@router.get("/launches/{subject}/forecast")
def forecast_page(svc: Svc, look: SignedIn, who: Person, subject: SubjectId) -> Response:
    """For the store's staff; to developers it does not exist."""
    if not is_staff(who):
        raise Problem("not-found", f"there is no forecast of {subject} that you may see")
    seen = foreseen(svc, subject)
    launch = seen.launch
    view = launch_view(launch, datetime.now(UTC))
    told = seen.told if seen.asked and not view["is_out"] and not view["final"] else None
    helps = [one for one in seen.levers() if one.gain > 0 or (one.earlier_s or 0) >= 3_600]
    reviewers = {one.what.partition(":")[2] for one in helps if one.what.startswith("reviewer:")}
    look.names.learn({who.id, *reviewers})
    target = launch.target
    start, end = (target.start, target.end) if target else (None, None)
    return page(
        svc,
        look,
        "launch_forecast.html",
        launch=view,
        at=seen.at,
        pending=seen.pending,
        cases=len(seen.asked.pending) if seen.asked else 0,
        past=seen.asked.past.approved if seen.asked else 0,
        runs=seen.asked.runs if seen.asked else 0,
        told=told,
        chance=told.by(seen.at) if told and seen.at else None,
        dates={p: told.date(p) for p in QUANTILES} if told else {},
        picture=chart(told, start, end, zone_named(launch.tz)) if told else None,
        helps=helps[:_LEVERS] if told else [],
        kept=seen.kept[-_KEPT:],
    )
