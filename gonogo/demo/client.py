"""One person of the demonstration at the public API: a token, patience, and Idempotency-Keys."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

# What a person would simply try again: nobody listens, or the orchestrator is away for a moment.
_AGAIN = frozenset({502, 503, 504})
_BUSY = "/problems/busy"


class StillDown(RuntimeError):
    """The API did not answer in the time a person would wait."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, Any]
    etag: str | None

    @property
    def code(self) -> str:
        """The code of the problem, or "" for a success."""
        return str(self.body.get("type", "")).rpartition("/")[2] if self.status >= 400 else ""


class Player:
    """`patience_s` bounds how long one call is repeated while parts are down."""

    def __init__(self, url: str, token: str | None, run: str, patience_s: float = 120) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=20, trust_env=False)
        self._run, self._patience_s = run, patience_s

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, **params: Any) -> Reply:
        return await self._call("GET", path, params=params)

    async def give(
        self, path: str, key: str, body: dict[str, Any] | None = None, etag: str | None = None
    ) -> Reply:
        """A command: the same key gives the same answer however often it has to be sent."""
        headers = {"Idempotency-Key": f"{self._run}-{key}"}
        if etag:
            headers["If-Match"] = etag
        return await self._call("POST", path, json=body or {}, headers=headers)

    async def submit(
        self, folder: Path, key: str, *, name: str | None = None, **fields: str
    ) -> Reply:
        """Send a folder as a bundle; `name` replaces the GPT's own."""
        files = await asyncio.to_thread(_files, folder, name)
        return await self._call(
            "POST",
            "/v1/submissions",
            files=files,
            data=fields,
            headers={"Idempotency-Key": f"{self._run}-{key}"},
        )

    async def _call(self, method: str, path: str, **how: Any) -> Reply:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                response = await self._http.request(method, path, **how)
            except httpx.TransportError as fault:
                why = type(fault).__name__
            else:
                reply = _reply(response)
                if response.status_code == 202:
                    reply = await self._settled(response.headers["Location"], until)
                if reply.status not in _AGAIN and reply.body.get("type") != _BUSY:
                    return reply
                why = f"status {reply.status}"
            if time.monotonic() > until:
                raise StillDown(f"{method} {path}: {why} for {self._patience_s:.0f} s")
            await asyncio.sleep(0.5)

    async def _settled(self, location: str, until: float) -> Reply:
        """The answer to a command that was taken but not answered in time."""
        while True:
            reply = await self._call("GET", location)
            if reply.body.get("status") != "pending" or time.monotonic() > until:
                return reply
            await asyncio.sleep(1)


def _reply(response: httpx.Response) -> Reply:
    kind = response.headers.get("content-type", "")
    body = response.json() if "json" in kind and response.content else {}
    return Reply(response.status_code, body, response.headers.get("etag"))


def _files(folder: Path, name: str | None) -> list[tuple[str, tuple[str, bytes]]]:
    return [
        ("files", (str(file.relative_to(folder)), _renamed(file, name)))
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]


def _renamed(file: Path, name: str | None) -> bytes:
    if name is None or file.name != "gpt.yaml":
        return file.read_bytes()
    lines = file.read_text("utf-8").splitlines(keepends=True)
    return "".join(
        f"name: {name}\n" if line.startswith("name:") else line for line in lines
    ).encode()
