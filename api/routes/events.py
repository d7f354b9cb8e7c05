"""The store's events in the order they were recorded: the audit log, as a list and live."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.deps import LastEventId, PageSize, Services, Svc
from api.live import woken
from api.schema import READ
from api.streams import GOODBYE, STREAM_S, events_after
from api.subjects import Staff
from api.views import event_view
from gonogo.db import queries
from gonogo.db.session import reading
from gonogo.db.tables import EventRow

router = APIRouter(prefix="/v1/events", tags=["events"])
_After = Annotated[int, Query(ge=0, le=2**53, description="a position")]


@router.get("", responses=READ)
def list_events(
    svc: Svc, who: Staff, after: _After = 0, limit: PageSize = queries.MOST
) -> dict[str, Any]:
    """Events of the whole store above a position, in order; `next` is the position to go on."""
    # Whoever belongs to a publisher may be reading about their own: no words from inside.
    return events_after(svc, None, after, limit, inside=not who.publishers)


@router.get("/stream", response_class=EventSourceResponse, responses=READ)
async def events_stream(
    svc: Svc, who: Staff, last: LastEventId = None, after: _After = 0
) -> AsyncIterator[ServerSentEvent]:
    """The same live, as server-sent events: `id` is the position. Reconnect within the hour."""
    position, loop = max(after, last or 0), asyncio.get_running_loop()
    until = loop.time() + STREAM_S
    async with svc.feed.news() as wake:
        while loop.time() < until and not svc.feed.draining:
            wake.clear()
            rows = await run_in_threadpool(_above, svc, position)
            for row in rows:
                position = row.position
                yield ServerSentEvent(data=event_view(row), event=row.type, id=str(position))
            if not rows:
                await woken(wake, until - loop.time())
        if svc.feed.draining:
            yield GOODBYE


def _above(svc: Services, position: int) -> list[EventRow]:
    with reading(svc.engine) as session:
        return queries.events(session, svc.store, after=position)
