"""A receiver of webhooks over real HTTP, as honest or hostile as a test wants it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


def status(code: int, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {code} X", f"content-length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


@dataclass(frozen=True)
class Got:
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Got, asyncio.StreamWriter], Awaitable[None]]


async def well(got: Got, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


def always(answer: bytes) -> Answer:
    async def say(got: Got, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return say


@dataclass
class Receiver:
    answer: Answer = well
    got: list[Got] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answered(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [line.split(": ", 1) for line in head[1:] if ": " in line]
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        one = Got(head[0].split(" ")[1], headers, body)
        self.got.append(one)
        await self.answer(one, writer)
        await writer.drain()


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    found = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(found.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    found.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/hook"
    try:
        yield found
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0.01)  # what was aborted is closed by the loop's next round
