"""The cookie of a signed-in browser: a random id that means something on the server alone.

`__Host-`: browsers keep it only if it is Secure, for the whole site and for this host alone, so
that no neighbour on another port's subdomain can plant one. Chromium and Firefox take it over
plain http from a loopback address, too. `SameSite=Lax`: Strict would leave it out after the way
back from an identity provider and for links in mails; unsafe requests are checked by
`api.origins`, and what a link opens changes nothing.
"""

import re

from fastapi import Request, Response

from api.origins import may_be_signed_in
from gonogo.db.entries import Entered
from gonogo.settings import Settings

COOKIE = "__Host-gonogo"
_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def session_id(request: Request) -> str:
    """The id that the browser sent, empty when there is none or it does not count here."""
    found = request.cookies.get(COOKIE, "")
    return found if _ID.fullmatch(found) and may_be_signed_in(request) else ""


def is_use(request: Request) -> bool:
    """A person did something. Parts of pages that look for news by themselves do not count, or
    an abandoned browser would stay signed in."""
    return not (request.method == "GET" and request.headers.get("hx-request") == "true")


def entered(request: Request) -> Entered | None:
    """Whose session the cookie names. Blocks; once per request."""
    found = session_id(request)
    if not found:
        return None
    kept: dict[str, Entered | None] = request.scope.setdefault("gonogo.entered", {})
    if found not in kept:
        sessions = request.app.state.services.sessions
        kept[found] = sessions.entered(found, is_use=is_use(request))
    return kept[found]


def keep(response: Response, session_id: str, settings: Settings) -> None:
    """Hand the browser its session."""
    response.set_cookie(
        COOKIE,
        session_id,
        max_age=settings.session_s,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def agent_of(request: Request) -> str:
    """The kind of browser in a few plain words: enough to know one's own apart."""
    told = request.headers.get("user-agent", "")[:400]
    browser = next((name for mark, name in _BROWSERS if mark in told), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in told), "")
    return f"{browser} on {system}" if system else browser
