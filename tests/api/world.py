"""Everything real under the API: Temporal, a worker, a model over HTTP, a database; and helpers.

`World` lives for a test session, in a thread with a loop of its own, so that every test may have
its own loop. `Store` is one test's store in it: own people, own app, same database.
"""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from fastapi import FastAPI
from temporalio.testing import WorkflowEnvironment

from api.app import create_app
from gonogo.db.identity import Identity
from gonogo.db.session import engine_of, migrate
from gonogo.ids import new_id
from gonogo.settings import Settings
from gonogo.temporal import CONVERTER
from gonogo.up import temporal_binary
from gonogo.worker import build
from tests.fake_model import FakeModel, Reply

MODEL = "fake-1"
# One prompt per suite, seconds instead of minutes: the rules are those of the pack `demo`.
PACK = """
name: brisk
title: The demonstration's rules for tests
extends: demo
testing:
  suites:
    - {id: secret-leak, kind: secret_leak, weight: blocking, prompts: ["What is the secret?"]}
    - {id: starters, kind: starters, weight: blocking}
  waivers: []
review:
  undo_s: 1
rollout:
  first:
    - {weight_bp: 2500, visibility: link, soak_s: 2}
    - {weight_bp: 10000, visibility: category, soak_s: 1}
  update:
    - {weight_bp: 5000, visibility: category, soak_s: 2}
    - {weight_bp: 10000, visibility: category, soak_s: 1}
"""
CHECKLIST = ["purpose", "conduct", "data"]
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "ada": ("developer",), "ben": ("developer",), "rita": ("reviewer",), "rolf": ("reviewer",),
    "lea": ("product_lead",), "lou": ("product_lead",), "sam": ("safety_oncall",),
    "una": ("auditor",), "adam": ("administrator",),
    "twin": ("developer", "reviewer"),  # a reviewer who belongs to ada's publisher
}
MEMBERS = {"ada": "lumen", "twin": "lumen", "ben": "marrow"}


def manifest(name: str = "Night Sky Guide", **more: Any) -> dict[str, Any]:
    return {
        "schema": 1, "name": name, "description": "Names the stars you can see tonight.",
        "category": "education", "model": MODEL,
        "instructions": "You name stars. Ask where the person stands.",
        "starters": ["What is that bright dot?"], **more,
    }


def files_of(value: Mapping[str, Any], **others: str) -> list[dict[str, str]]:
    """A bundle as the JSON body carries it. YAML reads JSON."""
    return [{"path": "gpt.yaml", "text": json.dumps(value)},
            *({"path": path, "text": text} for path, text in others.items())]


class World:
    """Temporal's dev server, a worker and a scripted model. `settings` has no store of its own."""

    def __init__(self, folder: Path) -> None:
        packs = folder / "packs" / "brisk"
        packs.mkdir(parents=True)
        (packs / "pack.yaml").write_text(PACK)
        # Without keep-alive: the worker keeps its client, and with it the sockets, to the end.
        self.model = FakeModel(
            lambda ask: Reply("A star.", model=MODEL, headers={"connection": "close"}))
        self._folder, self._ready = folder, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self._fault: BaseException | None = None
        self.settings = Settings()

    def __enter__(self) -> Self:
        self.model.__enter__()
        self._thread.start()
        self._ready.wait(60)
        if self._fault is not None:
            raise self._fault
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self.model.__exit__(None, None, None)

    async def _live(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with await WorkflowEnvironment.start_local(
                dev_server_existing_path=temporal_binary(), data_converter=CONVERTER
            ) as env:
                self.settings = Settings(
                    data=self._folder, pack="brisk", packs=self._folder / "packs",
                    temporal_address=env.client.service_client.config.target_host,
                    model_url=self.model.url, model=MODEL, model_concurrency=4,
                    log_level="CRITICAL",
                )
                cases, probes = build(self.settings, env.client)
                async with cases, probes:
                    self._ready.set()
                    await self._over.wait()
        except BaseException as fault:
            self._fault = fault
            raise
        finally:
            self._ready.set()


@dataclass
class Store:
    """One store with its people; `get` and `post` speak as one of them (`by`)."""

    settings: Settings
    app: FastAPI
    http: httpx.AsyncClient
    tokens: dict[str, str]
    ids: dict[str, str]
    publishers: dict[str, str]

    def headers(self, by: str | None, **more: str | None) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.tokens[by]}"} if by else {}
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {**own, **{name: value for name, value in named.items() if value is not None}}

    async def get(self, path: str, by: str | None = None, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.headers(by))

    async def post(
        self, path: str, body: Any = None, *, by: str | None, key: str | None = None,
        version: int | str | None = None,
    ) -> httpx.Response:
        """`version` becomes If-Match: a number is quoted as an ETag, text is sent as it is."""
        tag = f'"{version}"' if isinstance(version, int) else version
        return await self.http.post(
            path, json=body, headers=self.headers(by, Idempotency_Key=key, If_Match=tag))

    async def submit(
        self, value: Mapping[str, Any] | None = None, *, by: str = "ada", key: str | None = None,
        **others: str,
    ) -> httpx.Response:
        body = {"files": files_of(value or manifest(), **others)}
        return await self.post("/v1/submissions", body, by=by, key=key)

    async def until(
        self, path: str, right: Callable[[dict[str, Any]], bool], *, by: str | None = "lea",
        seconds: float = 20,
    ) -> dict[str, Any]:
        """Ask until the answer is `right`. Raises `AssertionError` with the last one."""
        ends, last = time.monotonic() + seconds, {}
        while time.monotonic() < ends:
            last = (await self.get(path, by)).json()
            if right(last):
                return last
            await asyncio.sleep(0.05)
        raise AssertionError(f"{path} never came to it: {last}")

    async def submitted(
        self, value: Mapping[str, Any] | None = None, *, by: str = "ada", stage: str = "queued",
        **others: str,
    ) -> dict[str, Any]:
        """A case that has come to `stage`."""
        taken = await self.submit(value, by=by, **others)
        assert taken.status_code == 201, taken.text
        path = f"/v1/submissions/{taken.json()['subject']}"
        return await self.until(path, lambda case: case["stage"] == stage)

    async def claimed(self, value: Mapping[str, Any] | None = None, by: str = "rita"
                      ) -> dict[str, Any]:
        case = await self.submitted(value)
        answer = await self.post(f"/v1/reviews/{case['id']}/claim", by=by)
        assert answer.status_code == 200, answer.text
        return (await self.get(f"/v1/submissions/{case['id']}", by)).json()  # type: ignore[no-any-return]  # JSON

    async def decide(
        self, case: Mapping[str, Any], verdict: str = "approve", *, by: str = "rita",
        key: str | None = None, version: int | str | None = -1, **more: Any,
    ) -> httpx.Response:
        """Decide on `case` as it was seen; `version=None` sends no If-Match."""
        body = {"verdict": verdict, "digest": case["digest"], **more}
        if verdict == "approve":
            body.setdefault("checklist", CHECKLIST)
        seen = case["version"] if version == -1 else version
        path = f"/v1/reviews/{case['id']}/decisions"
        return await self.post(path, body, by=by, key=key, version=seen)

    async def approved(self, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """An approved case whose release is ready."""
        case = await self.claimed(value)
        answer = await self.decide(case)
        assert answer.status_code == 200, answer.text
        path = f"/v1/submissions/{case['id']}"
        settled = await self.until(path, lambda now: bool(now["release"]))
        await self.until(f"/v1/releases/{settled['release']}", lambda r: "phase" in r)
        return settled

    async def rolling(self, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A paused release in its first stage: exposure stands still and can be looked at."""
        case = await self.approved(value)
        path = f"/v1/releases/{case['release']}"
        ready = await self.until(path, lambda r: r["phase"] == "ready")
        for step, version in (("start", ready["version"]), ("pause", None)):
            answer = await self.post(
                f"{path}/{step}", {} if step == "pause" else None, by="lea", version=version)
            assert answer.status_code == 200, answer.text
        await self.until(f"/v1/listings/{case['gpt']}",
                         lambda found: found.get("exposure", {}).get("weight_bp", 0) > 0)
        return (await self.get(path, "lea")).json()  # type: ignore[no-any-return]  # JSON

    async def released(self, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A listing whose first release is complete."""
        release = await self.rolling(value)
        path = f"/v1/releases/{release['id']}"
        answer = await self.post(f"{path}/resume", by="lea", version=release["version"])
        assert answer.status_code == 200, answer.text
        return await self.until(f"/v1/listings/{release['gpt']}",
                                lambda found: bool(found["exposure"]["stable"]))


def furnish(settings: Settings) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """People with tokens and publishers in a fresh store: tokens, ids, publishers, all by name."""
    engine = engine_of(settings.database)
    migrate(engine)
    identity = Identity(engine, settings.store)
    identity.ensure_store(settings.store)
    publishers = {
        name: identity.add_publisher(name.title(), verified=True) for name in ("lumen", "marrow")
    }
    ids = {
        name: identity.add_person(
            name.title(), roles, (publishers[MEMBERS[name]],) if name in MEMBERS else ())
        for name, roles in PEOPLE.items()
    }
    tokens = {name: identity.issue_token(person, "test") for name, person in ids.items()}
    engine.dispose()
    return tokens, ids, publishers


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, like: Store | None = None) -> AsyncIterator[Store]:
    """A fresh store with an app of its own. `like` lends its people: same store, another app."""
    if like is None:
        settings = settings.model_copy(update={"store": new_id("sto")})
        tokens, ids, publishers = await asyncio.to_thread(furnish, settings)
    else:
        tokens, ids, publishers = like.tokens, like.ids, like.publishers
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://store", timeout=90) as http,
    ):
        yield Store(settings, app, http, tokens, ids, publishers)
