"""Getting past windows from a launch's board."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.deps import SubjectId, Svc, etag
from api.errors import Problem
from api.launch_asked import Asked
from api.launch_board import visible_launch
from api.pages.forms import Key, Line, key_of, outcome
from api.pages.site import Person, back_to, page_router
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
async def get_past(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    version: Annotated[int, Form(ge=0)],
    note: Line = "",
) -> Response:
    """Open in spite of the windows that close the whole store then."""
    launch = await run_in_threadpool(visible_launch, svc, who, subject)
    if not note.strip():
        raise Problem("incomplete", "a reason is missing")
    asked = Asked(svc, who, launch, await key_of(request, key), etag(version))
    done = await override_freeze(asked, OverrideFreezeBody(reason=note.strip()))
    return back_to(f"/launches/{subject}", outcome(done, "done"))
