"""A scripted model behind real HTTP, OpenAI-compatible as far as `POST /v1/chat/completions` goes.

    with FakeModel(lambda ask: Reply("Hello.")) as model:
        client = openai.AsyncOpenAI(base_url=model.url, api_key="unused", max_retries=0)

The script gets the request's JSON body and says what comes back; `model.asked` keeps the bodies.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """`text` is the answer of a 200; other statuses, or a `raw` body, are sent as they are."""

    text: str | None = ""
    status: int = 200
    model: str = "fake-1"
    raw: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0

    def body(self) -> str:
        if self.raw is not None:
            return self.raw
        if self.status != 200:
            return json.dumps({"error": {"message": self.text, "type": "", "code": self.status}})
        message = {"role": "assistant", "content": self.text}
        return json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 0,
                "model": self.model,
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35},
            }
        )


Script = Callable[[dict[str, Any]], Reply]


class FakeModel:
    """Listens on 127.0.0.1 while the context is open. `script` may be replaced."""

    def __init__(self, script: Script, port: int = 0) -> None:
        self.script = script
        self.asked: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler_of(model: FakeModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            ask = json.loads(self.rfile.read(int(self.headers["content-length"])))
            model.asked.append(ask)
            reply = model.script(ask)
            time.sleep(reply.after_s)
            body = reply.body().encode()
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
