"""The public catalogue: what everyone may use."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.deps import PLAIN, Cursor, Svc
from api.pages.site import Looking, page, page_router
from api.routes import catalogue as routes

router = page_router()


@router.get("/catalogue")
def catalogue_page(
    svc: Svc,
    look: Looking,
    category: Annotated[str | None, Query(max_length=80, pattern=PLAIN)] = None,
    cursor: Cursor = None,
) -> Response:
    """The shelf, or one category of it."""
    found = routes.list_catalogue(svc, category=category, cursor=cursor)
    return page(
        svc,
        look,
        "catalogue.html",
        items=found["items"],
        next=found["next"],
        category=category,
        categories=sorted(found["categories"].items()),
    )
