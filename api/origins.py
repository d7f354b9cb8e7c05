"""Where a request comes from: our own pages or another site, this machine or another.

An unsafe request that bears no token has to come from our own pages. This is checked in one place,
`require_own_page`, a dependency of the whole application: of pages and JSON routes, those that
exist and those to come. Fetch Metadata says it (browsers set it, pages cannot); `Origin` where a
browser does not send that. A bearer token is no ambient authority, so it needs no such check.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request

from api.errors import Problem
from gonogo.addresses import is_loopback, origin_of
from gonogo.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Whoever writes these stands between us and somebody whose address we do not see.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def own_origin(request: Request, settings: Settings) -> str | None:
    """`scheme://host[:port]` of our pages, None when nobody said what it is.

    The `Host` header is whatever a client wrote, so it counts on this machine only, where it
    names this machine.
    """
    if settings.public_url is not None:
        return settings.public_url
    if not is_loopback(settings.host):
        return None
    try:
        return origin_of(f"http://{request.headers.get('host', '')}")
    except ValueError:
        return None


def from_this_machine(request: Request, settings: Settings) -> bool:
    """Nobody but a person at this machine can have sent it.

    The API listens here alone, the client is here, no proxy forwarded it, and the page it came
    from is called by a loopback name (another name would be DNS rebinding).
    """
    public = urlsplit(settings.public_url or "")
    return (
        is_loopback(settings.host)
        and (not public.netloc or is_loopback(public.hostname or ""))
        and request.client is not None
        and is_loopback(request.client.host)
        and _called_by_loopback(request)
        and not any(name in request.headers for name in _FORWARDED)
    )


async def require_own_page(request: Request) -> None:
    """Raises `cross-site` for an unsafe request without a token that no page of ours sent."""
    if request.method in _SAFE or bears_token(request):
        return
    settings: Settings = request.app.state.services.settings
    if not _has_ambient_authority(request) or _from_own_page(request, settings):
        return
    raise Problem("cross-site", "this request did not come from a page of this store")


def bears_token(request: Request) -> bool:
    """It says itself who asks. Then no cookie counts, whether or not the token holds."""
    scheme, _, _ = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer"


def may_be_signed_in(request: Request) -> bool:
    """A cookie counts: for our own pages, and for a page opened by a link from elsewhere.

    Following a link changes nothing, and whoever made it cannot read or frame what it opens.
    """
    if bears_token(request):
        return False
    site = request.headers.get("sec-fetch-site")
    if site in (None, "same-origin", "none"):
        return True
    return request.method == "GET" and request.headers.get("sec-fetch-dest") == "document"


def client_address(request: Request) -> str:
    """Whom attempts are counted for: an IPv4 address, or the /64 that one household has."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:60]
    return str(address) if address.version == 4 else address.exploded[:19]


def _has_ambient_authority(request: Request) -> bool:
    """A browser adds it by itself: a cookie. Forms of pages are asked even without one, since
    signing in as somebody else is a trick of its own."""
    return "cookie" in request.headers or not request.url.path.startswith("/v1/")


def _from_own_page(request: Request, settings: Settings) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        return False
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin == own_origin(request, settings)


def _called_by_loopback(request: Request) -> bool:
    try:
        return bool(origin_of(f"http://{request.headers.get('host', '')}"))
    except ValueError:
        return False
