"""Forecasts that the store keeps by itself, to be scored when the launch is over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from temporalio import activity

from gonogo.db.launch_forecasts import keep_at
from policies.pack import PolicyPack


@dataclass(frozen=True)
class ForetellRequest:
    """`point` names where on its way the launch stands; `now` in UTC."""

    store: str
    launch: str
    pack: str
    point: str
    now: datetime


@dataclass(frozen=True)
class Foretold:
    kept: bool


class Forecasting:
    def __init__(self, engine: Engine, packs: Callable[[str], PolicyPack]) -> None:
        self._engine, self._packs = engine, packs

    @activity.defn(name="keep_forecast")
    async def keep(self, request: ForetellRequest) -> Foretold:
        return Foretold(await asyncio.to_thread(self._keep, request))

    def _keep(self, request: ForetellRequest) -> bool:
        pack = self._packs(request.pack)
        return keep_at(
            self._engine, request.store, request.launch, pack, request.point, request.now
        )
