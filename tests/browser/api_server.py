"""The real API on a real port: uvicorn in a thread with a loop of its own.

One application serves a whole test session, because one prepares all its routes at its first
request; every test gets a store of its own through fresh services, built on the server's loop.
"""

import asyncio
import threading
from collections.abc import Coroutine
from socket import socket
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from fastapi import FastAPI

from api.app import build
from api.deps import Services
from gonogo.settings import Settings

T = TypeVar("T")
START_S = 30


class ApiServer:
    """Serve `app` at `url` while the context is open; `serve` chooses whose store it is."""

    def __init__(self, app: FastAPI) -> None:
        config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off")
        self.app, self._server = app, _Announced(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="api")

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._server.is_up.wait(START_S) or not self._server.started:
            raise RuntimeError("the API did not come up")
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do `work` on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    def serve(self, settings: Settings) -> Services:
        """From now on requests meet these settings. The caller closes what is returned."""
        services: Services = self.run(build(settings))
        self.app.state.services = services
        return services

    def close(self, services: Services) -> None:
        async def closing() -> None:
            services.feed.close()
            services.engine.dispose()

        self.run(closing())


class _Announced(uvicorn.Server):
    """Says when it listens. Only a main thread takes signals, and this is none."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()
