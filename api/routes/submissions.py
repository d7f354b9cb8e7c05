"""Submissions: send a bundle, follow it, answer, withdraw. Seen by their publisher and staff."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

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
    expected_version,
)
from api.errors import Problem
from api.intake import submit_bundle
from api.live import woken
from api.schema import COMMAND, READ, SUBMIT
from api.streams import STREAM_S, events_after
from api.subjects import (
    STAFF,
    SeenCase,
    give,
    is_staff,
    met_before,
    review_due,
    visible,
)
from api.views import can_view, event_view, submission_view
from gonogo.db import queries
from gonogo.db.prose import keep_prose, read_prose
from gonogo.db.session import reading
from policies.lifecycle.submission_state import FINAL, Stage, Submission

__all__ = ["STAFF", "review_due", "router", "visible"]
router = APIRouter(prefix="/v1/submissions", tags=["submissions"])


class BundleFile(BaseModel):
    """One file: `text` for UTF-8, `base64` for anything else."""

    model_config = ConfigDict(extra="forbid")
    path: str = Field(max_length=400)
    text: str | None = None
    base64: str | None = None


class SubmitBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    publisher: str | None = Field(default=None, max_length=80)
    gpt: str | None = Field(default=None, max_length=80)
    files: list[BundleFile] = Field(max_length=64)


@router.post(
    "", status_code=201, responses=SUBMIT,
    openapi_extra={"requestBody": {"required": True, "content": {
        "application/json": {"schema": SubmitBody.model_json_schema(
            ref_template="#/components/schemas/{model}")},
        "multipart/form-data": {"schema": {"type": "object", "properties": {
            "publisher": {"type": "string"}, "gpt": {"type": "string"},
            "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        }}},
    }}},
)
async def submit(svc: Svc, who: Who, request: Request, response: Response,
                 key: IdempotencyKey = None) -> dict[str, Any]:
    """Submit a bundle: a new case, or a new round of the one that is open for this GPT."""
    publisher, gpt, files = await _read(request, svc)
    upload, outcome = await submit_bundle(
        svc, who, files, publisher=publisher, gpt=gpt, key=key)
    return {"gpt": upload.gpt, "digest": upload.digest,
            **answered(outcome, response, f"/v1/submissions/{outcome.subject}")}


async def _read(
    request: Request, svc: Services
) -> tuple[str | None, str | None, dict[str, bytes]]:
    """Publisher, GPT and files of a JSON or multipart body; its size is limited by middleware."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=svc.pack.limits.files + 1, max_fields=4) as form:
            files: dict[str, bytes] = {}
            for value in form.getlist("files"):
                if not isinstance(value, UploadFile) or not value.filename:
                    raise Problem("bad-request", "every part `files` needs a filename")
                if value.filename in files:
                    raise Problem("bad-request", f"two files are named {value.filename!r}")
                files[value.filename] = await value.read()
            return _text(form.get("publisher")), _text(form.get("gpt")), files
    if kind != "application/json":
        raise Problem("bad-request", "send application/json or multipart/form-data")
    try:
        body = SubmitBody.model_validate_json(await request.body())
    except ValueError as fault:
        raise Problem("malformed", str(fault)[:2_000]) from fault
    return body.publisher, body.gpt, _decoded(body.files)


def _text(value: object) -> str | None:
    return value[:80] if isinstance(value, str) and value else None


def _decoded(files: list[BundleFile]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in files:
        if file.path in found:
            raise Problem("bad-request", f"two files are named {file.path!r}")
        if (file.text is None) == (file.base64 is None):
            raise Problem("malformed", f"{file.path!r} needs either `text` or `base64`")
        try:
            found[file.path] = (
                file.text.encode() if file.text is not None
                else base64.b64decode(file.base64 or "", validate=True)
            )
        except (binascii.Error, UnicodeEncodeError) as fault:
            raise Problem("malformed", f"{file.path!r} is not valid: {fault}") from fault
    return found


@router.get("", responses=READ)
def list_submissions(
    svc: Svc, who: Who,
    stage: Annotated[list[Stage] | None, Query(max_length=12)] = None,
    gpt: Annotated[str | None, Query(max_length=80, pattern=PLAIN)] = None,
    mine: bool = False, cursor: Cursor = None, limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """Submissions you may see, newest first; `next` is the cursor of the following page."""
    publishers = None if is_staff(who) and not mine else who.publishers
    with reading(svc.engine) as session:
        try:
            page = queries.submissions(
                session, svc.store, publishers=publishers, gpt=gpt, after=cursor, limit=limit,
                stages=tuple(one.value for one in stage or ()))
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        named = queries.gpts(session, svc.store, {row.gpt for row in page.rows})
    return {"items": [submission_view(row.state, named.get(row.gpt)) for row in page.rows],
            "next": page.next}


@router.get("/{subject}", responses=READ)
async def get_submission(
    svc: Svc, who: Who, case: SeenCase, response: Response,
    wait: Annotated[int, Query(ge=0, le=60, description="seconds")] = 0,
    version: Annotated[int | None, Query(ge=0, description="the version you know")] = None,
) -> dict[str, Any]:
    """One case: where it stands, whose turn it is, by when, what would unblock it.

    With `wait` and `version` it answers as soon as the version differs, or when the wait is over.
    """
    if wait and version == case.version:
        case = await _changed(svc, case, wait)
    response.headers["ETag"] = etag(case.version)
    return await run_in_threadpool(_whole, svc, case)


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
            if case.version != known or not await woken(wake, until - loop.time()):
                return case


def _whole(svc: Services, case: Submission) -> dict[str, Any]:
    with reading(svc.engine) as session:
        row = queries.gpts(session, svc.store, {case.gpt}).get(case.gpt)
    view = submission_view(case, row)
    notes = {v.note for v in (case.decision, case.voice) if v and v.note}
    return {**view, "prose": read_prose(svc.engine, notes)}


@router.get("/{subject}/can", responses=READ)
def submission_can(who: Who, case: SeenCase) -> dict[str, Any]:
    """Which commands you may give now and, for each refused one, why."""
    return {"commands": can_view("submission", case, who)}


@router.get("/{subject}/events", responses=READ)
def submission_events(
    svc: Svc, case: SeenCase, after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: PageSize = queries.MOST,
) -> dict[str, Any]:
    """The case's events with `seq` above `after`, in order, and the texts they name."""
    return events_after(svc, case.id, after, limit)


@router.get("/{subject}/events/stream", response_class=EventSourceResponse, responses=READ)
async def submission_stream(
    svc: Svc, case: SeenCase, last: LastEventId = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """The same live, as server-sent events: `id` is `seq`. It ends when the case is settled."""
    seq, loop = max(after, last or 0), asyncio.get_running_loop()
    until = loop.time() + STREAM_S
    async with svc.feed.news(case.id) as wake:
        while loop.time() < until:
            wake.clear()
            state, rows = await run_in_threadpool(_since, svc, case, seq)
            for row in rows:
                seq = row.seq
                yield ServerSentEvent(data=event_view(row), event=row.type, id=str(seq))
            if seq >= state.seq and _is_over(state):
                return
            if not rows:
                await woken(wake, until - loop.time())


def _since(svc: Services, case: Submission, seq: int) -> tuple[Submission, list[Any]]:
    with reading(svc.engine) as session:
        state = queries.submission(session, svc.store, case.id) or case
        return state, queries.events(session, svc.store, subject=case.id, after=seq)


def _is_over(state: Submission) -> bool:
    return state.stage in FINAL and (state.settled or state.decision is None)


@router.post("/{subject}/withdraw", responses=COMMAND)
async def withdraw(svc: Svc, who: Who, case: SeenCase, response: Response,
                   key: IdempotencyKey = None) -> dict[str, Any]:
    """Withdraw the case. Always possible while it is open."""
    return answered(await give(svc, who, "submission", case, "withdraw", key=key), response)


@router.post("/{subject}/answer", responses=COMMAND)
async def answer(svc: Svc, who: Who, case: SeenCase, body: NoteBody, response: Response,
                 key: IdempotencyKey = None, if_match: IfMatch = None) -> dict[str, Any]:
    """Answer the reviewer's question without changing the bundle."""
    repeated = await met_before(svc, who, key)
    if not repeated:
        expected_version(if_match, case.version, needed=False)
    note = None if repeated else await run_in_threadpool(keep_prose, svc.engine, body.note)
    due = await run_in_threadpool(review_due, svc, case)
    outcome = await give(svc, who, "submission", case, "answer", {"note": note}, key=key, due=due,
                         fingerprint={"note": body.note})
    return answered(outcome, response)
