"""Erase what a confirmed request covers. Killed, it is called again and goes on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from temporalio import activity

from gonogo.db.purges import holding, in_use
from gonogo.db.session import reading
from gonogo.erasure import erase, plan
from gonogo.objects import Objects


@dataclass(frozen=True)
class PurgeOrder:
    store: str
    purge: str
    scope: str
    target: str


@dataclass(frozen=True)
class PurgeReport:
    """`blocked_by` are holds or open subjects: then nothing was erased, and it is tried again."""

    body: dict[str, Any]
    blocked_by: tuple[str, ...] = ()


class Purging:
    def __init__(self, engine: Engine, objects: Objects) -> None:
        self._engine, self._objects = engine, objects

    @activity.defn(name="erase")
    async def erase(self, order: PurgeOrder) -> PurgeReport:
        loop = asyncio.get_running_loop()

        def beat() -> None:
            """From the thread that works: heartbeats belong to the event loop."""
            loop.call_soon_threadsafe(activity.heartbeat)

        return await asyncio.to_thread(self._erase, order, beat)

    def _erase(self, order: PurgeOrder, beat: Callable[[], None]) -> PurgeReport:
        with reading(self._engine) as session:
            what = (session, order.store, order.scope, order.target)
            blocked = tuple(holding(*what)) + tuple(in_use(*what))
        if blocked:
            return PurgeReport({}, blocked)
        found = plan(self._engine, self._objects, order.store, order.scope, order.target)
        body = erase(self._engine, self._objects, order.store, order.purge, found, beat)
        return PurgeReport(body)
