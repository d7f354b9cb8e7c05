"""The API, described for people: the OpenAPI document as a page of our own, without scripts.

Pages that bring scripts from elsewhere would run them with a signed-in browser's cookie.
"""

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from api.deps import Svc
from api.pages.site import Looking, page, page_router

router = page_router()


@router.get("/docs")
def reference(svc: Svc, look: Looking, request: Request) -> Response:
    """Every operation by its kind, with parameters, body and answers."""
    document = request.app.openapi()
    kinds: dict[str, list[dict[str, Any]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            kind = (operation.get("tags") or ["other"])[0]
            kinds.setdefault(kind, []).append(_told(path, method, operation))
    return page(
        svc,
        look,
        "reference.html",
        kinds=kinds,
        schemas={name: _fields(value) for name, value in document["components"]["schemas"].items()},
    )


def _told(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "what": operation.get("description", ""),
        "parameters": [
            (one["name"], one["in"], one["required"], one.get("description", ""))
            for one in operation.get("parameters", ())
        ],
        "bodies": sorted({_named(one.get("schema", {})) for one in content.values()}),
        "answers": [(code, one["description"]) for code, one in operation["responses"].items()],
    }


def _named(schema: dict[str, Any]) -> str:
    """The name of a schema, or its type."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    either = [_named(one) for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if either:
        return " or ".join(dict.fromkeys(either))
    if schema.get("type") == "array":
        return f"list of {_named(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def _fields(schema: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """The properties of a schema: name, type, whether it is needed."""
    needed = schema.get("required", ())
    properties = schema.get("properties", {})
    return [(name, _named(value), name in needed) for name, value in properties.items()]
