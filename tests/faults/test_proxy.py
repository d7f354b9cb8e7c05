"""The proxy that breaks lines for other tests does break them, and heals."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.proxy import FaultProxy


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """In front of a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100):
            writer.write(piece)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    async with server, FaultProxy((host, port)) as built:
        yield built


async def _say(proxy: FaultProxy, within_s: float = 5) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(b"hello")
        return await asyncio.wait_for(reader.read(100), within_s)
    finally:
        writer.close()


async def test_what_is_said_passes(proxy: FaultProxy) -> None:
    assert await _say(proxy) == b"hello"


async def test_a_cut_resets_what_is_open_and_lets_new_ones_pass(proxy: FaultProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    await reader.read(100)

    cut = proxy.cut()

    assert cut == 2
    with pytest.raises(ConnectionResetError):
        await reader.read(100)
    assert await _say(proxy) == b"hello"


async def test_refused_delayed_and_swallowed_until_healed(proxy: FaultProxy) -> None:
    proxy.refusing = True
    with pytest.raises(ConnectionError):
        await _say(proxy)
    proxy.heal()
    proxy.delay_s = 0.1
    began = time.monotonic()
    assert await _say(proxy) == b"hello"
    assert time.monotonic() - began >= 0.2
    proxy.heal()
    proxy.swallowing = True
    with pytest.raises(TimeoutError):
        await _say(proxy, within_s=0.2)
    proxy.heal()

    assert await _say(proxy) == b"hello"
