"""Who waits for news: one question to the database every half second, however many wait.

The record hands out positions in commit order, so “above the last position” misses nothing, and a
waiter that subscribes before it reads cannot lose what is committed in between.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from gonogo.db.session import reading
from gonogo.db.tables import EventRow, StoreRow
from gonogo.logs import log

POLL_S = 0.5
_BATCH = 1_000
ANY = ""  # the subject of those who wait for any event of the store


class Feed:
    """News of one store. The poll runs only while somebody waits."""

    def __init__(self, engine: Engine, store: str, poll_s: float = POLL_S) -> None:
        self._engine, self._store, self._poll_s = engine, store, poll_s
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self.draining = False  # nobody waits any longer: this process is about to end

    @contextlib.asynccontextmanager
    async def news(self, subject: str = ANY) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever something was recorded about `subject`; clear it first,
        then read, then wait."""
        wake = asyncio.Event()
        self._waiting[subject].add(wake)
        try:
            await self._start()
            yield wake
        finally:
            self._waiting[subject].discard(wake)
            if not self._waiting[subject]:
                del self._waiting[subject]
            if not self._waiting:
                self.close()

    def drain(self) -> None:
        """Wake all who wait, so that they end what they have in hand. From the loop's thread."""
        self.draining = True
        for waiting in self._waiting.values():
            for wake in waiting:
                wake.set()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _start(self) -> None:
        async with self._starting:
            if self._task is None:
                position = await asyncio.to_thread(self._position)
                self._task = asyncio.create_task(self._poll(position))

    async def _poll(self, position: int) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                position, subjects = await asyncio.to_thread(self._since, position)
            except SQLAlchemyError as fault:
                # Readers meet the outage themselves; the poll goes on when it is over.
                log.warning("feed", error=type(fault).__name__)
                continue
            for subject in (*subjects, ANY) if subjects else ():
                for wake in self._waiting.get(subject, ()):
                    wake.set()

    def _position(self) -> int:
        with reading(self._engine) as session:
            row = session.get(StoreRow, self._store)
            return row.position if row else 0

    def _since(self, position: int) -> tuple[int, set[str]]:
        with reading(self._engine) as session:
            rows = session.exec(
                select(EventRow.position, EventRow.subject)
                .where(EventRow.store_id == self._store, EventRow.position > position)
                .order_by(col(EventRow.position))
                .limit(_BATCH)
            ).all()
        return (rows[-1][0] if rows else position), {subject for _, subject in rows}


async def woken(wake: asyncio.Event, seconds: float) -> bool:
    """Wait for `wake`, at most `seconds`. False: the time came first."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    return True
