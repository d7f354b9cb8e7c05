"""What every page shares: the templates, who is looking, refusals told in HTML."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api import browser
from api.deps import Services, Svc, services
from api.errors import PROBLEMS, Problem
from api.pages.names import Names
from api.pages.wording import filters
from api.subjects import is_staff
from gonogo.db.entries import Entered
from gonogo.ids import new_id
from gonogo.notices.inbox import Inbox
from policies.bundle.parts import BundleRefused
from policies.errors import Refused
from policies.lifecycle.kernel import Actor

TEMPLATES = Path(__file__).parent.parent / "templates"
_HTTP = {403: "not-allowed", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters())
    return made


PAGES = _environment()


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page. `actor` is None for a visitor; `names` are of people and publishers.

    `entry` says how they came in.
    """

    actor: Actor | None
    names: Names = field(default_factory=Names)
    entry: Entered | None = None
    unread: int = 0  # in the inbox; 100 stands for more than 99

    @property
    def is_visitor(self) -> bool:
        return self.actor is None

    @property
    def name(self) -> str:
        return self.names.get(self.actor.id, self.actor.id) if self.actor else ""

    @property
    def is_staff(self) -> bool:
        return self.actor is not None and is_staff(self.actor)

    def has(self, *roles: str) -> bool:
        return bool(self.actor and set(roles) & set(self.actor.roles))


async def viewer(svc: Svc, request: Request) -> Viewer:
    """A visitor, or the person whose session the cookie names."""
    found = await run_in_threadpool(browser.entered, request)
    if found is None:
        return Viewer(None)
    names = Names(svc.identity)
    unread = await run_in_threadpool(Inbox(svc.engine, svc.store).unread, found.actor.id)
    return Viewer(found.actor, names, found, unread)


Looking = Annotated[Viewer, Depends(viewer)]


async def _signed_in(look: Looking) -> Viewer:
    """Raises `unauthenticated` for a visitor."""
    if look.actor is None:
        raise Problem("unauthenticated", "sign in first")
    return look


SignedIn = Annotated[Viewer, Depends(_signed_in)]


async def _person(look: SignedIn) -> Actor:
    assert look.actor is not None  # _signed_in refuses visitors
    return look.actor


Person = Annotated[Actor, Depends(_person)]


def page(
    svc: Services, look: Viewer, template: str, status: int = 200, **given: Any
) -> HTMLResponse:
    """Render `template`. `now` (UTC) and the store's zone are given to every one."""
    html = PAGES.get_template(template).render(
        look=look, store=svc.store, zone=svc.pack.calendar.zone, now=datetime.now(UTC), **given
    )
    # What a page shows belongs to one person and one moment.
    return HTMLResponse(html, status, {"Cache-Control": "no-store", "Vary": "Cookie"})


def back_to(path: str, said: str = "") -> RedirectResponse:
    """After a form: look at `path` again; `said` is the code of a sentence of labels.html."""
    joint = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{joint}said={quote(said)}" if said else path, 303)


class PageRoute(APIRoute):
    """Tells refusals as pages, or inside the form that was sent; sends visitors to sign in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                response = await handle(request)
            except (Problem, Refused, BundleRefused, RequestValidationError) as fault:
                response = await _refused(request, _told(fault))
                if isinstance(fault, Problem):
                    response.headers.update(fault.headers)
            except HTTPException as fault:
                code = _HTTP.get(fault.status_code, "bad-request")
                response = await _refused(request, Refusal(code, str(fault.detail)))
            return _for_fragments(response) if _is_fragment(request) else response

        return handled


def page_router() -> APIRouter:
    return APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Refusal:
    """What a person is told instead. `faults` are of a bundle; `difference` and `happened` (events
    as `story.Told`) say what changed since somebody looked (I1)."""

    code: str
    detail: str
    faults: tuple[dict[str, str], ...] = ()
    difference: dict[str, Any] | None = None
    happened: tuple[Any, ...] = ()


def _told(fault: Exception) -> Refusal:
    match fault:
        case Problem():
            extra = fault.extra
            happened = tuple(extra.get("happened", ()))
            return Refusal(fault.code, fault.detail, (), extra.get("difference"), happened)
        case Refused():
            return Refusal(fault.code, fault.because)
        case BundleRefused():
            faults = tuple(
                {"file": f.file, "pointer": f.pointer, "message": f.message} for f in fault.faults
            )
            return Refusal("bundle-refused", "", faults)
        case RequestValidationError():
            names = {str(one["loc"][-1]) for one in fault.errors() if one["loc"]}
            return Refusal("malformed", f"look at: {', '.join(sorted(names))[:200]}")
        case _:
            return Refusal("malformed", "the form does not fit")


async def _refused(request: Request, refusal: Refusal) -> Response:
    svc, code = services(request), refusal.code
    if code == "unauthenticated":
        here = request.url.path if request.method == "GET" and not _is_fragment(request) else "/"
        response = RedirectResponse(f"/?next={quote(here)}", 303)
        if browser.session_id(request):
            browser.forget(response)
        return response
    status, title, remedy = PROBLEMS.get(code, PROBLEMS["refused"])
    look = Viewer(None) if code == "cross-site" else await viewer(svc, request)
    if look.actor is not None:
        await run_in_threadpool(look.names.learn, (look.actor.id,))
    told = {"refusal": refusal, "code": code, "title": title, "remedy": remedy}
    if _is_fragment(request):
        if request.method == "GET":  # a poll must not replace a part of the page with a problem
            return Response(status_code=204)
        return page(svc, look, "refusal.html", status, attempt=new_id("try"), **told)
    back = "/" if request.method == "GET" else _before(request)
    return page(svc, look, "problem.html", status, back=back, **told)


def _is_fragment(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def _for_fragments(response: Response) -> Response:
    """A redirect as htmx follows it: by loading the whole page."""
    if not 300 <= response.status_code < 400 or "location" not in response.headers:
        return response
    told = Response(status_code=200, headers={"HX-Redirect": response.headers["location"]})
    for cookie in response.headers.getlist("set-cookie"):
        told.headers.append("set-cookie", cookie)
    return told


def _before(request: Request) -> str:
    """The page that held the form: the path without its last step."""
    return request.url.path.rpartition("/")[0] or "/"
