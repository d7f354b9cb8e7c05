"""Announced launches, for everybody: no more than public memos said and than anybody can see."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.deps import Cursor, Svc
from api.errors import Problem
from api.routes.calendars import ICS, written
from api.schema import OPEN_READ
from api.views import time_text
from gonogo.db import announcements
from gonogo.db.calendars import LAUNCHES_MOST
from gonogo.db.queries import Page
from gonogo.db.session import reading
from policies.rules.announcements import Announcement, Telling, day_of, words
from policies.rules.launch_calendar import announced_entries

router = APIRouter(prefix="/v1", tags=["announcements"])
PAGE, MOST = 30, 100
_Limit = Annotated[int, Query(ge=1, le=MOST)]
# A correction must not wait for somebody's cache, and no version of a launch is anybody's business.
_KEPT_NOWHERE = "no-store"


@router.get("/announcements", responses=OPEN_READ)
def list_announcements(
    svc: Svc, response: Response, cursor: Cursor = None, limit: _Limit = PAGE
) -> dict[str, Any]:
    """Launches that everybody was told of; first what was told last. A launch is here once a public
    memo about it was sent, with the date that memos told, whatever was moved since."""
    response.headers["Cache-Control"] = _KEPT_NOWHERE
    now = datetime.now(UTC)
    found = _found(svc, cursor, limit)
    return {"items": [_view(one, now) for one in found.rows], "next": found.next}


@router.get("/announcements.ics", responses=OPEN_READ, response_class=Response)
def announcements_feed(svc: Svc) -> Response:
    """The same as iCalendar, for every calendar program: no secret is needed."""
    entries = [
        entry for one in _found(svc, None, LAUNCHES_MOST).rows for entry in announced_entries(one)
    ]
    made = written(svc, entries, name="Announced launches", now=datetime.now(UTC))
    return Response(made, media_type=ICS, headers={"Cache-Control": _KEPT_NOWHERE})


def _found(svc: Svc, cursor: str | None, limit: int) -> Page:
    with reading(svc.engine) as session:
        try:
            return announcements.page(session, svc.store, after=cursor, limit=limit)
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault


def _view(one: Announcement, now: datetime) -> dict[str, Any]:
    target = one.target
    return {
        "launch": one.launch,
        "name": one.name,
        "title": one.title,
        "status": one.standing,
        "open_since": time_text(one.open_since),
        "date": target
        and {
            "words": words(target, day_of(target, now)),
            "precision": target.precision,
            "start": time_text(target.start),
            "end": time_text(target.end),
            "tz": target.tz,
        },
        "told_at": time_text(one.told_at),
        "memos": [_memo(memo) for memo in one.memos],
    }


def _memo(memo: Telling) -> dict[str, Any]:
    return {
        "id": memo.memo,
        "kind": memo.kind,
        "public_at": time_text(memo.sent_at),
        "title": memo.title or "(erased)",
        "languages": list(memo.locales),
        "corrects": memo.corrects,
        "corrected_by": memo.corrected_by,
    }
