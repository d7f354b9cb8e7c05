"""Launches in a calendar: by bearer, or by a secret address that a calendar program can keep."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Response

from api.deps import Services, Svc, Who
from api.errors import Problem
from api.schema import OPEN_READ, READ
from api.subjects import is_staff
from api.views import time_text
from gonogo.calendars import feed
from gonogo.db import announcements, calendars
from gonogo.db.launch_freezes import freezes
from gonogo.db.session import reading
from policies.lifecycle.kernel import Actor
from policies.rules.launch_calendar import (
    Entry,
    Freeze,
    announced_entries,
    freeze_entries,
    launch_entries,
)

router = APIRouter(tags=["calendars"])
_Token = Annotated[str, Path(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]+$")]
_AHEAD = timedelta(days=180)  # how far freezes are shown
ICS = "text/calendar; charset=utf-8"


@router.get("/v1/me/calendar", responses=READ)
def get_calendar(svc: Svc, who: Who) -> dict[str, Any]:
    """Whether you have a secret address, and since when. The address itself was shown once."""
    return {"made_at": time_text(calendars.made_at(svc.engine, svc.store, who.id))}


@router.post("/v1/me/calendar", status_code=201, responses=READ)
def make_calendar(svc: Svc, who: Who) -> dict[str, Any]:
    """A new secret address, shown once. The one before stops working."""
    token = calendars.make(svc.engine, svc.store, who.id)
    return {"url": f"{svc.settings.base}/calendar/{token}.ics"}


@router.delete("/v1/me/calendar", status_code=204, responses=READ)
def end_calendar(svc: Svc, who: Who) -> Response:
    """The address stops working at once."""
    calendars.end(svc.engine, svc.store, who.id)
    return Response(status_code=204)


@router.get("/v1/calendar.ics", responses=READ, response_class=Response)
def own_feed(svc: Svc, who: Who) -> Response:
    """Launches as you may see them: for staff with polls and checks, for others what is public."""
    return _feed(svc, who)


@router.get("/calendar/{token}.ics", responses=OPEN_READ, response_class=Response)
def secret_feed(svc: Svc, token: _Token) -> Response:
    """The same by a secret address, for programs that send no header."""
    with reading(svc.engine) as session:
        found = calendars.reader_of(session, svc.store, token)
    if found is None:
        raise Problem("not-found", "no calendar is here")
    return _feed(svc, Actor(found.id, tuple(found.roles)))


def _feed(svc: Services, who: Actor) -> Response:
    now = datetime.now(UTC)
    entries = _inside(svc, now) if is_staff(who) else _outside(svc)
    headers = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
    made = written(svc, entries, name="Launches", now=now)
    return Response(made, media_type=ICS, headers=headers)


def _inside(svc: Services, now: datetime) -> list[Entry]:
    with reading(svc.engine) as session:
        found = calendars.launches(session, svc.store)
        frozen = freezes(session, svc.store, svc.pack.digest, now, now + _AHEAD)
    entries = [entry for launch in found for entry in launch_entries(launch)]
    return [*entries, *freeze_entries(Freeze(one.id, one.start, one.end) for one in frozen)]


def _outside(svc: Services) -> list[Entry]:
    """What everybody was told: a date that was moved inside only stays where it was."""
    with reading(svc.engine) as session:
        found = announcements.page(session, svc.store, limit=calendars.LAUNCHES_MOST)
    return [entry for one in found.rows for entry in announced_entries(one)]


def written(svc: Services, entries: Iterable[Entry], *, name: str, now: datetime) -> bytes:
    """These entries as a feed of this store."""
    base = svc.settings.base
    host = urlsplit(base).hostname or "localhost"
    return feed(entries, name=name, base=base, host=host, now=now)
