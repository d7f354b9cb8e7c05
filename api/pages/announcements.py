"""Announced launches on a page: for everybody, and the same for everybody."""

from fastapi import Response
from fastapi.responses import HTMLResponse

from api.deps import Cursor, Svc
from api.pages.site import Looking, page, page_router
from api.routes import announcements as routes

router = page_router()


@router.get("/announcements")
def announcement_list(svc: Svc, look: Looking, cursor: Cursor = None) -> HTMLResponse:
    """What was announced, as it was told; first what was told last."""
    found = routes.list_announcements(svc, Response(), cursor)
    return page(svc, look, "announcements.html", items=found["items"], next=found["next"])
