"""What was given up, with buttons that send it again or put it aside."""

from typing import Annotated, Literal

from fastapi import Form, Query
from fastapi.responses import Response

from api.deps import SubjectId, Svc
from api.pages.forms import Said
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.routes import undelivered as routes

router = page_router()


@router.get("/undelivered")
def undelivered_page(
    svc: Svc,
    look: SignedIn,
    who: Person,
    said: Said = "",
    channel: Annotated[Literal["mail", "webhook"], Query()] = "mail",
) -> Response:
    """Mails, or webhooks, that nobody tries any more."""
    found = routes.list_undelivered(svc, routes.administrator(who), channel, 50)
    people = {one["recipient"] for one in found["items"]}
    look.names.learn(people)
    return page(svc, look, "undelivered.html", channel=channel, said=said, **found)


@router.post("/undelivered/{delivery}")
def deal_with(
    svc: Svc,
    who: Person,
    delivery: SubjectId,
    what: Annotated[Literal["replay", "put_aside"], Form()] = "replay",
) -> Response:
    deal = routes.replay_undelivered if what == "replay" else routes.put_aside_undelivered
    deal(svc, routes.administrator(who), delivery)
    return back_to("/undelivered", "done")
