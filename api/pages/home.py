"""The first page, signing in on this machine, signing out."""

from typing import Annotated, Any

from fastapi import Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from api import browser
from api.deps import PLAIN, Services, Svc
from api.errors import Problem
from api.origins import client_address, from_this_machine
from api.pages.site import Looking, Viewer, back_to, page, page_router
from api.subjects import is_staff
from gonogo.db.accounts import Accounts
from gonogo.logs import log

router = page_router()
_Next = Annotated[str, Query(max_length=400)]
_Said = Annotated[str, Query(max_length=40)]
_Then = Annotated[str, Form(max_length=400)]


@router.get("/")
def home(svc: Svc, look: Looking, request: Request, next: _Next = "", said: _Said = "") -> Response:
    """Sign in; whoever is signed in is led to what they came for."""
    if look.actor is not None:
        return RedirectResponse(own_path(next) or desk(look), 303)
    return sign_in_page(svc, request, next, said=said)


@router.post("/sign-in")
async def sign_in(
    svc: Svc,
    request: Request,
    token: Annotated[str, Form(max_length=200)],
    next: _Then = "",
) -> Response:
    """Open a session for whoever shows a token that holds. On this machine only."""
    _require_this_machine(svc, request)
    address = client_address(request)
    svc.attempts.require_few(address)
    shown = token.strip()
    found = await run_in_threadpool(svc.identity.entered, shown)
    if found is None:
        svc.attempts.failed(address)
        return await run_in_threadpool(sign_in_page, svc, request, next, trouble="wrong-token")
    return await let_in(svc, request, Viewer(found.actor), "token", next, token=shown)


@router.post("/sign-in/demo")
async def sign_in_as(
    svc: Svc,
    request: Request,
    person: Annotated[str, Form(max_length=80, pattern=PLAIN)],
    next: _Then = "",
) -> Response:
    """Play anybody. Only where `GONOGO_DEMO_SIGN_IN` allows it, on this machine only."""
    _require_this_machine(svc, request)
    if not svc.settings.demo_sign_in:
        raise Problem("not-allowed", "this installation is no demonstration")
    actor = await run_in_threadpool(svc.identity.actor, person)
    if actor is None:
        raise Problem("not-found", "there is no such person")
    return await let_in(svc, request, Viewer(actor), "demo", next)


@router.post("/sign-out")
async def sign_out(svc: Svc, look: Looking, request: Request) -> Response:
    """End the session, on the server; the browser forgets what it keeps of its pages."""
    if look.entry is not None and look.entry.session is not None:
        session = look.entry.session
        await run_in_threadpool(svc.sessions.end, look.entry.actor.id, session)
        log.info("signed_out", person=look.entry.actor.id)
    response = back_to("/", "signed-out")
    browser.forget(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def let_in(
    svc: Services,
    request: Request,
    look: Viewer,
    how: str,
    next: str,
    *,
    token: str | None = None,
) -> Response:
    """A fresh session, and on to what the person came for. The id a browser came with ends."""
    assert look.actor is not None  # nobody else is let in

    def opened() -> str:
        return svc.sessions.open(
            look.actor.id if look.actor else "",
            how,
            agent=browser.agent_of(request),
            token=token,
            old=browser.session_id(request),
        )

    session_id = await run_in_threadpool(opened)
    log.info("signed_in", person=look.actor.id, how=how)
    response = back_to(own_path(next) or desk(look))
    browser.keep(response, session_id, svc.settings)
    return response


def sign_in_page(
    svc: Services, request: Request, next: str, *, said: str = "", trouble: str = ""
) -> Response:
    """How to come in here. `trouble` is the code of why it did not work."""
    here = from_this_machine(request, svc.settings)
    return page(
        svc,
        Viewer(None),
        "home.html",
        401 if trouble else 200,
        next=own_path(next),
        said=said,
        trouble=trouble,
        takes_tokens=here,
        provider=svc.provider.label if svc.provider else None,
        cast=_cast(svc) if here and svc.settings.demo_sign_in else [],
    )


def _cast(svc: Services) -> list[dict[str, Any]]:
    people = Accounts(svc.engine, svc.store).people()
    return [
        {"id": row.id, "name": row.name, "roles": row.roles}
        for row in people.rows
        if row.left_at is None
    ]


def _require_this_machine(svc: Services, request: Request) -> None:
    if not from_this_machine(request, svc.settings):
        raise Problem("not-allowed", "this way in is open on the machine itself only")


def own_path(path: str) -> str:
    """`path` if it leads to a page of ours, else nothing: no other site is ever linked to."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and path != "/" else ""


def desk(look: Viewer) -> str:
    """Where the work of this person is."""
    if look.has("developer"):
        return "/mine"
    if look.has("reviewer", "senior_reviewer"):
        return "/reviews"
    if look.actor is not None and is_staff(look.actor):
        return "/releases"
    return "/catalogue"
