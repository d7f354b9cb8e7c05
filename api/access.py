"""One request as operators see it: an id, a log line, a measured time. No path, query or header.

The line names the route, not the path: a path may hold what somebody typed.
"""

import contextlib
import re
import time
from types import TracebackType
from typing import Any, Self

from starlette.types import Scope
from structlog.contextvars import bind_contextvars, bound_contextvars, unbind_contextvars

from gonogo.ids import new_id
from gonogo.logs import log
from gonogo.telemetry.meters import HTTP
from gonogo.telemetry.tracing import span, trace_id

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
# Asked every few seconds by machines: counted, and logged only when somebody looks closely.
_ROUTINE = frozenset({"/healthz", "/readyz", "/static"})


class Access:
    """Around one request. `status` is set when the answer starts; 500 when it never does."""

    def __init__(self, scope: Scope) -> None:
        self._scope, self.status = scope, 500
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"")
        self.request_id = given.decode() if _WELL_FORMED.fullmatch(given) else new_id("req")

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        # What another request of this task bound is not ours.
        unbind_contextvars("actor_id", "subject", "command_id")
        self._around = contextlib.ExitStack()
        self._around.enter_context(bound_contextvars(request_id=self.request_id))
        self._span = self._around.enter_context(span("request", gonogo__request_id=self.request_id))
        if self._span is not None:
            self._around.enter_context(bound_contextvars(trace_id=trace_id()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        took = time.monotonic() - self._began
        method = self._scope["method"] if self._scope["method"] in _METHODS else "other"
        route = route_of(self._scope)
        HTTP.labels(method, route, f"{self.status // 100}xx").observe(took)
        write = log.debug if route in _ROUTINE and self.status < 400 else log.info
        if self._span is not None:
            self._span.update_name(f"{method} {route}")
            self._span.set_attribute("http.request.method", method)
            self._span.set_attribute("http.route", route)
            self._span.set_attribute("http.response.status_code", self.status)
        subject = self._scope.get("path_params", {}).get("subject")
        if isinstance(subject, str):
            bind_contextvars(subject=subject[:80])
        write(
            "request",
            method=method,
            route=route,
            status=self.status,
            ms=round(took * 1000, 1),
        )
        unbind_contextvars("actor_id", "subject")
        self._around.__exit__(kind, fault, trace)


def route_of(scope: dict[str, Any] | Scope) -> str:
    """The template of the matched route; one word for everything that matched none."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path if isinstance(path, str) else "unmatched"
