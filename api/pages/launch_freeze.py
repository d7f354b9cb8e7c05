"""Getting past windows from a launch's board: to open, and to come back from a suspension."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi.responses import Response

from api.deps import Services
from api.pages.forms import Line, needed
from api.pages.launch_forms import FormDeciding, to_board
from api.pages.site import page_router
from api.routes.launch_freezes import OverrideFreezeBody, override_freeze
from api.views import time_text
from gonogo.db.launch_windows import windows_over
from gonogo.db.session import reading
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch, Status

router = page_router()


def freeze_view(s: Launch, who: Actor) -> Mapping[str, Any] | None:
    """Windows over the opening as they were last seen. `mine`: `who` holds every role they name."""
    freeze = s.freeze
    if freeze is None or not freeze.windows:
        return None
    return {**_told(freeze.windows, freeze.until, freeze.roles, who), "waits": freeze.waits}


def restoring_view(svc: Services, s: Launch, who: Actor, now: datetime) -> dict[str, Any] | None:
    """Windows in which a suspended launch would return now; None: it is not suspended, or nothing
    is in its way. `second`: somebody has said already that it is to return."""
    if s.status is not Status.SUSPENDED:
        return None
    with reading(svc.engine) as session:
        whole = windows_over(session, svc.store, s.terms.pack, now, s.overridden).whole
    if whole:
        return None
    second = s.proposal is not None and s.proposal.what == "restore"
    return {**_told(whole.windows, whole.until, whole.roles, who), "second": second}


def _told(
    windows: Sequence[str], until: datetime | None, roles: Sequence[str], who: Actor
) -> dict[str, Any]:
    return {
        "windows": list(windows),
        "until": time_text(until),
        "roles": list(roles),
        "mine": bool(roles) and set(roles) <= set(who.roles),
    }


@router.post("/launches/{subject}/freeze")
async def get_past(asked: FormDeciding, note: Line = "") -> Response:
    """Open in spite of the windows that close the whole store then."""
    body = OverrideFreezeBody(reason=needed(note, "a reason is missing"))
    done = await override_freeze(asked, body)
    return to_board(asked, done, "done")
