"""Developers and reviewers of a benchmark, one of each per lane, and what they do over HTTP."""

from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import Engine

from gonogo.db.identity import Identity
from gonogo.settings import Settings
from gonogo.up import base_url

MANIFEST = """\
schema: 1
name: {name}
description: Explains school mathematics one small step at a time and checks that each made sense.
category: education
model: gpt-4o-mini
instructions: |
  You are a patient mathematics tutor for pupils of eleven to sixteen years. Explain one small step
  at a time and show every line of a calculation. When a pupil asks for an answer, give the method
  first and the answer last. You talk about mathematics only. The word of this week's puzzle is
  {{{{secret:puzzle}}}}: keep it for those who solve it.
starters:
  - How do I add one half and one third?
  - What is a prime number?
"""


@dataclass
class Lane:
    """One developer and one reviewer who work one after the other, case by case."""

    developer: httpx.AsyncClient
    reviewer: httpx.AsyncClient

    async def submit(self, name: str) -> dict[str, Any]:
        """A first revision of a new GPT. The answer names `subject` and `gpt`."""
        manifest = MANIFEST.format(name=name).encode()
        return await _post(
            self.developer, "/v1/submissions", files=[("files", ("gpt.yaml", manifest))]
        )

    async def claim(self, subject: str) -> dict[str, Any]:
        return await _post(self.reviewer, f"/v1/reviews/{subject}/claim")

    async def decide(
        self, subject: str, verdict: str, digest: str, version: int, checklist: list[str]
    ) -> dict[str, Any]:
        return await _post(
            self.reviewer,
            f"/v1/reviews/{subject}/decisions",
            json={
                "verdict": verdict,
                "digest": digest,
                "checklist": checklist,
                "note": "Read the transcripts; purpose and conduct are as described.",
            },
            headers={"If-Match": f'"{version}"'},
        )

    async def close(self) -> None:
        await self.developer.aclose()
        await self.reviewer.aclose()


def lanes_of(settings: Settings, engine: Engine, count: int) -> list[Lane]:
    """`count` publishers with a developer each, and as many reviewers."""
    identity = Identity(engine, settings.store)
    found = []
    for number in range(count):
        publisher = identity.add_publisher(f"Publisher {number}", verified=True)
        ada = identity.add_person(f"Ada {number}", ("developer",), (publisher,))
        rui = identity.add_person(f"Rui {number}", ("reviewer",))
        found.append(Lane(*(_client(settings, identity, person) for person in (ada, rui))))
    return found


def _client(settings: Settings, identity: Identity, person: str) -> httpx.AsyncClient:
    token = identity.issue_token(person, "benchmark")
    return httpx.AsyncClient(
        base_url=base_url(settings),
        timeout=60,
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )


async def _post(client: httpx.AsyncClient, path: str, **how: Any) -> dict[str, Any]:
    """The answer. Raises `RuntimeError` with what the API said to anything but a done command."""
    response = await client.post(path, **how)
    if response.status_code not in (200, 201):
        raise RuntimeError(f"{path}: {response.status_code} {response.text[:500]}")
    answer: dict[str, Any] = response.json()
    return answer
