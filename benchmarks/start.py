"""How long is `gonogo up` from the command to ready, beside the start of the bare Temporal server?

Ready: the API answers that database and orchestrator are there, and the worker polls. A first start
makes database and keys; later ones find them. In turns.

./run bench start [--json] [--times N]
"""

import asyncio
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import httpx

from benchmarks.parts import stack
from benchmarks.parts.report import parser_of, report, say
from gonogo.settings import Settings
from gonogo.up import base_url, environment, parts

PATIENCE_S = 60.0
LOOK_S = 0.01


@contextlib.asynccontextmanager
async def process(argv: list[str], env: Mapping[str, str], log: Path) -> AsyncIterator[None]:
    with log.open("ab") as out:
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **env},
        )
    try:
        yield
    finally:
        child.terminate()
        await asyncio.wait_for(child.wait(), PATIENCE_S)


async def seconds_until(ready: Callable[[], Awaitable[bool]]) -> float:
    """Raises `RuntimeError` when it never is."""
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE_S:
        if await ready():
            return time.perf_counter() - began
        await asyncio.sleep(LOOK_S)
    raise RuntimeError(f"not ready after {PATIENCE_S:.0f} s")


async def up(settings: Settings) -> float:
    """Seconds from `gonogo up` to ready."""
    worker = settings.data / "worker.ready"
    worker.unlink(missing_ok=True)
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:

        async def ready() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                told = await client.get(f"{base_url(settings)}/readyz")
                is_up = bool(told.json()["status"] == "ok")
                return is_up and await asyncio.to_thread(worker.exists)
            return False

        command = [sys.executable, "-m", "gonogo", "up"]
        async with process(command, environment(settings), settings.data / "up.log"):
            return await seconds_until(ready)


async def bare(settings: Settings) -> float:
    """Seconds from starting the bare server, as `gonogo up` starts it, to its first answer."""
    temporal = next(part for part in parts(settings) if part.name == "temporal")
    async with process(list(temporal.argv), {}, settings.data / "bare.log"):
        return await seconds_until(temporal.ready)


async def measure(times: int) -> dict[str, float]:
    first, again, server = [], [], []
    with tempfile.TemporaryDirectory(prefix="gonogo-bench-") as made:
        for number in range(times):
            folder = Path(made) / str(number)
            folder.mkdir()
            settings = stack.settings_in(folder)
            first.append(await up(settings))
            again.append(await up(settings))
            server.append(await bare(settings))
            say(f"{number}: first {first[-1]:.2f} s, again {again[-1]:.2f} s, {server[-1]:.2f} s")
            shutil.rmtree(folder)
    figures = {
        "first_s": statistics.median(first),
        "again_s": statistics.median(again),
        "bare_server_s": statistics.median(server),
        "extra_s": statistics.median(a - b for a, b in zip(again, server, strict=True)),
        "over_bare_server": statistics.median(a / b for a, b in zip(again, server, strict=True)),
        "n": float(times),
    }
    return {name: round(value, 2) for name, value in figures.items()}


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--times", type=int, default=5, help="starts of each kind")
    options = parser.parse_args()
    return report("start", asyncio.run(measure(options.times)), AIMS, as_json=options.json)


# A person waits for it: as long as a page may take, after the server itself is there.
AIMS = {"extra_s": "<= 3"}

if __name__ == "__main__":
    sys.exit(main())
