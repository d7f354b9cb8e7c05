"""Erase what a confirmed request covers. Killed, it is called again and goes on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from temporalio import activity

from gonogo.db.purges import holding, in_use
from gonogo.db.session import reading
from gonogo.erasable import plan
from gonogo.erasure import Interrupted, erase
from gonogo.objects import Objects
from gonogo.retention import sweep
from policies.pack import Retention

_PLANS = 3  # in a row; then it is tried again later


@dataclass(frozen=True)
class PurgeOrder:
    store: str
    purge: str
    scope: str
    target: str


@dataclass(frozen=True)
class PurgeReport:
    """`blocked_by` are holds, open subjects or the request itself, declined: then nothing more was
    erased, and it is tried again."""

    body: dict[str, Any]
    blocked_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class SweepOrder:
    store: str
    purge: str  # the id this sweep is recorded under; the same again after a kill


@dataclass(frozen=True)
class SweepReport:
    """`body` is None when nothing was due."""

    body: dict[str, Any] | None
    more: bool


class Purging:
    def __init__(self, engine: Engine, objects: Objects, rules: Retention) -> None:
        self._engine, self._objects, self._rules = engine, objects, rules

    @activity.defn(name="sweep_retention")
    async def sweep(self, order: SweepOrder) -> SweepReport:
        loop = asyncio.get_running_loop()

        def beat() -> None:
            loop.call_soon_threadsafe(activity.heartbeat)

        body, more = await asyncio.to_thread(
            sweep, self._engine, self._objects, order.store, order.purge, self._rules, beat=beat
        )
        return SweepReport(body, more)

    @activity.defn(name="erase")
    async def erase(self, order: PurgeOrder) -> PurgeReport:
        loop = asyncio.get_running_loop()

        def beat() -> None:
            """From the thread that works: heartbeats belong to the event loop."""
            loop.call_soon_threadsafe(activity.heartbeat)

        return await asyncio.to_thread(self._erase, order, beat)

    def _erase(self, order: PurgeOrder, beat: Callable[[], None]) -> PurgeReport:
        """A hold, a use or a refusal that comes in between stops it; then it is planned again, or
        said what is in the way."""
        blocked: tuple[str, ...] = ()
        for _ in range(_PLANS):
            with reading(self._engine) as session:
                what = (session, order.store, order.scope, order.target)
                blocked = (*holding(*what), *in_use(*what))
            if blocked:
                break
            found = plan(self._engine, self._objects, order.store, order.scope, order.target)
            beat()
            try:
                return PurgeReport(
                    erase(self._engine, self._objects, order.store, order.purge, found, beat)
                )
            except Interrupted as interrupted:
                blocked = interrupted.by
        return PurgeReport({}, blocked)
