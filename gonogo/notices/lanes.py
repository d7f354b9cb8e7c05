"""The lanes of one store, built from its settings."""

import asyncio
import time
from collections.abc import Callable

from sqlalchemy import Engine

from gonogo.notices.fanout import Fanout
from gonogo.settings import Settings

FANOUT = "fanout"
LANES = (FANOUT,)


class FanoutLane:
    """From the outbox to deliveries."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout

    def due(self) -> bool:
        return self._fanout.waiting()

    async def work(
        self, seconds: float, alive: Callable[[], None], stopping: Callable[[], bool]
    ) -> int:
        until, done = time.monotonic() + seconds, 0
        while time.monotonic() < until and not stopping():
            taken = await asyncio.to_thread(self._fanout.batch)
            done += taken
            alive()
            if not taken:
                break
        return done


def lanes_of(settings: Settings, engine: Engine, zone: str) -> dict[str, FanoutLane]:
    """`zone` is the store's, in which a day begins and quiet hours are meant."""
    return {FANOUT: FanoutLane(Fanout(engine, settings.store, zone, mail=False))}
