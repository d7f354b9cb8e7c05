"""The people of a store, speaking to the real API over HTTP without waiting for each other."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from api.deps import Services
from gonogo.ids import new_id
from tests.api.store import CHECKLIST, MEMBERS, PEOPLE, files_of, manifest

PATIENCE_S = 60
# An action that authenticates makes a GPT high risk: two voices.
ACTION = {
    "name": "charts",
    "openapi": "charts.json",
    "auth": "api_key",
    "privacy_policy_url": "https://charts.example.org/privacy",
}
CHARTS = {
    "openapi": "3.1.0",
    "info": {"title": "Charts", "version": "1"},
    "servers": [{"url": "https://charts.example.org"}],
    "paths": {"/sky": {"get": {"operationId": "sky", "responses": {"200": {"description": "ok"}}}}},
}


@dataclass
class People:
    """`send` gives one command; every request carries an Idempotency-Key of its own."""

    services: Services
    http: httpx.Client
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    publishers: dict[str, str] = field(default_factory=dict)

    def settle_in(self) -> None:
        identity = self.services.identity
        for name in set(MEMBERS.values()):
            self.publishers[name] = identity.add_publisher(name.title(), verified=True)
        for name, roles in PEOPLE.items():
            member = (self.publishers[MEMBERS[name]],) if name in MEMBERS else ()
            self.ids[name] = identity.add_person(name.title(), roles, member)
            self.tokens[name] = identity.issue_token(self.ids[name], "test")

    def get(self, path: str, by: str | None = "una", **params: Any) -> httpx.Response:
        own = {"Authorization": f"Bearer {self.tokens[by]}"} if by else {}
        return self.http.get(path, params=params, headers=own)

    def send(
        self, path: str, body: Any, by: str, *, key: str = "", version: int | None = None
    ) -> httpx.Response:
        own = {
            "Authorization": f"Bearer {self.tokens[by]}",
            "Idempotency-Key": key or new_id("key"),
        }
        if version is not None:
            own["If-Match"] = f'"{version}"'
        return self.http.post(path, json=body, headers=own)

    def until(
        self, path: str, right: Callable[[dict[str, Any]], bool], by: str | None = "una"
    ) -> dict[str, Any]:
        """Ask until the answer is `right`. Raises `AssertionError` with the last one."""
        ends, last = time.monotonic() + PATIENCE_S, dict[str, Any]()
        while time.monotonic() < ends:
            last = dict(self.get(path, by).json())
            if right(last):
                return last
            time.sleep(0.03)
        raise AssertionError(f"{path} never came to it: {last}")

    def case(self, subject: str) -> dict[str, Any]:
        seen: dict[str, Any] = self.get(f"/v1/submissions/{subject}").json()
        return seen

    def decide(
        self, case: Mapping[str, Any], verdict: str, by: str, key: str = ""
    ) -> httpx.Response:
        """With everything a verdict must bring, on the case as `case` shows it."""
        body: dict[str, Any] = {"verdict": verdict, "digest": case["digest"], "note": "As said."}
        if verdict == "approve":
            body["checklist"] = CHECKLIST
        if verdict in ("reject", "request_changes"):
            body["clauses"] = ["quality"]
        if verdict == "ask":
            body["reason"] = "purpose"
        path = f"/v1/reviews/{case['id']}/decisions"
        return self.send(path, body, by, key=key, version=case["version"])


def bundle(name: str, *, high: bool = False, edition: int = 1) -> list[dict[str, str]]:
    """A bundle nothing is wrong with; another edition has another digest."""
    more = {"actions": [ACTION]} if high else {}
    value = manifest(name, description=f"Names the stars of tonight. Edition {edition}.", **more)
    return files_of(value, **({"charts.json": json.dumps(CHARTS)} if high else {}))
