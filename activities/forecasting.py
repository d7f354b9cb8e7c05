"""Looking ahead of a launch: forecasts that are kept, and what an earlier date would meet."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from temporalio import activity

from gonogo.db.launch_forecasts import keep_at
from gonogo.db.launch_forward import look_forward
from gonogo.db.session import reading
from policies.errors import Incomplete
from policies.pack import PolicyPack
from policies.rules.target import of_json


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


@dataclass(frozen=True)
class ForwardRequest:
    """`target`: the earlier date, as a command carries it; `now` in UTC."""

    store: str
    launch: str
    pack: str
    target: dict[str, Any]
    now: datetime


@dataclass(frozen=True)
class ForwardLook:
    """`observed["forward"]` of a launch's decider; empty where nobody could look."""

    forward: dict[str, Any]


class Forecasting:
    """`in_force`: the policies that builders accept now."""

    def __init__(
        self, engine: Engine, packs: Callable[[str], PolicyPack], in_force: PolicyPack
    ) -> None:
        self._engine, self._packs, self._in_force = engine, packs, in_force

    @activity.defn(name="look_forward")
    async def look_forward(self, request: ForwardRequest) -> ForwardLook:
        return ForwardLook(await asyncio.to_thread(self._look_forward, request))

    def _look_forward(self, request: ForwardRequest) -> dict[str, Any]:
        pack = self._packs(request.pack)
        try:
            target = of_json(request.target)
        except Incomplete:
            return {}  # the decider says what is wrong with it
        with reading(self._engine) as session:
            return look_forward(
                session,
                request.store,
                request.launch,
                target,
                request.now,
                pack=pack,
                in_force=self._in_force,
            )

    @activity.defn(name="keep_forecast")
    async def keep(self, request: ForetellRequest) -> Foretold:
        return Foretold(await asyncio.to_thread(self._keep, request))

    def _keep(self, request: ForetellRequest) -> bool:
        pack = self._packs(request.pack)
        return keep_at(
            self._engine, request.store, request.launch, pack, request.point, request.now
        )
