"""Traces: request → command → workflow → activity → model call, as one. Off without an endpoint.

Nothing of OpenTelemetry is imported while it is off. What leaves the house is scrubbed last, as log
lines are: ids, codes and numbers go; what an exception said, and texts of any kind, stay.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gonogo.redaction import Redaction
from gonogo.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Span, Tracer
    from temporalio.contrib.opentelemetry import TracingInterceptor

_EXPORT_S = 5.0
# One per process, set by `traced`: spans are opened in places that no constructor reaches.
_tracer: "Tracer | None" = None


@contextlib.contextmanager
def traced(settings: Settings, service: str) -> "Iterator[Sequence[TracingInterceptor]]":
    """Trace while the context is open; yields what Temporal's clients are given. Spans left over
    are sent on leaving, for at most some seconds."""
    global _tracer
    if not settings.otel_endpoint:
        yield ()
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    from temporalio.contrib.opentelemetry import TracingInterceptor

    url = f"{settings.otel_endpoint.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=url, timeout=_EXPORT_S)
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"gonogo-{service}"}),
        sampler=ParentBasedTraceIdRatio(settings.otel_ratio),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(_scrubbing(exporter, settings.secrets())))
    _tracer = provider.get_tracer("gonogo")
    try:
        yield (TracingInterceptor(_tracer),)
    finally:
        _tracer = None
        provider.shutdown()


@contextlib.contextmanager
def span(name: str, **attributes: str | int | float) -> "Iterator[Span | None]":
    """A span around the block, or nothing while tracing is off. Attributes hold ids and codes;
    `__` in a name stands for a dot."""
    if _tracer is None:
        yield None
        return
    dotted = {key.replace("__", "."): value for key, value in attributes.items()}
    with _tracer.start_as_current_span(name, attributes=dotted, record_exception=False) as current:
        yield current


def trace_id() -> str | None:
    """The trace this code runs in, 32 hex digits, for log lines; None while tracing is off."""
    if _tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    found = get_current_span().get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else None


def _scrubbing(inner: Any, secrets: Sequence[str]) -> Any:
    """An exporter that passes on what `scrubbed` leaves. Its base class is imported late."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    redaction = Redaction(secrets)

    class Scrubbing(SpanExporter):
        def export(self, spans: "Sequence[ReadableSpan]") -> SpanExportResult:
            result: SpanExportResult = inner.export([scrubbed(one, redaction) for one in spans])
            return result

        def shutdown(self) -> None:
            inner.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return bool(inner.force_flush(timeout_millis))

    return Scrubbing()


def scrubbed(given: "ReadableSpan", redaction: Redaction) -> "ReadableSpan":
    """The same span without what exceptions said, without secrets in attributes."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status

    events = [
        Event(
            event.name,
            {k: v for k, v in (event.attributes or {}).items() if k == "exception.type"},
            event.timestamp,
        )
        for event in given.events
    ]
    attributes = redaction(None, "", dict(given.attributes or {}))
    return ReadableSpan(
        name=given.name,
        context=given.context,
        parent=given.parent,
        resource=given.resource,
        attributes=attributes,
        events=events,
        links=given.links,
        kind=given.kind,
        status=Status(given.status.status_code),
        start_time=given.start_time,
        end_time=given.end_time,
        instrumentation_scope=given.instrumentation_scope,
    )
