"""Submissions: send a bundle, follow it, answer, withdraw. Seen by their publisher and staff."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.bodies import NoteBody
from api.deps import (
    PLAIN,
    Cursor,
    IdempotencyKey,
    IfMatch,
    LastEventId,
    PageSize,
    Services,
    Svc,
    Who,
    answered,
    etag,
)
from api.errors import Problem
from api.intake import submit_bundle
from api.judging import can_judge
from api.live import woken
from api.schema import COMMAND, READ, SUBMIT
from api.streams import GOODBYE, STREAM_S, events_after
from api.subjects import (
    STAFF,
    SeenCase,
    give,
    is_inside,
    is_staff,
    precondition,
    review_due,
    visible,
)
from api.uploads import REQUEST_BODY, read_upload
from api.views import event_view, submission_view
from gonogo.db import queries
from gonogo.db.prose import keep_prose, read_prose
from gonogo.db.session import reading
from policies.lifecycle.kernel import Actor
from policies.lifecycle.submission_state import FINAL, Stage, Submission

__all__ = ["STAFF", "review_due", "router", "visible"]
router = APIRouter(prefix="/v1/submissions", tags=["submissions"])


@router.post(
    "",
    status_code=201,
    responses=SUBMIT,
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def submit(
    svc: Svc, who: Who, request: Request, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Submit a bundle: a new case, or a new round of the one that is open for this GPT."""
    publisher, gpt, files = await read_upload(request, svc)
    upload, outcome = await submit_bundle(svc, who, files, publisher=publisher, gpt=gpt, key=key)
    return {
        "gpt": upload.gpt,
        "digest": upload.digest,
        **answered(outcome, response, f"/v1/submissions/{outcome.subject}"),
    }


@router.get("", responses=READ)
def list_submissions(
    svc: Svc,
    who: Who,
    stage: Annotated[list[Stage] | None, Query(max_length=12)] = None,
    gpt: Annotated[str | None, Query(max_length=80, pattern=PLAIN)] = None,
    mine: bool = False,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """Submissions you may see, newest first; `next` is the cursor of the following page."""
    publishers = None if is_staff(who) and not mine else who.publishers
    with reading(svc.engine) as session:
        try:
            page = queries.submissions(
                session,
                svc.store,
                publishers=publishers,
                gpt=gpt,
                after=cursor,
                limit=limit,
                stages=tuple(one.value for one in stage or ()),
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        named = queries.gpts(session, svc.store, {row.gpt for row in page.rows})
    return {
        "items": [submission_view(row.state, named.get(row.gpt)) for row in page.rows],
        "next": page.next,
    }


@router.get("/{subject}", responses=READ)
async def get_submission(
    svc: Svc,
    who: Who,
    case: SeenCase,
    response: Response,
    wait: Annotated[int, Query(ge=0, le=60, description="seconds")] = 0,
    version: Annotated[int | None, Query(ge=0, description="the version you know")] = None,
) -> dict[str, Any]:
    """One case: where it stands, whose turn it is, by when, what would unblock it.

    With `wait` and `version` it answers as soon as the version differs, or when the wait is over.
    """
    if wait and version == case.version:
        case = await _changed(svc, case, wait)
    response.headers["ETag"] = etag(case.version)
    return await run_in_threadpool(_whole, svc, who, case)


async def _changed(svc: Services, case: Submission, wait: int) -> Submission:
    def read() -> Submission:
        with reading(svc.engine) as session:
            return queries.submission(session, svc.store, case.id) or case

    loop = asyncio.get_running_loop()
    until, known = loop.time() + wait, case.version
    async with svc.feed.news(case.id) as wake:
        while True:
            wake.clear()
            case = await run_in_threadpool(read)
            if case.version != known or svc.feed.draining:
                return case
            if not await woken(wake, until - loop.time()):
                return case


def _whole(svc: Services, who: Actor, case: Submission) -> dict[str, Any]:
    with reading(svc.engine) as session:
        row = queries.gpts(session, svc.store, {case.gpt}).get(case.gpt)
    view = submission_view(case, row)
    # What the first of two reviewers says stays inside until the second has spoken.
    voice = case.voice if is_inside(who, case) else None
    notes = {v.note for v in (case.decision, voice) if v and v.note}
    return {**view, "prose": read_prose(svc.engine, notes)}


@router.get("/{subject}/can", responses=READ)
def submission_can(svc: Svc, who: Who, case: SeenCase) -> dict[str, Any]:
    """Which commands you may give now and, for each refused one, why."""
    return {"commands": can_judge(svc, "submission", case, who)}


@router.get("/{subject}/events", responses=READ)
def submission_events(
    svc: Svc,
    who: Who,
    case: SeenCase,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: PageSize = queries.MOST,
) -> dict[str, Any]:
    """The case's events with `seq` above `after`, in order, and the texts they name."""
    return events_after(svc, case.id, after, limit, inside=is_inside(who, case))


@router.get("/{subject}/events/stream", response_class=EventSourceResponse, responses=READ)
async def submission_stream(
    svc: Svc,
    case: SeenCase,
    last: LastEventId = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """The same live, as server-sent events: `id` is `seq`. It ends when the case is settled."""
    seq, loop = max(after, last or 0), asyncio.get_running_loop()
    until = loop.time() + STREAM_S
    async with svc.feed.news(case.id) as wake:
        while loop.time() < until and not svc.feed.draining:
            wake.clear()
            state, rows = await run_in_threadpool(_since, svc, case, seq)
            for row in rows:
                seq = row.seq
                yield ServerSentEvent(data=event_view(row), event=row.type, id=str(seq))
            if seq >= state.seq and _is_over(state):
                return
            if not rows:
                await woken(wake, until - loop.time())
        if svc.feed.draining:
            yield GOODBYE


def _since(svc: Services, case: Submission, seq: int) -> tuple[Submission, list[Any]]:
    with reading(svc.engine) as session:
        state = queries.submission(session, svc.store, case.id) or case
        return state, queries.events(session, svc.store, subject=case.id, after=seq)


def _is_over(state: Submission) -> bool:
    return state.stage in FINAL and (state.settled or state.decision is None)


@router.post("/{subject}/withdraw", responses=COMMAND)
async def withdraw(
    svc: Svc, who: Who, case: SeenCase, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Withdraw the case. Always possible while it is open."""
    return answered(await give(svc, who, "submission", case, "withdraw", key=key), response)


@router.post("/{subject}/answer", responses=COMMAND)
async def answer(
    svc: Svc,
    who: Who,
    case: SeenCase,
    body: NoteBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Answer the reviewer's question without changing the bundle."""
    repeated = await precondition(svc, who, key, if_match, case.version, needed=False)
    note = None if repeated else await run_in_threadpool(keep_prose, svc.engine, body.note)
    due = await run_in_threadpool(review_due, svc, case)
    outcome = await give(
        svc,
        who,
        "submission",
        case,
        "answer",
        {"note": note},
        key=key,
        due=due,
        fingerprint={"note": body.note},
    )
    return answered(outcome, response)
