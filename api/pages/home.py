"""The first page, signing in and out."""

from typing import Annotated

from fastapi import Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from api import browser
from api.deps import Services, Svc
from api.errors import Problem
from api.pages.site import Looking, Viewer, back_to, page, page_router
from api.subjects import is_staff

router = page_router()
_Next = Annotated[str, Query(max_length=400)]
_Said = Annotated[str, Query(max_length=40)]


@router.get("/")
def home(svc: Svc, look: Looking, next: _Next = "", said: _Said = "") -> Response:
    """Sign in; whoever is signed in is led to what they came for."""
    if look.actor is not None:
        return RedirectResponse(_own_path(next) or _desk(look), 303)
    return _sign_in_page(svc, look, next, said)


@router.post("/sign-in")
async def sign_in(
    svc: Svc,
    request: Request,
    token: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Keep a token that holds in the browser's cookie."""
    browser.require_own_page(request)
    if not browser.may_sign_in(svc.settings):
        raise Problem("not-allowed", "pages take tokens only where nobody else can reach them")
    actor = await run_in_threadpool(svc.identity.actor_of_token, token.strip())
    if actor is None:
        return _sign_in_page(svc, Viewer(None), next, "", wrong=True)
    response = back_to(_own_path(next) or _desk(Viewer(actor)))
    browser.sign_in(response, token.strip())
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget the cookie; the token itself stays valid."""
    browser.require_own_page(request)
    response = back_to("/", "signed-out")
    browser.sign_out(response)
    return response


def _sign_in_page(
    svc: Services, look: Viewer, next: str, said: str, *, wrong: bool = False
) -> Response:
    return page(
        svc,
        look,
        "home.html",
        401 if wrong else 200,
        next=_own_path(next),
        said=said,
        wrong=wrong,
        can_sign_in=browser.may_sign_in(svc.settings),
    )


def _own_path(path: str) -> str:
    """`path` if it leads to a page of ours, else nothing: no other site is ever linked to."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and path != "/" else ""


def _desk(look: Viewer) -> str:
    """Where the work of this person is."""
    if look.has("developer"):
        return "/mine"
    if look.has("reviewer", "senior_reviewer"):
        return "/reviews"
    if look.actor is not None and is_staff(look.actor):
        return "/releases"
    return "/catalogue"
