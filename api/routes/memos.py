"""Memos about launches: written from the record, edited, sent; what was sent is never changed."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Note
from api.deps import (
    PLAIN,
    Cursor,
    IdempotencyKey,
    IfMatch,
    PageSize,
    Services,
    SubjectId,
    Svc,
    Who,
    answered,
    etag,
)
from api.errors import Problem
from api.kept import Order, Outcome
from api.memos import write
from api.schema import COMMAND, OPEN_READ, READ
from api.subjects import Staff, give, precondition, staff_only
from api.views import can_view, time_text
from gonogo.db import memo_lists, queries
from gonogo.db.codec import state_of
from gonogo.db.memos import MemoPicture
from gonogo.db.prose import prose_of
from gonogo.db.session import reading
from gonogo.db.tables import ProseRow
from gonogo.ids import new_id
from gonogo.notices.memos import TEXT_MOST
from gonogo.notices.rendering import SUBJECT_MOST, clean, one_line
from policies.lifecycle.kernel import Actor
from policies.lifecycle.memo import PARTS, Memo, permit

router = APIRouter(prefix="/v1", tags=["memos"])
_Id = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
_Launch = Annotated[str | None, Query(max_length=80, pattern=PLAIN)]
_Locale = Literal["en", "fr"]


class MemoBody(Body):
    """`about` is the number of an event of the launch; without one, the newest that memos are
    written about. A correction names the memo it corrects, and says what is right."""

    launch: _Id
    about: Annotated[int, Field(ge=1)] | None = None
    locales: Annotated[tuple[_Locale, ...], Field(min_length=1, max_length=2)] = ("en", "fr")
    corrects: _Id | None = None
    right: Note | None = None


class PartBody(Body):
    """One part, as a person wants it: plain text, paragraphs with an empty line between."""

    part: Literal["internal/en", "internal/fr", "public/en", "public/fr"]
    subject: Annotated[str, Field(min_length=1, max_length=SUBJECT_MOST)]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_MOST)]


class SendBody(Body):
    audience: Literal["internal", "public"]


@router.get("/memos", responses=READ)
def list_memos(
    svc: Svc,
    who: Staff,
    launch: _Launch = None,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """All memos, the newest first."""
    return _page(svc, who, launch, cursor, limit)


@router.post("/memos", status_code=201, responses=COMMAND)
async def prepare_memo(
    svc: Svc, who: Who, body: MemoBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Write a memo about what happened to a launch. Nobody has it before it is sent."""
    permit(None, "prepare", who, datetime.now(UTC))
    written = await run_in_threadpool(
        write,
        svc,
        launch=body.launch,
        about=body.about,
        locales=dict.fromkeys(body.locales),
        by=who.id,
        corrects=body.corrects,
        wrong=body.right,
    )
    outcome = await svc.gateway.send(
        Order(
            machine="memo",
            kind="prepare",
            subject=new_id("mem"),
            gpt="",
            actor=who,
            body=written.body,
            key=key,
            fresh=True,
            fingerprint=body.model_dump(mode="json", exclude_none=True),
            texts=written.rows,
        )
    )
    return answered(outcome, response, f"/v1/memos/{outcome.subject}")


@router.get("/memos/{memo}", responses=READ)
def get_memo(svc: Svc, who: Staff, memo: SubjectId, response: Response) -> dict[str, Any]:
    """One memo with all its parts, what corrects it, and what you may do with it."""
    state = seen_memo(svc, memo)
    response.headers["ETag"] = etag(state.version)
    return _views(svc, [state], who)[0]


@router.post("/memos/{memo}/edit", responses=COMMAND)
async def edit_memo(
    svc: Svc,
    who: Who,
    memo: SubjectId,
    body: PartBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Change one part before it is sent."""
    text = clean(body.text.replace("\r\n", "\n")).strip() + "\n"
    rows = prose_of(one_line(body.subject, SUBJECT_MOST)), prose_of(text)
    order = {"part": body.part, "subject": rows[0].digest, "text": rows[1].digest}
    # Not as `subject`: that is the memo, and a repeat is one about the same memo.
    given = {"part": body.part, "heading": body.subject, "text": body.text}
    outcome = await _given(svc, who, memo, "edit", order, given, key, if_match, rows)
    return answered(outcome, response)


@router.post("/memos/{memo}/send", responses=COMMAND)
async def send_memo(
    svc: Svc,
    who: Who,
    memo: SubjectId,
    body: SendBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Send it to insiders, or to everybody: builders in the launch, webhooks, the public page."""
    given = body.model_dump()
    outcome = await _given(svc, who, memo, "send", given, given, key, if_match)
    return answered(outcome, response)


@router.post("/memos/{memo}/discard", responses=COMMAND)
async def discard_memo(
    svc: Svc,
    who: Who,
    memo: SubjectId,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Give it up while nobody has it."""
    outcome = await _given(svc, who, memo, "discard", {}, {}, key, if_match)
    return answered(outcome, response)


@router.get("/public/memos", responses=OPEN_READ)
def list_public_memos(
    svc: Svc, launch: _Launch = None, cursor: Cursor = None, limit: PageSize = queries.PAGE
) -> dict[str, Any]:
    """What everybody was told, the newest first."""
    return _page(svc, None, launch, cursor, limit)


@router.get("/public/memos/{memo}", responses=OPEN_READ)
def get_public_memo(svc: Svc, memo: SubjectId) -> dict[str, Any]:
    """One memo as everybody may read it, with a link to what corrects it."""
    state = seen_memo(svc, memo)
    if "public" not in state.sent:
        raise Problem("not-found", f"there is no memo {memo}")
    return _views(svc, [state], None)[0]


def seen_memo(svc: Services, memo: str) -> Memo:
    with reading(svc.engine) as session:
        row = session.get(MemoPicture, (svc.store, memo))
    if row is None:
        raise Problem("not-found", f"there is no memo {memo}")
    state: Memo = state_of("memo", row.state)
    return state


def _seen_by_staff(svc: Services, who: Actor, memo: str) -> Memo:
    staff_only(who)
    return seen_memo(svc, memo)


async def _given(
    svc: Services,
    who: Actor,
    memo: str,
    kind: str,
    order: dict[str, Any],
    given: dict[str, Any],
    key: str | None,
    if_match: str | None,
    texts: tuple[ProseRow, ...] = (),
) -> Outcome:
    """Give `kind` to a memo; with `If-Match` only to the very texts that were read."""
    state = await run_in_threadpool(_seen_by_staff, svc, who, memo)
    repeated = await precondition(svc, who, key, if_match, state.version, needed=False)
    if if_match is not None and not repeated:
        order = {**order, "version": state.version}
    return await give(svc, who, "memo", state, kind, order, key=key, fingerprint=given, texts=texts)


def _page(
    svc: Services, who: Actor | None, launch: str | None, cursor: str | None, limit: int
) -> dict[str, Any]:
    with reading(svc.engine) as session:
        try:
            page = memo_lists.listed(
                session, svc.store, launch=launch, public=who is None, after=cursor, limit=limit
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
    states = [state_of("memo", row.state) for row in page.rows]
    return {"items": _views(svc, states, who), "next": page.next}


def _views(svc: Services, memos: list[Memo], who: Actor | None) -> list[dict[str, Any]]:
    """`who` None: as everybody may read it; no names, nothing from inside."""
    with reading(svc.engine) as session:
        said = memo_lists.texts(session, memos)
        corrected = memo_lists.corrections(session, svc.store, [memo.id for memo in memos])
    return [_view(memo, said, corrected.get(memo.id), who) for memo in memos]


def _view(
    memo: Memo, said: dict[str, str], corrected_by: str | None, who: Actor | None
) -> dict[str, Any]:
    shown = [name for name in PARTS if name in memo.parts]
    if who is None:
        shown = [name for name in shown if name.startswith("public/")]
    public = memo.sent.get("public")
    view: dict[str, Any] = {
        "id": memo.id,
        "launch": memo.launch,
        "kind": memo.kind,
        "public_at": time_text(public.at if public else None),
        "corrects": memo.corrects,
        "corrected_by": corrected_by,
        "parts": {
            name: {
                "subject": said.get(memo.parts[name].subject, "(erased)"),
                "text": said.get(memo.parts[name].text, "(erased)"),
                # Visitors read what was sent; how it came to be is the store's own.
                **({} if who is None else {"edits": memo.parts[name].edits}),
            }
            for name in shown
        },
    }
    if who is None:
        return view
    return view | {
        "status": memo.status,
        "about": memo.about,
        "prepared_by": memo.prepared_by,
        "prepared_at": time_text(memo.prepared_at),
        "sent": {name: {"by": one.by, "at": time_text(one.at)} for name, one in memo.sent.items()},
        "version": memo.version,
        "can": can_view("memo", memo, who),
    }
