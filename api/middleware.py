"""What every request passes: a request id, a size limit, headers that keep browsers careful."""

from fastapi import FastAPI, HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Access

# The largest body any route takes: a bundle as JSON with base64 and some air.
MAX_BODY = 48 * 1024 * 1024
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Edge:
    """Pure ASGI, so that streams are not buffered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        access, size = Access(scope), 0

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY:
                # FastAPI turns every other exception of a body into a plain 400.
                raise HTTPException(413, f"a request holds at most {MAX_BODY} bytes")
            return message

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                access.status = message["status"]
                extra = {**HEADERS, "x-request-id": access.request_id}
                message["headers"] = [
                    *message.get("headers", ()),
                    *((k.encode(), v.encode()) for k, v in extra.items()),
                ]
            await send(message)

        with access:
            await self.app(scope, limited, marked)


def install_middleware(app: FastAPI) -> None:
    app.add_middleware(Edge)
