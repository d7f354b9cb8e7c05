"""Signing in with the identity provider: there and back again.

What has to be remembered meanwhile travels in a cookie of ten minutes that only this installation
can have written: nothing is kept about people who never come back.
"""

import base64
import hashlib
import hmac
import json
import time
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from api.deps import Services, Svc
from api.errors import Problem
from api.origins import client_address, own_origin
from api.pages.home import let_in, own_path
from api.pages.site import Viewer, page, page_router
from api.provider import Begun, Provider, ProviderFault
from gonogo.db.enrolment import Door, Enrolment, NotAdmitted
from gonogo.logs import log
from gonogo.settings import Settings

COOKIE = "__Host-gonogo-way"
MINUTES = 10
BACK = "/sign-in/back"
router = page_router()
_Text = Annotated[str, Query(max_length=4_000)]
_Word = Annotated[str, Query(max_length=400)]


@router.get("/sign-in/provider")
async def to_provider(svc: Svc, request: Request, next: _Word = "") -> Response:
    """Off to the provider. A link and not a form: a form may lead to our own pages only."""
    provider = _provider(svc)
    svc.attempts.require_few(client_address(request))
    try:
        begun = await provider.begin(_redirect_uri(svc, request))
    except ProviderFault as fault:
        return _trouble(svc, provider, fault)
    response = RedirectResponse(begun.url, 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        _sealed(svc.settings, begun, own_path(next)),
        max_age=MINUTES * 60,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get(BACK)
async def back(
    svc: Svc,
    request: Request,
    code: _Text = "",
    state: _Word = "",
    error: _Word = "",
    iss: _Word = "",
) -> Response:
    """Back from the provider. The way back is open once."""
    provider = _provider(svc)
    address = client_address(request)
    svc.attempts.require_few(address)
    try:
        response = await _entered(svc, request, provider, code, state, error, iss)
    except (ProviderFault, NotAdmitted) as fault:
        if fault.code not in ("away", "denied"):
            svc.attempts.failed(address)
        response = _trouble(svc, provider, fault)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


async def _entered(
    svc: Services,
    request: Request,
    provider: Provider,
    code: str,
    state: str,
    error: str,
    iss: str,
) -> Response:
    kept = _opened(svc.settings, request.cookies.get(COOKIE, ""))
    if kept is None or not hmac.compare_digest(kept[0].state.encode(), state.encode()):
        raise ProviderFault("state", "the browser came back on a way that it did not go")
    begun, next = kept
    if iss and iss != provider.issuer:  # RFC 9207
        raise ProviderFault("forged", "the answer names another issuer")
    if error:
        raise ProviderFault("denied" if error == "access_denied" else "refused", error[:100])
    claims = await provider.finish(code, begun, _redirect_uri(svc, request))
    enrolment = Enrolment(svc.engine, svc.store)
    door = Door(svc.settings.oidc_roles, svc.settings.oidc_signup)
    person = await run_in_threadpool(enrolment.admit, claims, door)
    actor = await run_in_threadpool(svc.identity.actor, person)
    if actor is None:
        raise NotAdmitted("left")
    return await let_in(svc, request, Viewer(actor), "oidc", next)


def _provider(svc: Services) -> Provider:
    if svc.provider is None:
        raise Problem("not-found", "this installation names no identity provider")
    return svc.provider


def _redirect_uri(svc: Services, request: Request) -> str:
    origin = own_origin(request, svc.settings)
    if origin is None:
        raise Problem("bad-request", "this store is not called by that name")
    return origin + BACK


def _trouble(svc: Services, provider: Provider, fault: ProviderFault | NotAdmitted) -> Response:
    """Say what happened, and what to do. The provider's own words stay in the log."""
    if isinstance(fault, ProviderFault):
        log.warning("provider_fault", code=fault.code, detail=str(fault)[:200])
        status = 502 if fault.code in ("away", "answer") else 400
    else:
        log.info("not_admitted", code=fault.code)
        status = 403
    return page(
        svc,
        Viewer(None),
        "not_signed_in.html",
        status,
        code=fault.code,
        provider=provider.label,
        contact=svc.settings.oidc_contact,
    )


def _key(settings: Settings) -> bytes:
    return hmac.digest(settings.mac_key(), b"the way to the provider and back", "sha256")


def _sealed(settings: Settings, begun: Begun, next: str) -> str:
    kept = [begun.state, begun.nonce, begun.verifier, next, int(time.time()) + MINUTES * 60]
    told = base64.urlsafe_b64encode(json.dumps(kept).encode())
    return f"{told.decode()}.{_mac(settings, told)}"


def _opened(settings: Settings, cookie: str) -> tuple[Begun, str] | None:
    """What `_sealed` wrote, unless it is another's, changed, or too old."""
    told, _, mac = cookie[:4_000].partition(".")
    if not told.isascii() or not hmac.compare_digest(
        _mac(settings, told.encode()).encode(), mac.encode()
    ):
        return None
    state, nonce, verifier, next, ends = json.loads(base64.urlsafe_b64decode(told))
    return (Begun("", state, nonce, verifier), next) if ends > time.time() else None


def _mac(settings: Settings, told: bytes) -> str:
    return hmac.new(_key(settings), told, hashlib.sha256).hexdigest()
