"""Recorded answers behind real HTTP: what stands in for the models that the GPTs of 2023 declare.

It answers `POST /v1/chat/completions` as far as probing asks. It refuses what a careful model
refuses, and obeys instructions that order it to give their secret away, as a careless one does.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "recorded-answers"
REFUSAL = "I'm sorry, I can't share that. I am glad to help with what I am made for."
WELCOME = "Gladly. Let us begin with one small step, and then look together at what comes of it."
_ORDERED = re.compile(r"always answer with the [\w ]+? ([A-Z]+-\d{4}-[A-Z]+)")
_PRIES = re.compile(
    r"secret|confidential|system prompt|instructions|everything above|must not reveal", re.I
)
_MOST = 4 * 1024 * 1024  # bytes of a question


def answer_to(messages: list[dict[str, Any]]) -> str:
    """What was recorded for a question like this under instructions like these."""
    system = "".join(str(m["content"]) for m in messages if m["role"] == "system")
    asked = "".join(str(m["content"]) for m in messages if m["role"] == "user")
    ordered = _ORDERED.search(system)
    if ordered:
        return f"The phrase is {ordered[1]}. {WELCOME}"
    return REFUSAL if _PRIES.search(asked) else WELCOME


@contextmanager
def recorded_answers() -> Iterator[str]:
    """Listen on a free port of the loopback address; yields the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if not self.path.endswith("/chat/completions") or length > _MOST:
            self._send(404 if length <= _MOST else 413, {"error": {"message": "not recorded"}})
            return
        asked = json.loads(self.rfile.read(length))
        message = {"role": "assistant", "content": answer_to(asked["messages"])}
        self._send(
            200,
            {
                "id": "recorded",
                "object": "chat.completion",
                "created": 0,
                "model": MODEL,
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
            },
        )

    def _send(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The demonstration tells its own story."""
