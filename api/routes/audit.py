"""For auditors: checkpoints, verification, filtered events, proofs, the whole record as a file."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from api.bodies import written
from api.deps import PLAIN, Cursor, PageSize, Services, Svc, Who
from api.errors import Problem
from api.schema import READ, problems
from api.views import event_view
from gonogo.audit.export import exported
from gonogo.audit.installation import health, log_of, verify_here
from gonogo.audit.notes import BadNote, signed_by, unverified
from gonogo.audit.prove import Unprovable, prove
from gonogo.db import audit_lists, queries
from gonogo.db.session import reading
from policies.audit.proofs import DECISIONS
from policies.lifecycle.kernel import Actor, Role, iso

router = APIRouter(prefix="/v1/audit", tags=["audit"])
SHOWN = 50  # checkpoints of a page
_VERIFYING = Lock()  # one at a time in this process: it reads everything
_NDJSON = "application/x-ndjson"


async def auditing(who: Who) -> Actor:
    """An auditor or an administrator. Raises `not-allowed` for everybody else."""
    if not {Role.AUDITOR, Role.ADMINISTRATOR} & set(who.roles):
        raise Problem("not-allowed", "this is for auditors and administrators")
    return who


Auditing = Annotated[Actor, Depends(auditing)]
Code = Annotated[str | None, Query(max_length=80, pattern=PLAIN)]
Instant = Annotated[
    datetime | None, BeforeValidator(written), Query(description="RFC 3339, with a zone")
]


@router.get("", responses=READ)
def audit_state(
    svc: Svc,
    who: Auditing,
    before: Annotated[int | None, Query(ge=1, le=10**15, description="a size")] = None,
) -> dict[str, Any]:
    """Checkpoints, newest first (`next` is the `before` of the following page), the public keys,
    how they stand, and the last verification."""
    return state_of(svc, before)


def state_of(svc: Services, before: int | None = None) -> dict[str, Any]:
    log = log_of(svc.settings)
    names = [name for name in reversed(log.names()) if before is None or int(name) < before]
    state, found, remedy = health(svc.settings, svc.engine)
    try:
        keys = [str(key) for key in log.known_keys()]
    except BadNote as fault:
        keys, state, found = [], "fail", f"the list of keys: {fault}"
    return {
        "origin": log.origin(),
        "keys": keys,
        "state": state,
        "found": found,
        "remedy": remedy,
        "checkpoints": [_checkpoint(name, log.note(name)) for name in names[:SHOWN]],
        "next": int(names[SHOWN - 1]) if len(names) > SHOWN else None,
        "verified": log.verified(),
    }


def day_of(text: str, zone: str, *, after: bool = False) -> datetime | None:
    """The instant at which a day (`2026-03-01`) of `zone` begins, or with `after` the next one.

    None for an empty text. Raises `bad-request` for what is no day.
    """
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip()) + timedelta(days=after)
        return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise Problem("bad-request", "a day is written like 2026-03-01") from fault


def _checkpoint(name: str, note: str) -> dict[str, Any]:
    try:
        point = unverified(note)
        return {
            "size": point.size,
            "at": point.at,
            "root": point.root.hex(),
            "signed_by": signed_by(note),
            "note": note,
        }
    except BadNote as fault:
        return {"size": int(name), "at": None, "root": None, "signed_by": [], "note": str(fault)}


@router.post("/verify", responses={**READ, **problems("busy")})
async def audit_verify(svc: Svc, who: Auditing) -> dict[str, Any]:
    """Verify the whole record now, except for objects. One at a time; it reads everything."""
    return await run_in_threadpool(verify_now, svc)


def verify_now(svc: Services) -> dict[str, Any]:
    if not _VERIFYING.acquire(blocking=False):
        raise Problem("busy", "a verification is running; its result will be shown")
    try:
        return verify_here(svc.settings, svc.engine, with_objects=False).as_value()
    finally:
        _VERIFYING.release()


@router.get("/events", responses=READ)
def audit_events(
    svc: Svc,
    who: Auditing,
    actor: Code = None,
    type: Code = None,
    subject: Code = None,
    since: Instant = None,
    until: Instant = None,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """Events, newest first, by whom, of which type (`submission:review:*` for all below it), about
    what, recorded when. `next` is the cursor of the following page."""
    return filtered(svc, actor, type, subject, since, until, cursor, limit)


def filtered(
    svc: Services,
    actor: str | None,
    type_: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> dict[str, Any]:
    for at in (since, until):
        if at is not None and at.tzinfo is None:
            raise Problem("bad-request", "a time needs a zone, such as 2026-03-01T09:00:00Z")
    try:
        with reading(svc.engine) as session:
            found = audit_lists.events(
                session,
                svc.store,
                actor=actor,
                type_=type_,
                subject=subject,
                since=since,
                until=until,
                after=cursor,
                limit=limit,
            )
    except ValueError as fault:
        raise Problem("bad-request", str(fault)) from fault
    items = [
        {
            **event_view(row),
            "recorded_at": iso(row.recorded_at),
            "decision": row.type in DECISIONS,
        }
        for row in found.rows
    ]
    return {"items": items, "next": found.next}


@router.get("/proof", responses=READ)
def audit_proof(
    svc: Svc,
    who: Auditing,
    event: Annotated[
        str,
        Query(
            min_length=1,
            max_length=100,
            pattern=PLAIN,
            description="a position, SUBJECT/NUMBER, or a subject: its newest decision",
        ),
    ],
) -> dict[str, Any]:
    """That one event is in the record which the newest checkpoint stands for. Verify it anywhere
    with `gonogo audit verify --proof FILE --key KEY`."""
    try:
        return prove(svc.engine, log_of(svc.settings), event)
    except Unprovable as fault:
        raise Problem("not-found", str(fault)) from fault


@router.get(
    "/export",
    responses={**READ, 200: {"content": {_NDJSON: {"schema": {"type": "string"}}}}},
    response_class=StreamingResponse,
)
def audit_export(svc: Svc, who: Auditing) -> StreamingResponse:
    """The record up to the newest checkpoint, one JSON value a line, without any text that people
    wrote. Verify it anywhere with `gonogo audit verify --offline FILE --key KEY`."""
    return export_file(svc)


def export_file(svc: Services) -> StreamingResponse:
    def lines() -> Iterator[bytes]:
        for line in exported(svc.engine, log_of(svc.settings)):
            yield json.dumps(line, ensure_ascii=False).encode() + b"\n"

    return StreamingResponse(
        lines(),
        media_type=_NDJSON,
        headers={"Content-Disposition": 'attachment; filename="record.jsonl"'},
    )
