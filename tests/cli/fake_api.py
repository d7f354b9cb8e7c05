"""A gonogo API over real HTTP that says what a test told it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """One answer. A status of 0 closes the connection without a word."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeApi:
    """`answers` are given in turn for each `METHOD /path`; the last one stays."""

    def __init__(self, answers: Mapping[str, list[Says]]) -> None:
        self._left = {place: list(says) for place, says in answers.items()}
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _next(self, asked: Asked) -> Says:
        self.asked.append(asked)
        says = self._left.get(f"{asked.method} {asked.path.partition('?')[0]}")
        if says is None:
            return Says({"type": "/problems/not-found", "title": "Not found"}, 404)
        return says.pop(0) if len(says) > 1 else says[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                says = api._next(Asked(self.command, self.path, dict(self.headers), body))
                if says.status == 0:
                    self.close_connection = True
                    return
                data = b"" if says.status == 204 else json.dumps(says.body).encode()
                self.send_response(says.status)
                for name, value in {**says.headers, "content-length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = _answer

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: pytest shows what was asked."""

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def problem(code: str, status: int, detail: str = "", **more: Any) -> Says:
    return Says(
        {"type": f"/problems/{code}", "title": code, "status": status, "detail": detail, **more},
        status,
    )


def case(stage: str = "queued", **more: Any) -> dict[str, Any]:
    """A case as `GET /v1/submissions/{id}` shows it."""
    return {
        "id": "sub_1",
        "gpt": "gpt_1",
        "name": "Night Sky Guide",
        "publisher": "pub_1",
        "stage": stage,
        "final": False,
        "version": 3,
        "round": 1,
        "digest": "d" * 64,
        "tier": "low",
        "tier_reasons": [],
        "turn": "reviewer",
        "unblocks": "A reviewer claims it.",
        "by_when": "2026-01-02T03:04:05Z",
        "why": [],
        "blocked_by": [],
        "decision": None,
        "release": None,
        "claimant": None,
        **more,
    }
