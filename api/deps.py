"""What routes are given: services built once, the actor of this request, preconditions."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from structlog.contextvars import bind_contextvars

from api import browser
from api.attempts import Attempts
from api.commands import Gateway
from api.errors import Problem
from api.kept import Outcome
from api.live import Feed
from api.provider import Provider
from gonogo.db.browser_sessions import BrowserSessions
from gonogo.db.entries import Entered
from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.queries import MOST
from gonogo.objects import Objects
from gonogo.packs import PackStore
from gonogo.settings import Settings
from policies.lifecycle.kernel import Actor
from policies.pack import PolicyPack


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: Engine
    gateway: Gateway
    ledger: Ledger
    identity: Identity
    objects: Objects
    packs: PackStore
    pack: PolicyPack  # for new cases
    feed: Feed
    sessions: BrowserSessions
    attempts: Attempts
    provider: Provider | None  # None: nobody signs in with one

    @property
    def store(self) -> str:
        return self.settings.store


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Svc = Annotated[Services, Depends(services)]
_BEARER = HTTPBearer(auto_error=False, description="a token: `gng_…`")


async def entry(
    svc: Svc,
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Entered:
    """Who asks: by bearer token, or by the session of a signed-in browser. A token that does not
    hold is not made good by a cookie. Raises `unauthenticated`."""
    if bearer is None:
        found = await run_in_threadpool(browser.entered, request)
    else:
        found = await run_in_threadpool(svc.identity.entered, bearer.credentials)
    if found is None:
        raise Problem(
            "unauthenticated",
            "a valid token is needed",
            headers={"WWW-Authenticate": 'Bearer realm="gonogo"'},
        )
    bind_contextvars(actor_id=found.actor.id)
    return found


Entry = Annotated[Entered, Depends(entry)]


async def actor(found: Entry) -> Actor:
    """Who asks. Raises `unauthenticated`."""
    return found.actor


Who = Annotated[Actor, Depends(actor)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="a repeat with the same key gets the first answer",
    ),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200)]
LastEventId = Annotated[
    int | None,
    Header(alias="Last-Event-ID", ge=0, le=2**53, description="go on after this one"),
]
# Ids are opaque but plain: what no id can be is refused before the database sees it.
PLAIN = r"^[\x21-\x7e]+$"
SubjectId = Annotated[str, Path(min_length=1, max_length=80, pattern=PLAIN)]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="hex SHA-256")]
Cursor = Annotated[
    str | None, Query(max_length=400, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of a list")
]
PageSize = Annotated[int, Query(ge=1, le=MOST)]


def etag(version: int) -> str:
    return f'"{version}"'


def expected_version(if_match: str | None, version: int, *, needed: bool = True) -> int:
    """The version the client saw. Raises 428 when it must say so, 412 when it is another now."""
    if if_match is None:
        if needed:
            raise Problem(
                "precondition-required",
                "send the ETag you saw as If-Match",
                headers={"ETag": etag(version)},
            )
        return version
    named = [tag.strip() for tag in if_match.split(",")]
    if "*" not in named and etag(version) not in named:
        raise Problem(
            "precondition-failed",
            f"it is at version {version} now",
            headers={"ETag": etag(version)},
        )
    return version


def named_version(if_match: str | None, version: int) -> int:
    """The one version a decision is about (I1). `*` names none, so it is not accepted here."""
    if if_match is None or if_match.strip() == "*":
        raise Problem(
            "precondition-required",
            "send the ETag you decided on as If-Match",
            headers={"ETag": etag(version)},
        )
    tag = if_match.strip().strip('"')
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
        raise Problem(
            "precondition-failed",
            f"it is at version {version} now",
            headers={"ETag": etag(version)},
        )
    return int(tag)


def answered(outcome: Outcome, response: Response, created: str | None = None) -> dict[str, object]:
    """The body of an answered command, or 202 with the place to ask again."""
    if outcome.answer is None:
        response.status_code = 202
        response.headers["Location"] = f"/v1/commands/{outcome.command}"
        response.headers["Retry-After"] = "2"
        return {"command": outcome.command, "subject": outcome.subject, "status": "pending"}
    if created:
        response.headers["Location"] = created
    if outcome.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    if "version" in outcome.answer:
        response.headers["ETag"] = etag(int(outcome.answer["version"]))
    return {
        "command": outcome.command,
        "subject": outcome.subject,
        "status": "done",
        **outcome.answer,
    }
