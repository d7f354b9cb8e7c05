"""The real parts, as `gonogo up` runs them, beside a model that answers at once and a bare worker.

Everything is in a temporary folder and on ports of its own, and ends with the benchmark.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from benchmarks.parts.model import MODEL
from benchmarks.parts.report import say
from gonogo.ports import free_ports
from gonogo.settings import Settings
from gonogo.supervisor import Part, Supervisor
from gonogo.up import environment, parts

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGESIZE")


def settings_in(folder: Path, **changes: object) -> Settings:
    """Settings in `folder`, on free ports; the model is the one that answers at once."""
    ports = free_ports(4)
    return Settings(
        data=folder,
        port=ports[0],
        temporal_ui_port=ports[1],
        temporal_address=f"127.0.0.1:{ports[2]}",
        model_url=f"http://127.0.0.1:{ports[3]}/v1",
        model=MODEL,
        model_concurrency=8,  # as an operator sets it who has an endpoint of their own
        log_level="WARNING",
    ).model_copy(update=changes)


def extra_parts(settings: Settings) -> list[Part]:
    """The model, and the worker whose workflows have empty bodies."""
    assert settings.model_url is not None  # `settings_in` sets it
    port = int(settings.model_url.rpartition(":")[2].partition("/")[0])
    ready = settings.data / "bare.ready"
    ready.unlink(missing_ok=True)
    bare = ["-m", "benchmarks.parts.bare_worker", str(ready), str(notices_of(settings))]
    model = ["-m", "benchmarks.parts.model", str(port)]
    env = environment(settings)
    return [
        Part("model", [sys.executable, *model], lambda: _listens(port), env),
        Part("bare", [sys.executable, *bare], lambda: asyncio.to_thread(ready.exists), env),
    ]


def notices_of(settings: Settings) -> Path:
    """Where the bare workflows tell how far they are."""
    return settings.data / "bare.notices"


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Supervisor]:
    """Temporal, worker, API, model and bare worker, all ready."""
    found = [*parts(settings), *extra_parts(settings)]
    supervisor = Supervisor(found, settings.data / "logs", say)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


def cpu_seconds(supervisor: Supervisor) -> dict[str, float]:
    """Processor time each part has used, user and system. Empty where there is no /proc."""
    used = {name: cpu_of(child.pid) for name, child in supervisor.children.items()}
    return {name: value for name, value in used.items() if value is not None}


def cpu_of(pid: int | None) -> float | None:
    fields = _proc(pid, "stat")
    if not fields:
        return None
    numbers = fields.rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / _TICK


def resident_mb(pid: int | None) -> float:
    """Memory of a process in MB; 0 where there is no /proc."""
    fields = _proc(pid, "statm")
    return int(fields.split()[1]) * _PAGE / 1e6 if fields else 0.0


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in before if name in after}


def _proc(pid: int | None, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text("ascii", "replace")
    except OSError:
        return ""


async def _listens(port: int) -> bool:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return True
