"""My account: who I am, where I am signed in, my tokens."""

from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import accounts, browser
from api.deps import Digest, Svc
from api.errors import Problem
from api.pages.forms import Key, Said, fresh_key, key_of
from api.pages.site import Looking, SignedIn, Viewer, back_to, page, page_router
from api.routes.me import session_view
from api.routes.people import Book
from gonogo.db.entries import Entered

router = page_router()
Label = Annotated[str, Form(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
Days = Annotated[int, Form(ge=1, le=accounts.DAYS_MOST)]
CHOICES = (7, 30, accounts.DAYS_USUAL, 365)


def _entry(look: Viewer) -> Entered:
    assert look.entry is not None  # SignedIn refuses visitors
    return look.entry


@router.get("/account")
def account(svc: Svc, look: SignedIn, book: Book, said: Said = "") -> Response:
    """Everything about one's own account."""
    return _page(svc, look, book, said=said)


@router.post("/account/tokens")
async def make_token(
    svc: Svc,
    look: SignedIn,
    book: Book,
    request: Request,
    label: Label,
    key: Key,
    days: Days = accounts.DAYS_USUAL,
) -> Response:
    """Make a token and show it, this once. A double click shows the same."""
    keyed = await key_of(request, key)
    made = await run_in_threadpool(accounts.new_token, svc, _entry(look), label, days, keyed)
    return await run_in_threadpool(_page, svc, look, book, made=made)


@router.post("/account/tokens/{token}/end")
def end_token(look: SignedIn, book: Book, token: Digest) -> Response:
    """End one token. There is no way back."""
    if not book.revoke(_entry(look).actor.id, token):
        raise Problem("not-found", "you have no such token")
    return back_to("/account", "token-ended")


@router.post("/account/sessions/end")
def end_sessions(svc: Svc, look: SignedIn) -> Response:
    """Sign out everywhere else."""
    entry = _entry(look)
    svc.sessions.end_all(entry.actor.id, but=entry.session)
    return back_to("/account", "sessions-ended")


@router.post("/account/sessions/{session}/end")
def end_session(svc: Svc, look: Looking, session: Digest) -> Response:
    """Sign out of one browser; of this one, too."""
    if look.entry is None:
        raise Problem("unauthenticated", "sign in first")
    if not svc.sessions.end(look.entry.actor.id, session):
        raise Problem("not-found", "you have no such session")
    if session != look.entry.session:
        return back_to("/account", "session-ended")
    response = back_to("/", "signed-out")
    browser.forget(response)
    return response


def _page(
    svc: Svc, look: Viewer, book: Book, *, said: str = "", made: dict[str, Any] | None = None
) -> Response:
    entry = _entry(look)
    held = [row for row in book.tokens(entry.actor.id) if row.revoked_at is None]
    return page(
        svc,
        look,
        "account.html",
        said=said,
        key=fresh_key(),
        made=made,
        organisations=book.publishers(entry.actor.publishers),
        sessions=[
            session_view(row, entry.session) for row in svc.sessions.of_person(entry.actor.id)
        ],
        tokens=[accounts.token_view(row) for row in held],
        choices=CHOICES,
        usual=accounts.DAYS_USUAL,
    )
