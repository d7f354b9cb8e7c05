"""Where developers say what becomes of their releases when a launch is postponed."""

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from api.deps import SubjectId, Svc
from api.errors import Problem
from api.pages.forms import Key, key_of, outcome
from api.pages.site import Person, back_to, page_router
from api.routes import choices as routes
from api.subjects import visible_release
from policies.rules.postponing_request import Choice

router = page_router()


@router.post("/choices/{publisher}")
async def say(
    svc: Svc,
    who: Person,
    request: Request,
    publisher: SubjectId,
    key: Key,
    launch: Annotated[str, Form(max_length=80, pattern=r"^lch_[\x21-\x7e]+$")],
    nth: Annotated[int, Form(ge=1, le=10_000)],
    choice: Annotated[Choice, Form()],
    release: Annotated[str, Form(max_length=80, pattern=r"^(rel_[\x21-\x7e]+)?$")] = "",
) -> Response:
    """For one release, or for all of the publisher that wait for the launch."""
    once = await key_of(request, key)
    if release:
        body = routes.ChoiceBody(launch=launch, nth=nth, choice=choice)
        state = visible_release(svc, who, release)
        done = await routes.choose_for_release(svc, who, state, body, Response(), once)
        return back_to(f"/duties/{publisher}", outcome(done, "chosen"))
    all_ = routes.ChoicesBody(launch=launch, nth=nth, choice=choice)
    found = await routes.choose_for_all(svc, who, publisher, all_, once)
    if not found["of"]:
        raise Problem("not-found", "nothing of this publisher waits for that launch")
    refused = [one for one in found["items"] if one["status"] == "refused"]
    if refused:
        raise Problem(
            refused[0]["code"],
            f"{len(refused)} of {found['of']} were not taken: {refused[0]['because']}",
        )
    return back_to(f"/duties/{publisher}", "chosen")
