"""The pages that RFC 9457 types point to: what a problem means and what to do about it."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.deps import SubjectId
from api.errors import PROBLEMS, Problem
from api.schema import problems

router = APIRouter(prefix="/problems", tags=["problems"])
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}},
    **problems("not-found", "malformed"),
}


@router.get("", responses=_PAGE)
def list_problems(request: Request) -> Response:
    """Every problem this API answers with."""
    items = [_told(code) for code in PROBLEMS]
    if not _wants_html(request):
        return _json({"items": items})
    lines = "".join(
        f'<li><a href="/problems/{escape(one["code"])}">{escape(one["title"])}</a> '
        f"<code>{escape(one['code'])}</code>, {one['status']}</li>"
        for one in items
    )
    return _html("Problems", f"<ul>{lines}</ul>")


@router.get("/{code}", responses=_PAGE)
def get_problem(code: SubjectId, request: Request) -> Response:
    """One problem: its status, its title, what to do about it."""
    if code not in PROBLEMS:
        raise Problem("not-found", f"there is no problem {code!r}")
    told = _told(code)
    if not _wants_html(request):
        return _json(told)
    return _html(
        told["title"],
        f"<p>{escape(told['what_to_do'])}</p>"
        f"<p>HTTP status {told['status']}, <code>{escape(code)}</code></p>"
        '<p><a href="/problems">All problems</a></p>',
    )


def _told(code: str) -> dict[str, Any]:
    status, title, what_to_do = PROBLEMS[code]
    return {
        "code": code,
        "type": f"/problems/{code}",
        "status": status,
        "title": title,
        "what_to_do": what_to_do,
    }


def _wants_html(request: Request) -> bool:
    """Browsers name text/html; everything else gets JSON."""
    return "text/html" in request.headers.get("accept", "")


def _json(value: dict[str, Any]) -> Response:
    return JSONResponse(value, headers={"Vary": "Accept"})


def _html(title: str, body: str) -> Response:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>",
        headers={"Vary": "Accept"},
    )
