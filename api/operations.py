"""How the installation is: each part asked at once, each answer with what it means and a limit of
two seconds, so that one part that hangs never hides the others."""

import asyncio
import platform
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api.deps import Services
from gonogo.db import operations
from gonogo.db.session import reading
from gonogo.settings import Settings

ANSWER_S = 2.0
LEAST_FREE = 0.1  # of the disk; below that SQLite and the object store are about to fail
LEAST_FREE_BYTES = 1 << 30

# Other answers, such as a 404, come from endpoints that list no models but answer probes.
_REFUSES = frozenset({401, 403, 500, 502, 503, 504})

State = Literal["good", "careful", "bad"]


@dataclass(frozen=True)
class Sign:
    """One part and how it is. `says` is a sentence, `remedy` what to do when it is not good."""

    part: str
    state: State
    says: str
    remedy: str = ""


@dataclass(frozen=True)
class Health:
    """`waiting` is None while the database does not answer."""

    signs: tuple[Sign, ...]
    waiting: operations.Waiting | None
    versions: tuple[tuple[str, str], ...]


async def examine(svc: Services) -> Health:
    """Ask every part. Never raises: what does not answer is told as such."""
    (database, waiting), orchestrator, queues, model = await asyncio.gather(
        run_in_threadpool(_database, svc),
        _limited("Orchestrator", _orchestrator, svc),
        _queues(svc),
        _limited("Model endpoint", _model, svc),
    )
    signs = (database, orchestrator, *queues, model, _disk(svc.settings))
    return Health(signs, waiting, _versions(svc))


async def _limited(part: str, ask: Callable[[Services], Awaitable[Sign]], svc: Services) -> Sign:
    try:
        async with asyncio.timeout(ANSWER_S):
            return await ask(svc)
    except TimeoutError:
        return Sign(part, "bad", f"no answer within {ANSWER_S:g} s", "Look at its log.")


def _database(svc: Services) -> tuple[Sign, operations.Waiting | None]:
    began = time.monotonic()
    try:
        with reading(svc.engine) as session:
            waiting = operations.waiting(session, svc.store, datetime.now(UTC))
            engine = operations.engine_version(svc.engine, session)
            schema = operations.schema_version(session)
    except SQLAlchemyError as fault:
        says = f"it does not answer: {type(fault).__name__}"
        return Sign("Database", "bad", says, "Reads and stops fail, too. Start it again."), None
    took = (time.monotonic() - began) * 1000
    says = f"{engine}, schema {schema}, answered in {took:.0f} ms"
    return Sign("Database", "good" if took < 1000 else "careful", says), waiting


async def _orchestrator(svc: Services) -> Sign:
    where = f"{svc.settings.temporal_address}, namespace {svc.settings.temporal_namespace}"
    if await svc.gateway.courier.reachable():
        return Sign("Orchestrator", "good", f"Temporal answers at {where}")
    return Sign(
        "Orchestrator",
        "bad",
        f"Temporal does not answer at {where}",
        "Commands are kept and carried out when it is back; reads and stops work meanwhile.",
    )


async def _queues(svc: Services) -> tuple[Sign, ...]:
    found = await svc.gateway.courier.pollers(ANSWER_S)
    if found is None:
        return (Sign("Workers", "bad", "unknown while the orchestrator does not answer"),)
    return tuple(
        Sign(f"Workers of {queue}", "good", f"{count} {'poller' if count == 1 else 'pollers'} seen")
        if count
        else Sign(
            f"Workers of {queue}",
            "bad",
            "nobody polls",
            "Start one: gonogo worker. Cases wait until then; nothing is lost.",
        )
        for queue, count in found.items()
    )


async def _model(svc: Services) -> Sign:
    settings = svc.settings
    endpoint = urlsplit(settings.model_endpoint)
    where = endpoint.hostname or "?"  # an address may carry credentials
    key = settings.model_api_key.get_secret_value()
    began = time.monotonic()
    try:
        async with httpx.AsyncClient(timeout=ANSWER_S, follow_redirects=False) as client:
            answer = await client.get(
                f"{settings.model_endpoint.rstrip('/')}/models",
                headers={"Authorization": f"Bearer {key}"},
            )
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        return Sign(
            "Model endpoint",
            "bad",
            f"{where} does not answer: {type(fault).__name__}",
            "Safety tests wait and are tried again; cases then go to a person as incomplete.",
        )
    took = (time.monotonic() - began) * 1000
    if answer.status_code in _REFUSES:
        return Sign(
            "Model endpoint",
            "bad",
            f"{where} answers {answer.status_code}",
            "Check GONOGO_MODEL_URL and GONOGO_MODEL_API_KEY.",
        )
    return Sign(
        "Model endpoint", "good", f"{where} answered in {took:.0f} ms; probes ask {settings.model}"
    )


def _disk(settings: Settings) -> Sign:
    folder: Path = settings.data
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total
    says = f"{usage.free / (1 << 30):.1f} GB free of {usage.total / (1 << 30):.0f} GB ({share:.0%})"
    if share < LEAST_FREE and usage.free < LEAST_FREE_BYTES:
        return Sign("Disk of the data folder", "bad", says, "Make room before writes fail.")
    return Sign("Disk of the data folder", "good" if share >= LEAST_FREE else "careful", says)


def _versions(svc: Services) -> tuple[tuple[str, str], ...]:
    named: list[tuple[str, str]] = []
    for package in ("temporalio", "fastapi", "sqlmodel", "openai"):
        try:
            named.append((package, version(package)))
        except PackageNotFoundError:
            named.append((package, "not installed"))
    return (
        ("Python", platform.python_version()),
        *named,
        ("Policy pack", f"{svc.pack.name} {svc.pack.digest[:12]}"),
    )
