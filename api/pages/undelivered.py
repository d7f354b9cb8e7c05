"""What was given up, with a button that sends it again."""

from typing import Annotated, Literal

from fastapi import Query
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
def send_again(svc: Svc, who: Person, delivery: SubjectId) -> Response:
    routes.replay_undelivered(svc, routes.administrator(who), delivery)
    return back_to("/undelivered", "done")
