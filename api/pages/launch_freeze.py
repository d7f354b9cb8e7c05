"""Getting past windows from a launch's board."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from api.pages.forms import Line, needed
from api.pages.launch_forms import FormDeciding, to_board
from api.pages.site import page_router
from api.routes.launch_freezes import OverrideFreezeBody, override_freeze
from api.views import time_text
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch

router = page_router()


def freeze_view(s: Launch, who: Actor) -> Mapping[str, Any] | None:
    """Windows over the opening as they were last seen. `mine`: `who` holds every role they name."""
    freeze = s.freeze
    if freeze is None or not freeze.windows:
        return None
    return {
        "windows": list(freeze.windows),
        "until": time_text(freeze.until),
        "roles": list(freeze.roles),
        "waits": freeze.waits,
        "mine": bool(freeze.roles) and set(freeze.roles) <= set(who.roles),
    }


@router.post("/launches/{subject}/freeze")
async def get_past(asked: FormDeciding, note: Line = "") -> Response:
    """Open in spite of the windows that close the whole store then."""
    body = OverrideFreezeBody(reason=needed(note, "a reason is missing"))
    done = await override_freeze(asked, body)
    return to_board(asked, done, "done")
