"""What the OpenAPI document says beyond the routes themselves: problems, pending answers, names."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.errors import PROBLEMS

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457. `type` is a page that says what to do about it.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "refusal": {"type": "object", "description": "small values that explain a refused command"},
        "faults": {"type": "array", "items": {"type": "object"}},
        "command": {"type": "string", "description": "the command that was kept"},
    },
    "additionalProperties": True,
}
_PUBLIC = ("/v1/", "/problems", "/healthz", "/readyz")

Responses = dict[int | str, dict[str, Any]]


def problems(*codes: str) -> Responses:
    """The documented problem responses of a route, by status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEMS[code][0], []).append(code)
    return {
        status: {
            "description": "; ".join(f"{PROBLEMS[code][1]} (`{code}`)" for code in found),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status, found in sorted(by_status.items())
    }


OPEN_READ = problems("not-found", "malformed", "bad-request")
READ = problems("unauthenticated", "not-allowed", "not-found", "malformed", "bad-request")
WRITE = problems(
    "unauthenticated",
    "not-allowed",
    "not-found",
    "malformed",
    "bad-request",
    "too-large",
    "illegal-move",
    "storage-full",
)
_COMMAND = problems(
    "unauthenticated",
    "not-allowed",
    "self-approval",
    "same-voice",
    "not-claimed",
    "not-found",
    "illegal-move",
    "stale-decision",
    "evidence-blocks",
    "not-yet",
    "over-limit",
    "busy",
    "precondition-failed",
    "precondition-required",
    "malformed",
    "incomplete",
    "key-reused",
    "bad-request",
    "too-large",
    "orchestrator-unavailable",
    "storage-full",
)
COMMAND: Responses = {
    202: {
        "description": "Kept, not answered yet: ask at `Location`.",
        "headers": {
            "Location": {"schema": {"type": "string"}, "description": "/v1/commands/{command}"},
            "Retry-After": {"schema": {"type": "string"}, "description": "seconds"},
        },
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    **_COMMAND,
}
SUBMIT: Responses = {**COMMAND, **problems("bundle-refused", "malformed", "key-reused")}


def operation_id(route: APIRoute) -> str:
    """A stable name: that of the function. Two routes of one name would be a mistake."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the JSON API; pages are not in it."""
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    found["paths"] = {
        path: item for path, item in found["paths"].items() if path.startswith(_PUBLIC)
    }
    for item in found["paths"].values():
        for operation in item.values():
            _streams_in_3_1(operation)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    found["components"]["schemas"] = dict(sorted(schemas.items()))
    _names_are_unique(found["paths"])
    return found


def install(app: FastAPI) -> None:
    """Have `app.openapi()` answer `document`, made once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _streams_in_3_1(operation: Mapping[str, Any]) -> None:
    """FastAPI describes event streams in terms of OpenAPI 3.2, in a document that says 3.1."""
    content = operation["responses"].get("200", {}).get("content", {})
    if "text/event-stream" in content:
        content["text/event-stream"] = {
            "schema": {
                "type": "string",
                "description": "server-sent events: `id`, `event` (the type), `data` (JSON)",
            }
        }


def _names_are_unique(paths: Mapping[str, Any]) -> None:
    names = [
        operation["operationId"]
        for item in paths.values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"operation ids are used twice: {', '.join(twice)}")
