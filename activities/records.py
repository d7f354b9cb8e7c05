"""`record()` as an activity: the only writer of anything about a subject."""

import asyncio
from dataclasses import dataclass, replace

from temporalio import activity

from gonogo.db.ledger import Ledger
from policies.lifecycle.kernel import Event
from policies.wire import RecordAnswer, RecordRequest


@dataclass(frozen=True)
class LoadRequest:
    store: str
    subject: str
    after: int = 0


@dataclass(frozen=True)
class Loaded:
    events: tuple[Event, ...]


class Records:
    """Hosts the ledger. Its methods run in a thread: SQLite and psycopg are called blocking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @activity.defn(name="record")
    async def record(self, request: RecordRequest) -> RecordAnswer:
        waited = replace(request, waited_s=_waited())
        return await asyncio.to_thread(self._ledger.record, waited)

    @activity.defn(name="load_events")
    async def load_events(self, request: LoadRequest) -> Loaded:
        events = await asyncio.to_thread(
            self._ledger.events, request.store, request.subject, request.after
        )
        return Loaded(events)


def _waited() -> float:
    """Seconds since the workflow asked for this, both by the clock of the server. A local activity
    waits for seconds at most, and for its own worker."""
    info = activity.info()
    if info.is_local:
        return 0.0
    return max(0.0, (info.started_time - info.scheduled_time).total_seconds())
