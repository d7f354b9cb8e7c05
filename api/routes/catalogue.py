"""The catalogue: public, and read without the orchestrator. Stops are read with every question."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.deps import PLAIN, Cursor, SubjectId, Svc
from api.errors import Problem
from api.release_views import entry_view
from api.schema import OPEN_READ
from gonogo.db import catalogue
from gonogo.db.session import reading

router = APIRouter(prefix="/v1/catalogue", tags=["catalogue"])
# PostgreSQL stores no NUL, and nobody searches for control characters.
_Words = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Unit = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
_Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("", responses=OPEN_READ)
def list_catalogue(
    svc: Svc,
    category: Annotated[str | None, Query(max_length=80, pattern=PLAIN)] = None,
    cursor: Cursor = None,
    limit: _Limit = 50,
) -> dict[str, Any]:
    """What the store shows, by name; `categories` counts all of it."""
    with reading(svc.engine) as session:
        counts = catalogue.categories(session, svc.store)
    return {
        **_page(svc, category=category, words=None, cursor=cursor, limit=limit),
        "categories": counts,
    }


@router.get("/search", responses=OPEN_READ)
def search_catalogue(
    svc: Svc,
    q: _Words,
    category: Annotated[str | None, Query(max_length=80, pattern=PLAIN)] = None,
    cursor: Cursor = None,
    limit: _Limit = 50,
) -> dict[str, Any]:
    """GPTs whose name or description holds every word of `q`."""
    return _page(svc, category=category, words=q, cursor=cursor, limit=limit)


@router.get("/{gpt}", responses=OPEN_READ)
def get_entry(svc: Svc, gpt: SubjectId) -> dict[str, Any]:
    """One GPT, also while only a link leads to it."""
    with reading(svc.engine) as session:
        found = catalogue.entry(session, svc.store, gpt)
    if found is None:
        raise Problem("not-found", f"the catalogue shows no {gpt}")
    return entry_view(found)


@router.get("/{gpt}/resolve", responses=OPEN_READ)
def resolve(svc: Svc, gpt: SubjectId, response: Response, unit: _Unit = None) -> dict[str, Any]:
    """Which revision `unit` (a user, or whatever sticks) is served in a new conversation.

    Ask for every conversation: a stop is in force with the next question.
    """
    response.headers["Cache-Control"] = "no-store"
    with reading(svc.engine) as session:
        served = catalogue.resolve(session, svc.store, gpt, unit)
    if served is None:
        raise Problem("not-found", f"there is no GPT {gpt}")
    return {
        "gpt": gpt,
        "digest": served.digest,
        "serving": served.serving,
        "why": list(served.why),
        "bucket": served.bucket,
    }


def _page(
    svc: Svc, *, category: str | None, words: str | None, cursor: str | None, limit: int
) -> dict[str, Any]:
    with reading(svc.engine) as session:
        try:
            page = catalogue.page(
                session, svc.store, category=category, words=words, after=cursor, limit=limit
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
    return {"items": [entry_view(entry) for entry in page.rows], "next": page.next}
