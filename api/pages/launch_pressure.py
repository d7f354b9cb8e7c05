"""The pressure on a launch as a page: bars of what was spent against what is usual."""

from datetime import UTC, datetime

from fastapi.responses import Response

from api.deps import SubjectId, Svc
from api.errors import Problem
from api.launch_pressure import pressed, pressure_view
from api.launch_shown import launch_view
from api.pages.launch_parts import titles
from api.pages.site import Person, SignedIn, page, page_router
from api.subjects import is_staff
from policies.rules.pressure import PRESSED, TENSE

router = page_router()
_ITEMS = 25


@router.get("/launches/{subject}/pressure")
def pressure_page(svc: Svc, look: SignedIn, who: Person, subject: SubjectId) -> Response:
    """For the store's staff; to developers it does not exist."""
    now = datetime.now(UTC)
    if not is_staff(who):
        raise Problem("not-found", f"there is no pressure of {subject} that you may see")
    found = pressed(svc, subject)
    told = pressure_view(found, 0, _ITEMS)
    people = {one["by"] for kind in _WITH_PEOPLE for one in told[kind] if one["by"]}
    look.names.learn({who.id, *people})
    return page(
        svc,
        look,
        "launch_pressure.html",
        launch=launch_view(found.launch, now),
        told=told,
        titles=titles(svc, found.launch),
        tense=TENSE,
        pressed=PRESSED,
    )


_WITH_PEOPLE = ("waived", "overridden", "dissent", "moved", "shortened")
