"""A TCP proxy that breaks what passes through it: cut, refused, delayed, swallowed.

async with FaultProxy(("127.0.0.1", 7233)) as proxy:
    proxy.address   # where clients go
    proxy.cut()     # every open connection is reset
    proxy.refusing = True, proxy.delay_s = 0.5, proxy.swallowing = True
"""

import asyncio
import contextlib
import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

Upstream = tuple[str, int] | Path
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST


class FaultProxy:
    """Forwards to a TCP address or a Unix socket. Faults act on what passes from now on."""

    def __init__(self, upstream: Upstream, port: int = 0) -> None:
        self._upstream, self._port = upstream, port
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.refusing = False  # new connections are reset at once
        self.swallowing = False  # bytes are read and go nowhere
        self.delay_s = 0.0  # before every piece, in both directions
        self.connections = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> int:
        """Reset every open connection. Returns how many there were."""
        found = len(self._open)
        for writer in list(self._open):
            _reset(writer)
        return found

    def heal(self) -> None:
        """Everything passes again."""
        self.refusing, self.swallowing, self.delay_s = False, False, 0.0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusing:
            _reset(writer)
            return
        try:
            there, back = await self._connect()
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, back}
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection(*self._upstream)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if not self.swallowing:
                    target.write(piece)
                    await target.drain()
        self._open.discard(target)
        target.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
