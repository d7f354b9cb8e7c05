"""Domain errors meet HTTP in one table; every problem is RFC 9457 and has a page at its type."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from gonogo.logs import log
from gonogo.objects import ObjectsFull, ObjectsUnreachable
from policies.bundle.parts import BundleRefused
from policies.errors import PackFault, Refused

# code → (status, title, what to do about it: the text of the page /problems/{code})
PROBLEMS: Mapping[str, tuple[int, str, str]] = {
    "illegal-move": (
        409,
        "Not possible in this state",
        "Read the state again; `can` lists what is possible now, and why not the rest.",
    ),
    "stale-decision": (
        409,
        "The case has moved on",
        "Fetch it, read the difference, and decide on the digest and version shown.",
    ),
    "not-allowed": (
        403,
        "Not yours to do",
        "Ask somebody with one of the roles named in `refusal.roles`.",
    ),
    "self-approval": (403, "Your own GPT", "Somebody outside the publisher has to decide."),
    "same-voice": (403, "A second person is needed", "Ask a colleague who has not spoken yet."),
    "not-claimed": (403, "Claim the case first", "POST to its `claim`, then decide."),
    "incomplete": (422, "Something is missing", "Send what `refusal.field` names."),
    "evidence-blocks": (
        409,
        "The evidence forbids it",
        "`refusal.reasons` names every reason; remove them, then try again.",
    ),
    "not-yet": (409, "Too early", "Wait until `refusal.until`."),
    "over-limit": (409, "A limit is reached", "Finish or release something first."),
    "forged": (403, "Signature does not hold", "Send commands through this API."),
    "busy": (409, "Too many writers at once", "Send the same command again."),
    "refused": (409, "Refused", "The detail says why."),
    "bundle-refused": (422, "The bundle has faults", "`faults` lists all of them with places."),
    "malformed": (422, "Malformed request", "`faults` lists what does not fit the schema."),
    "too-large": (413, "Too large", "The limits are at /v1/policy."),
    "unauthenticated": (
        401,
        "Who are you?",
        "Send `Authorization: Bearer gng_…` with a token that has not ended.",
    ),
    "too-many-attempts": (
        429,
        "Too many attempts",
        "Wait as long as `Retry-After` says, then try once more.",
    ),
    "cross-site": (
        403,
        "From another site",
        "Use the pages of this store itself, or send a bearer token.",
    ),
    "not-found": (404, "Not found", "It does not exist, or you may not see it."),
    "method-not-allowed": (405, "Method not allowed", "See the OpenAPI document at /openapi.json."),
    "precondition-required": (
        428,
        "If-Match is needed",
        "Send the ETag you saw, so that you decide on what you read.",
    ),
    "precondition-failed": (412, "It changed since you looked", "Fetch it again and look."),
    "key-reused": (
        422,
        "Idempotency-Key was used for something else",
        "Use a fresh key for a different command.",
    ),
    "orchestrator-unavailable": (
        503,
        "The orchestrator does not answer",
        "Nothing is lost: send the same command with the same "
        "Idempotency-Key again. Stops and reads work meanwhile.",
    ),
    "database-unavailable": (503, "The database does not answer", "Try again shortly."),
    "storage-unavailable": (
        503,
        "The object store does not answer",
        "Nothing is lost: send the same again, commands with their Idempotency-Key.",
    ),
    "storage-full": (
        507,
        "There is no room left",
        "Nothing is half done. Somebody who runs this store has to make room on its disk; "
        "then send the same again.",
    ),
    "bad-request": (400, "Bad request", "The detail says what is wrong."),
    "internal": (500, "Our mistake", "It is logged with the request id; please report it."),
}
_OF_STATUS = {
    400: "bad-request",
    401: "unauthenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
}


_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class Problem(Exception):
    """A refusal of the edge itself. `code` is a key of `PROBLEMS`."""

    def __init__(
        self, code: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail or code)
        self.code, self.detail, self.extra = code, detail, extra
        self.headers = dict(headers or {})


def problem_body(code: str, detail: str, instance: str = "", **extra: Any) -> dict[str, Any]:
    status, title, _ = PROBLEMS.get(code, PROBLEMS["refused"])
    body = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail}
    if instance:
        body["instance"] = instance
    return {**body, **extra}


def _response(
    request: Request, code: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> JSONResponse:
    # As it came: `instance` is a URI, and a path may hold anything once decoded.
    body = problem_body(code, detail, quote(request.url.path), **extra)
    return JSONResponse(
        jsonable_encoder(body),
        status_code=body["status"],
        media_type="application/problem+json",
        headers=dict(headers or {}),
    )


def install(app: FastAPI) -> None:
    """Register the handlers. Nothing below this table knows a status code."""

    @app.exception_handler(Problem)
    async def problem(request: Request, fault: Problem) -> JSONResponse:
        return _response(request, fault.code, fault.detail, fault.headers, **fault.extra)

    @app.exception_handler(Refused)
    async def refused(request: Request, fault: Refused) -> JSONResponse:
        return _response(request, fault.code, fault.because, refusal=dict(fault.detail))

    @app.exception_handler(BundleRefused)
    async def bundle(request: Request, fault: BundleRefused) -> JSONResponse:
        faults = [
            {"file": f.file, "pointer": f.pointer, "code": f.code, "message": f.message}
            for f in fault.faults
        ]
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        return _response(request, "bundle-refused", count, faults=faults)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, fault: RequestValidationError) -> JSONResponse:
        faults = [
            {"pointer": "/" + "/".join(map(str, e["loc"])), "message": e["msg"]}
            for e in fault.errors()
        ]
        return _response(request, "malformed", "the request does not fit the schema", faults=faults)

    @app.exception_handler(HTTPException)
    async def http(request: Request, fault: HTTPException) -> JSONResponse:
        code = _OF_STATUS.get(fault.status_code, "bad-request")
        headers = dict(fault.headers or {})
        if fault.status_code == 405:
            headers["Allow"] = ", ".join(_methods_at(app, request))
        return _response(request, code, str(fault.detail), headers)

    @app.exception_handler(PackFault)
    async def pack(request: Request, fault: PackFault) -> JSONResponse:
        return _response(request, "internal", str(fault))

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(PoolTimeout)
    async def database(request: Request, fault: Exception) -> JSONResponse:
        # Only the kind of fault: its text repeats the statement's parameters.
        kind = type(getattr(fault, "orig", None) or fault).__name__
        log.error("database", path=request.url.path, error=kind)
        if _is_full(fault):
            return _response(request, "storage-full", "the disk of the database is full")
        detail = "nothing is half done: send the same again, commands with their Idempotency-Key"
        return _response(request, "database-unavailable", detail, {"Retry-After": "5"})

    @app.exception_handler(ObjectsFull)
    async def full(request: Request, fault: ObjectsFull) -> JSONResponse:
        log.error("objects_full", path=request.url.path)
        return _response(request, "storage-full", "the object store is full")

    @app.exception_handler(ObjectsUnreachable)
    async def unreachable(request: Request, fault: ObjectsUnreachable) -> JSONResponse:
        log.error("objects_unreachable", path=request.url.path)
        detail = "bundles and evidence cannot be read or kept now"
        return _response(request, "storage-unavailable", detail, {"Retry-After": "5"})

    @app.exception_handler(DataError)
    async def unstorable(request: Request, fault: DataError) -> JSONResponse:
        detail = "a text holds a character that cannot be stored (NUL), or a number is too large"
        return _response(request, "malformed", detail)

    @app.exception_handler(Exception)
    async def bug(request: Request, fault: Exception) -> JSONResponse:
        log.error("unhandled", path=request.url.path, error=type(fault).__name__, exc_info=fault)
        return _response(request, "internal", type(fault).__name__)


def _is_full(fault: Exception) -> bool:
    """Whether SQLite (SQLITE_FULL) or PostgreSQL (53100) has no room."""
    orig = getattr(fault, "orig", None)
    name = getattr(orig, "sqlite_errorname", None)
    return name == "SQLITE_FULL" or getattr(orig, "sqlstate", None) == "53100"


def _methods_at(app: FastAPI, request: Request) -> list[str]:
    """What the path answers to: Starlette names the methods of its first route alone. Of two
    documented paths that fit, the one with fewer parameters is meant."""
    parts, paths = request.scope["path"].split("/"), app.openapi()["paths"]
    fitting = [path for path in paths if _fits(path.split("/"), parts)]
    if fitting:
        item = paths[min(fitting, key=lambda path: path.count("{"))]
        return [method for method in _METHODS if method.lower() in item]
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in app.routes
            if not isinstance(route, Mount)
        )
    ]


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        wanted == part or wanted.startswith("{")
        for wanted, part in zip(template, parts, strict=True)
    )
