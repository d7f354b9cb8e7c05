"""Bringing a launch forward: typed, looked at before anything happens, then said by two people."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Form, Query
from fastapi.responses import Response

from api.deps import SubjectId, Svc
from api.errors import Problem
from api.forward import ahead_view, looked_forward
from api.launch_board import visible_launch
from api.launch_shown import launch_view, target_view
from api.pages.forms import Line, Said, fresh_key, needed
from api.pages.launch_forms import FormDeciding, to_board
from api.pages.launch_parts import titles
from api.pages.site import Person, SignedIn, page, page_router
from api.routes.launch_dates import ForwardBody, bring_forward
from api.subjects import is_staff
from api.views import can_one
from gonogo.zones import place_target, zone_named
from policies.errors import Incomplete
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch
from policies.rules.target_text import LONGEST

router = page_router()
_SHOWN = 50


@router.get("/launches/{subject}/forward")
def forward_page(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    said: Said = "",
    target: Annotated[str, Query(max_length=LONGEST)] = "",
) -> Response:
    """What is asked for; with a date also what is in its way. The second voice finds the date that
    the first one named."""
    launch = _staffs(who, visible_launch(svc, who, subject))
    now = datetime.now(UTC)
    asked = target.strip() or _proposed(launch)
    told: dict[str, Any] = {"seen": None, "becomes": None, "because": ""}
    if asked:
        try:
            wanted = place_target(asked, launch.tz).target
            told["seen"] = ahead_view(looked_forward(svc, launch, wanted))
            told["becomes"] = target_view(wanted, now)
        except Incomplete as fault:
            told["because"] = fault.because
    first = launch.proposal if launch.proposal and launch.proposal.what == "forward" else None
    look.names.learn({who.id, *([first.by] if first else [])})
    return page(
        svc,
        look,
        "launch_forward.html",
        said=said,
        key=fresh_key(),
        launch=launch_view(launch, now),
        can=can_one("launch", "bring_forward", launch, who),
        asked=asked,
        first=first,
        yours=first is not None and first.by == who.id,
        notice_s=launch.terms.minimum_notice_s,
        gate_titles=titles(svc, launch),
        shown=_SHOWN,
        **told,
    )


@router.post("/launches/{subject}/forward")
async def forward(
    asked: FormDeciding,
    target: Annotated[str, Form(max_length=LONGEST)],
    note: Line = "",
) -> Response:
    """Give the first voice, or the second one."""
    _staffs(asked.who, asked.launch)
    body = ForwardBody(
        target=needed(target, "the date is missing"),
        reason=needed(note, "say why it is sooner: developers will ask"),
    )
    done = await bring_forward(asked, body)
    proposed = done.get("proposed") == "forward"
    return to_board(asked, done, "launch-forward-first" if proposed else "launch-forward")


def _staffs(who: Actor, launch: Launch) -> Launch:
    if not is_staff(who):
        raise Problem("not-found", f"there is no launch {launch.id} that you may bring forward")
    return launch


def _proposed(launch: Launch) -> str:
    """The date of the first voice, as somebody would type it."""
    first = launch.proposal if launch.proposal and launch.proposal.what == "forward" else None
    if first is None or first.target is None or first.target.start is None:
        return ""
    return first.target.start.astimezone(zone_named(launch.tz)).strftime("%Y-%m-%d %H:%M")
