"""The whole installation as processes, every line between them through a proxy that can break.

client ─► api ─► proxy ─► temporal ◄─ proxy ◄─ worker ─► proxy ─► model
           └───► proxy ─► PostgreSQL ◄──── proxy ◄──┘
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from gonogo.ports import free_ports
from gonogo.settings import Settings
from gonogo.supervisor import Part, Supervisor
from gonogo.up import base_url, environment, parts
from tests.api.store import MODEL
from tests.api.world import PACK
from tests.e2e.stack import settings_in
from tests.faults.proxy import FaultProxy
from tests.postgres import Cluster

CONCURRENCY = 4
VICTIMS = ("worker", "api", "temporal", "model", "database")
LINES = ("temporal", "model", "database")


@dataclass
class House:
    """`url` is the API's; `direct` are settings whose lines nothing breaks, for whoever judges.
    `log` holds what was broken when, `calls` what the model was asked."""

    settings: Settings
    direct: Settings
    supervisor: Supervisor
    cluster: Cluster
    lines: dict[str, FaultProxy]
    log: Path
    calls: Path

    @property
    def url(self) -> str:
        return base_url(self.settings)

    async def kill(self, name: str) -> None:
        """SIGKILL; what was killed is started again by whoever watches it."""
        self._note("kill", name)
        if name == "database":
            await asyncio.to_thread(self.cluster.kill)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(self.cluster.start)
        else:
            self.supervisor.children[name].kill()

    async def trouble(self, name: str, what: str, seconds: float) -> None:
        """`cut` a line once, or have it refuse, delay or swallow for a while."""
        line = self.lines[name]
        self._note(what, name)
        if what == "cut":
            line.cut()
            return
        if what == "refuse":
            line.refusing = True
            line.cut()
        elif what == "delay":
            line.delay_s = 0.2
        else:
            line.swallowing = True
        await asyncio.sleep(seconds)
        line.heal()
        if what == "swallow":
            line.cut()  # bytes are missing: nobody could go on with what is left

    async def break_things(self, seed: int, most: int) -> None:
        """Something every few seconds, at most `most` times; what and when follows the seed."""
        chance = random.Random(seed)
        for _ in range(most):
            await asyncio.sleep(chance.uniform(0.8, 3.5))
            if chance.random() < 0.6:
                await self.kill(chance.choice(VICTIMS))
            else:
                what = chance.choice(("cut", "refuse", "delay", "swallow"))
                await self.trouble(chance.choice(LINES), what, chance.uniform(0.5, 3))

    def _note(self, what: str, name: str) -> None:
        with self.log.open("a") as log:
            log.write(json.dumps({"at": time.time(), "what": what, "part": name}) + "\n")


@contextlib.asynccontextmanager
async def housed(folder: Path, cluster: Cluster) -> AsyncIterator[House]:
    """Everything up and ready."""
    packs = folder / "packs" / "brisk"
    packs.mkdir(parents=True)
    (packs / "pack.yaml").write_text(PACK)
    calls = folder / "calls.jsonl"
    model_port, temporal_port = free_ports(2)
    own = settings_in(
        folder, pack="brisk", packs=folder / "packs", model=MODEL, model_concurrency=CONCURRENCY
    )
    socket = cluster.folder / ".s.PGSQL.5432"
    async with contextlib.AsyncExitStack() as stack:
        lines = {
            "temporal": await stack.enter_async_context(FaultProxy(("127.0.0.1", temporal_port))),
            "model": await stack.enter_async_context(FaultProxy(("127.0.0.1", model_port))),
            "database": await stack.enter_async_context(FaultProxy(socket)),
        }
        database = cluster.create()
        settings = own.model_copy(
            update={
                "temporal_address": lines["temporal"].address,
                "model_url": f"http://{lines['model'].address}/v1",
                "database_url": f"postgresql+psycopg://gonogo@{lines['database'].address}/{database}",
            }
        )
        direct = own.model_copy(
            update={
                "temporal_address": f"127.0.0.1:{temporal_port}",
                "database_url": cluster.url(database),
            }
        )
        servers = [part for part in parts(direct) if part.name == "temporal"]
        servers.append(_model(settings, model_port, calls))
        clients = [part for part in parts(settings) if part.name in ("worker", "api")]
        supervisor = Supervisor([*servers, *clients], folder / "logs", lambda line: None)
        try:
            await supervisor.start()
            yield House(
                settings, direct, supervisor, cluster, lines, folder / "faults.jsonl", calls
            )
        finally:
            await supervisor.stop()


def _model(settings: Settings, port: int, calls: Path) -> Part:
    async def ready() -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True

    program = [sys.executable, "-m", "tests.faults.scripted_model", str(port), str(calls)]
    return replace(Part("model", program, ready), env=environment(settings))
