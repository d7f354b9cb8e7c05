"""`Store`: one test's store in the world, its people, and what they do in a line each."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import build as build_services
from api.browser import COOKIE
from gonogo.db.browser_sessions import BrowserSessions
from gonogo.db.identity import Identity
from gonogo.ids import new_id
from gonogo.settings import Settings

MODEL = "fake-1"
AT = "http://127.0.0.1:8600"  # a name of this machine: others may not sign in by token
CHECKLIST = ["purpose", "conduct", "data"]
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "ada": ("developer",),
    "ben": ("developer",),
    "rita": ("reviewer",),
    "rolf": ("reviewer",),
    "lea": ("product_lead",),
    "lou": ("product_lead",),
    "sam": ("safety_oncall",),
    "una": ("auditor",),
    "adam": ("administrator",),
    "pia": ("policy_editor",),
    "twin": ("developer", "reviewer"),  # a reviewer who belongs to ada's publisher
}
MEMBERS = {"ada": "lumen", "twin": "lumen", "ben": "marrow"}


def manifest(name: str = "Night Sky Guide", **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": name,
        "description": "Names the stars you can see tonight.",
        "category": "education",
        "model": MODEL,
        "instructions": "You name stars. Ask where the person stands.",
        "starters": ["What is that bright dot?"],
        **more,
    }


def files_of(value: Mapping[str, Any], **others: str) -> list[dict[str, str]]:
    """A bundle as the JSON body carries it. YAML reads JSON."""
    return [
        {"path": "gpt.yaml", "text": json.dumps(value)},
        *({"path": path, "text": text} for path, text in others.items()),
    ]


@dataclass
class Store:
    """One store with its people; `get` and `post` speak as one of them (`by`)."""

    settings: Settings
    app: FastAPI
    http: httpx.AsyncClient
    identity: Identity
    publishers: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def use(self, settings: Settings, **services: Any) -> None:
        """From now on the API has these settings, and these services."""
        self.settings = settings
        self.app.state.services = replace(self.app.state.services, settings=settings, **services)

    def id_of(self, name: str) -> str:
        """The id of one of `PEOPLE`, who joins the store when first named."""
        if name not in self.ids:
            member = (self.publishers[MEMBERS[name]],) if name in MEMBERS else ()
            self.ids[name] = self.identity.add_person(name.title(), PEOPLE[name], member)
        return self.ids[name]

    def token_of(self, name: str) -> str:
        if name not in self.tokens:
            self.tokens[name] = self.identity.issue_token(self.id_of(name), "test")
        return self.tokens[name]

    def cookie_of(self, name: str, how: str = "demo") -> str:
        """The `Cookie` header of a browser in which this person just signed in."""
        sessions: BrowserSessions = self.app.state.services.sessions
        return f"{COOKIE}={sessions.open(self.id_of(name), how, agent='A test')}"

    def headers(self, by: str | None, **more: str | None) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.token_of(by)}"} if by else {}
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {**own, **{name: value for name, value in named.items() if value is not None}}

    async def get(self, path: str, by: str | None = None, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params or None, headers=self.headers(by))

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        by: str | None,
        key: str | None = None,
        version: int | str | None = None,
    ) -> httpx.Response:
        """`version` becomes If-Match: a number is quoted as an ETag, text is sent as it is."""
        tag = f'"{version}"' if isinstance(version, int) else version
        return await self.http.post(
            path, json=body, headers=self.headers(by, Idempotency_Key=key, If_Match=tag)
        )

    async def submit(
        self,
        value: Mapping[str, Any] | None = None,
        *,
        by: str = "ada",
        key: str | None = None,
        **others: str,
    ) -> httpx.Response:
        body = {"files": files_of(value or manifest(), **others)}
        return await self.post("/v1/submissions", body, by=by, key=key)

    async def until(
        self,
        path: str,
        right: Callable[[dict[str, Any]], bool],
        *,
        by: str | None = "lea",
        seconds: float = 20,
    ) -> dict[str, Any]:
        """Ask until the answer is `right`. Raises `AssertionError` with the last one."""
        ends = time.monotonic() + seconds
        last: dict[str, Any] = {}
        while time.monotonic() < ends:
            last = (await self.get(path, by)).json()
            if right(last):
                return last
            await asyncio.sleep(0.05)
        raise AssertionError(f"{path} never came to it: {last}")

    async def submitted(
        self,
        value: Mapping[str, Any] | None = None,
        *,
        by: str = "ada",
        stage: str = "queued",
        **others: str,
    ) -> dict[str, Any]:
        """A case that has come to `stage`."""
        taken = await self.submit(value, by=by, **others)
        assert taken.status_code == 201, taken.text
        path = f"/v1/submissions/{taken.json()['subject']}"
        return await self.until(path, lambda case: case["stage"] == stage)

    async def claimed(
        self, value: Mapping[str, Any] | None = None, by: str = "rita"
    ) -> dict[str, Any]:
        case = await self.submitted(value)
        answer = await self.post(f"/v1/reviews/{case['id']}/claim", by=by)
        assert answer.status_code == 200, answer.text
        seen: dict[str, Any] = (await self.get(f"/v1/submissions/{case['id']}", by)).json()
        return seen

    async def decide(
        self,
        case: Mapping[str, Any],
        verdict: str = "approve",
        *,
        by: str = "rita",
        key: str | None = None,
        version: int | str | None = -1,
        **more: Any,
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
                f"{path}/{step}", {} if step == "pause" else None, by="lea", version=version
            )
            assert answer.status_code == 200, answer.text
        await self.until(
            f"/v1/listings/{case['gpt']}",
            lambda found: found.get("exposure", {}).get("weight_bp", 0) > 0,
        )
        seen: dict[str, Any] = (await self.get(path, "lea")).json()
        return seen

    async def released(self, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A listing whose first release is complete."""
        release = await self.rolling(value)
        path = f"/v1/releases/{release['id']}"
        answer = await self.post(f"{path}/resume", by="lea", version=release["version"])
        assert answer.status_code == 200, answer.text
        return await self.until(
            f"/v1/listings/{release['gpt']}", lambda found: bool(found["exposure"]["stable"])
        )


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, app: FastAPI, *, like: Store | None = None
) -> AsyncIterator[Store]:
    """A fresh store behind `app`. `like` lends its people: the same store through another app.

    Applications are kept for the session, because one prepares all its routes at its first
    request; services are built for every test as the application's lifespan does it.
    """
    if like is None:
        settings = settings.model_copy(update={"store": new_id("sto")})
    services = app.state.services = await build_services(settings)
    identity = services.identity
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=AT, timeout=90) as http:
        if like is not None:
            yield replace(like, settings=settings, app=app, http=http, identity=identity)
        else:
            publishers = {
                name: identity.add_publisher(name.title(), verified=True)
                for name in ("lumen", "marrow")
            }
            yield Store(settings, app, http, identity, publishers)
    services.feed.close()
    services.engine.dispose()
