"""Submissions: send a bundle, follow it, answer, withdraw. Who may see one: its publisher, staff."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api.commands import Order
from api.deps import IdempotencyKey, IfMatch, Services, Svc, Who, answered, etag, expected_version
from api.errors import Problem
from api.views import can_view, event_view, submission_view
from gonogo.db import queries
from gonogo.db.prose import keep_prose
from gonogo.db.session import reading
from gonogo.ids import new_id
from gonogo.uploads import take_in
from policies.bundle.manifest import read_bundle
from policies.lifecycle.kernel import Actor, Role
from policies.lifecycle.submission_state import Submission
from policies.lifecycle.terms import terms_from
from policies.rules.deadlines import add_business

router = APIRouter(prefix="/v1/submissions", tags=["submissions"])
STAFF = frozenset(set(Role) - {Role.DEVELOPER, Role.SYSTEM})


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


class NoteBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: str = Field(min_length=1, max_length=8_000)


def visible(svc: Services, who: Actor, subject: str) -> Submission:
    """The case, if `who` may see it. Raises not-found otherwise: ids are not to be probed."""
    with reading(svc.engine) as session:
        state = queries.submission(session, svc.store, subject)
    if state is None or not (state.publisher in who.publishers or STAFF & set(who.roles)):
        raise Problem("not-found", f"there is no submission {subject} that you may see")
    return state


@router.post(
    "", status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": {
        "application/json": {"schema": SubmitBody.model_json_schema()},
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
    bundle = await run_in_threadpool(
        read_bundle, files, svc.pack.limits, svc.pack.static.categories)
    publisher = _publisher(who, publisher)
    try:
        upload = await run_in_threadpool(
            take_in, svc.engine, svc.objects, svc.store, publisher, bundle, gpt)
    except LookupError as fault:
        raise Problem("not-found", str(fault)) from fault
    past = upload.open_submission or upload.expired_submission
    outcome = await svc.gateway.send(Order(
        machine="submission", kind="submit", subject=past or new_id("sub"), gpt=upload.gpt,
        actor=who, key=key, fresh=past is None,
        body={"gpt": upload.gpt, "publisher": publisher, "digest": upload.digest,
              "terms": terms_from(svc.pack), "pack": svc.pack.digest},
        fingerprint={"gpt": upload.gpt, "digest": upload.digest},
    ))
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


def _publisher(who: Actor, named: str | None) -> str:
    if named:
        if named not in who.publishers:
            raise Problem("not-allowed", f"you do not belong to publisher {named}")
        return named
    if len(who.publishers) != 1:
        raise Problem("malformed", "name the publisher: you belong to "
                      + (", ".join(who.publishers) or "none"))
    return who.publishers[0]


@router.get("")
def list_submissions(
    svc: Svc, who: Who,
    stage: Annotated[list[str] | None, Query(max_length=12)] = None,
    gpt: Annotated[str | None, Query(max_length=80)] = None,
    mine: bool = False,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=queries.MOST)] = queries.PAGE,
) -> dict[str, Any]:
    """Submissions you may see, newest first; `next` is the cursor of the following page."""
    staff = STAFF & set(who.roles)
    publishers = None if staff and not mine else who.publishers
    with reading(svc.engine) as session:
        try:
            page = queries.submissions(session, svc.store, publishers=publishers, gpt=gpt,
                                       stages=tuple(stage or ()), after=cursor, limit=limit)
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        named = queries.gpts(session, svc.store, {row.gpt for row in page.rows})
    return {"items": [submission_view(row.state, named.get(row.gpt)) for row in page.rows],
            "next": page.next}


@router.get("/{subject}")
def get_submission(svc: Svc, who: Who, subject: str, response: Response) -> dict[str, Any]:
    """One case: where it stands, whose turn it is, by when, what would unblock it."""
    state = visible(svc, who, subject)
    response.headers["ETag"] = etag(state.version)
    with reading(svc.engine) as session:
        row = queries.gpts(session, svc.store, {state.gpt}).get(state.gpt)
    return submission_view(state, row)


@router.get("/{subject}/can")
def can(svc: Svc, who: Who, subject: str) -> dict[str, Any]:
    """Which commands you may give now and, for each refused one, why."""
    return {"commands": can_view("submission", visible(svc, who, subject), who)}


@router.get("/{subject}/events")
def list_events(
    svc: Svc, who: Who, subject: str, after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=queries.MOST)] = queries.MOST,
) -> dict[str, Any]:
    """The case's events above `after`, in order."""
    visible(svc, who, subject)
    with reading(svc.engine) as session:
        rows = queries.events(session, svc.store, subject=subject, after=after, limit=limit)
    return {"items": [event_view(row) for row in rows]}


@router.post("/{subject}/withdraw")
async def withdraw(svc: Svc, who: Who, subject: str, response: Response,
                   key: IdempotencyKey = None) -> dict[str, Any]:
    """Withdraw the case. Always possible while it is open."""
    state = await run_in_threadpool(visible, svc, who, subject)
    return await _give(svc, who, state, "withdraw", {}, key, response)


@router.post("/{subject}/answer")
async def answer(svc: Svc, who: Who, subject: str, body: NoteBody, response: Response,
                 key: IdempotencyKey = None, if_match: IfMatch = None) -> dict[str, Any]:
    """Answer the reviewer's question without changing the bundle."""
    state = await run_in_threadpool(visible, svc, who, subject)
    expected_version(if_match, state.version, needed=False)
    note = await run_in_threadpool(keep_prose, svc.engine, body.note)
    return await _give(svc, who, state, "answer", {"note": note}, key, response,
                       fingerprint={"subject": subject, "note": body.note})


async def _give(svc: Services, who: Actor, state: Submission, kind: str, body: dict[str, Any],
                key: str | None, response: Response,
                fingerprint: dict[str, Any] | None = None) -> dict[str, Any]:
    outcome = await svc.gateway.send(Order(
        machine="submission", kind=kind, subject=state.id, gpt=state.gpt, actor=who, body=body,
        key=key, due=await run_in_threadpool(review_due, svc, state), fingerprint=fingerprint,
    ))
    return answered(outcome, response)


def review_due(svc: Services, state: Submission) -> dict[str, Any]:
    """The deadlines a review command may start, resolved on the calendar of the case's pack."""
    pack, now = svc.packs(state.terms.pack), datetime.now(UTC)
    return {
        "answer": add_business(pack.calendar, now, pack.review.answer_due_business_s),
        "second": add_business(pack.calendar, now, pack.review.second_due_business_s),
    }
