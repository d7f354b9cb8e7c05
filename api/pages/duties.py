"""What builders of one publisher owe before a launch, and where they say that it is done."""

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from api.choices import choices_view
from api.deps import SubjectId, Svc
from api.pages.forms import Key, Said, fresh_key, key_of, outcome
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.publishers import visible_publisher
from api.routes import duties as routes

router = page_router()


@router.get("/duties/{publisher}")
def duties_page(
    svc: Svc, look: SignedIn, who: Person, publisher: SubjectId, said: Said = ""
) -> Response:
    """Every duty, done or not; a button where a person's word is what counts."""
    found = routes.get_duties(svc, who, publisher)
    state = visible_publisher(svc, who, publisher)
    look.names.learn({publisher})
    return page(
        svc,
        look,
        "duties.html",
        said=said,
        key=fresh_key(),
        publisher=publisher,
        items=found["items"],
        mine=who.id in state.members,
        asked=choices_view(svc, who, publisher),
    )


@router.post("/duties/{publisher}")
async def confirm(
    svc: Svc,
    who: Person,
    request: Request,
    publisher: SubjectId,
    key: Key,
    duty: Annotated[str, Form(pattern=r"^[a-z][a-z0-9_]{0,39}$")],
) -> Response:
    """Say that a duty is done."""
    once = await key_of(request, key)
    done = await routes.confirm_duty(svc, who, publisher, duty, Response(), once)
    return back_to(f"/duties/{publisher}", outcome(done, "done"))
