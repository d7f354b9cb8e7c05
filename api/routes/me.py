"""Who am I: my roles, my tokens, the browsers I am signed in with."""

from typing import Any

from fastapi import APIRouter, Response

from api import accounts
from api.deps import Digest, Entry, IdempotencyKey, Svc, Who
from api.errors import Problem
from api.routes.people import Book, TokenBody
from api.schema import READ, WRITE
from api.subjects import is_staff
from gonogo.db.signin import SessionRow
from policies.lifecycle.kernel import iso

router = APIRouter(prefix="/v1/me", tags=["people"])


@router.get("", responses=READ)
def get_me(svc: Svc, who: Who, book: Book) -> dict[str, Any]:
    """Who you are here, with your roles and publishers."""
    person = book.person(who.id)
    return {
        "person": who.id,
        "name": person.name if person else None,
        "store": svc.store,
        "roles": list(who.roles),
        "staff": is_staff(who),
        "publishers": [
            {"id": row.id, "name": row.name, "verified": row.verified_at is not None}
            for row in book.publishers(who.publishers)
        ],
    }


@router.get("/tokens", responses=READ)
def list_tokens(who: Who, book: Book) -> dict[str, Any]:
    """Your tokens without their secret part, the newest first; `id` ends one."""
    return {"items": [accounts.token_view(row) for row in book.tokens(who.id)]}


@router.post("/tokens", status_code=201, responses=WRITE)
def create_token(
    svc: Svc, entry: Entry, body: TokenBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """A new token. It is shown this once; a repeat with the same Idempotency-Key makes no other
    one, and shows it again for ten minutes."""
    response.headers["Cache-Control"] = "no-store"
    return accounts.new_token(svc, entry, body.label, body.days, key)


@router.delete("/tokens/{token}", status_code=204, responses=WRITE)
def end_token(who: Who, book: Book, token: Digest) -> Response:
    """End one of your tokens, at once, and the sessions that were opened with it."""
    if not book.revoke(who.id, token):
        raise Problem("not-found", "you have no such token")
    return Response(status_code=204)


@router.get("/sessions", responses=READ)
def list_sessions(svc: Svc, entry: Entry) -> dict[str, Any]:
    """The browsers you are signed in with, the last used first."""
    rows = svc.sessions.of_person(entry.actor.id)
    return {"items": [session_view(row, entry.session) for row in rows]}


@router.delete("/sessions", responses=WRITE)
def end_sessions(svc: Svc, who: Who) -> dict[str, Any]:
    """Sign out everywhere, also here."""
    return {"ended": svc.sessions.end_all(who.id)}


@router.delete("/sessions/{session}", status_code=204, responses=WRITE)
def end_session(svc: Svc, who: Who, session: Digest) -> Response:
    """Sign out of one browser, at once."""
    if not svc.sessions.end(who.id, session):
        raise Problem("not-found", "you have no such session")
    return Response(status_code=204)


def session_view(row: SessionRow, here: str | None) -> dict[str, Any]:
    return {
        "id": row.sha256,
        "how": row.how,
        "agent": row.agent,
        "created_at": iso(row.created_at),
        "last_seen_at": iso(row.last_seen_at),
        "ends_at": iso(min(row.idle_at, row.expires_at)),
        "current": row.sha256 == here,
    }
