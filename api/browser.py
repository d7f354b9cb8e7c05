"""Signing in with a browser: one cookie, only where the API listens on this machine alone.

The cookie holds a person's token, so it is HttpOnly and SameSite=Strict, and whatever changes
something has to come from our own pages (Fetch Metadata, else Origin).
"""

from urllib.parse import urlsplit

from fastapi import Request, Response

from api.errors import Problem
from gonogo.settings import Settings

COOKIE = "gonogo_demo_session"
SIGNED_IN_S = 12 * 3600
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def may_sign_in(settings: Settings) -> bool:
    """A token in a cookie is for demonstrations: never where others can reach the port."""
    return settings.host in _LOOPBACK


def token_in_cookie(request: Request, settings: Settings) -> str:
    """The token of a signed-in page, empty when there is none or it does not count here.

    Raises `cross-site` when another site's page sent something that would change things.
    """
    token = request.cookies.get(COOKIE, "") if may_sign_in(settings) else ""
    if token:
        require_own_page(request)
    return token


def require_own_page(request: Request) -> None:
    """Raises `cross-site` for an unsafe request that none of our pages sent."""
    if request.method not in _SAFE and not _from_own_page(request):
        raise Problem("cross-site", "this request did not come from a page of this store")


def _from_own_page(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host", "")


def sign_in(response: Response, token: str) -> None:
    response.set_cookie(
        COOKIE, token, max_age=SIGNED_IN_S, path="/", httponly=True, samesite="strict"
    )


def sign_out(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
