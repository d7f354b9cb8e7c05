"""Lanes that bring notices to people and programs: fan-out, mail, webhooks.

One call waits until something is due, works on it for a while and says how much. Waiting happens in
here, and not by timers of the workflow, so that an idle store writes next to no history.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from temporalio import activity

POLL_S = 1.0
WORK_S = 60.0


@dataclass(frozen=True)
class LaneRequest:
    """`patience_s`: how long to wait for something to do."""

    store: str
    lane: str
    patience_s: float = 300.0


@dataclass(frozen=True)
class LaneReport:
    done: int


class Lane(Protocol):
    def due(self) -> bool:
        """Whether there is something to do. Blocks on the database."""

    async def work(
        self, seconds: float, alive: Callable[[], None], stopping: Callable[[], bool]
    ) -> int:
        """Work for at most about `seconds`; how much was done."""


class Notices:
    """`lanes` of the store this installation serves; one that is not configured is absent."""

    def __init__(self, store: str, lanes: Mapping[str, Lane]) -> None:
        self._store, self._lanes = store, lanes

    @activity.defn(name="work_notices")
    async def work(self, request: LaneRequest) -> LaneReport:
        lane = self._lanes.get(request.lane) if request.store == self._store else None
        until = time.monotonic() + request.patience_s
        while time.monotonic() < until and not activity.is_worker_shutdown():
            activity.heartbeat()
            if lane is not None and await asyncio.to_thread(lane.due):
                done = await lane.work(WORK_S, activity.heartbeat, activity.is_worker_shutdown)
                return LaneReport(done)
            await asyncio.sleep(POLL_S)
        return LaneReport(0)
