"""Memos on a page: everybody reads what was sent; leads prepare, edit, send and correct."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.deps import PLAIN, Cursor, Services, SubjectId, Svc
from api.errors import Problem
from api.pages.forms import Key, Said, fresh_key, key_of, outcome
from api.pages.site import Looking, Person, back_to, page, page_router
from api.routes import memos as routes
from gonogo.notices.memos import TEXT_MOST, as_html
from gonogo.notices.outlook import Outlook, Receipt
from gonogo.notices.rendering import SUBJECT_MOST
from policies.lifecycle.memo import permit

router = page_router()
PAGE = 30
_LaunchId = Annotated[str, Query(max_length=80)]
_Id = Annotated[str, Form(min_length=1, max_length=80, pattern=PLAIN)]
_Subject = Annotated[str, Form(max_length=SUBJECT_MOST * 2)]
_Text = Annotated[str, Form(max_length=TEXT_MOST * 2)]
_Right = Annotated[str, Form(max_length=8_000)]


@router.get("/memos")
def memo_list(
    svc: Svc, look: Looking, said: Said = "", launch: _LaunchId = "", cursor: Cursor = None
) -> Response:
    """What was told, the newest first; for staff also what is prepared."""
    chosen = launch if launch.isascii() and launch.isprintable() and " " not in launch else ""
    if look.is_staff and look.actor is not None:
        found = routes.list_memos(svc, look.actor, chosen or None, cursor, PAGE)
    else:
        found = routes.list_public_memos(svc, chosen or None, cursor, PAGE)
    return page(
        svc,
        look,
        "memos.html",
        said=said,
        key=fresh_key(),
        launch=chosen,
        items=[{**one, "title": _title(one)} for one in found["items"]],
        next=found["next"],
        may_write=look.has("product_lead"),
    )


@router.post("/memos")
async def prepare(svc: Svc, who: Person, request: Request, key: Key, launch: _Id) -> Response:
    """Write the memo about the newest change of a launch."""
    body = routes.MemoBody(launch=launch)
    done = await routes.prepare_memo(svc, who, body, Response(), await key_of(request, key))
    return back_to(f"/memos/{done['subject']}", outcome(done, "memo_prepared"))


@router.get("/memos/{memo}")
def memo_page(svc: Svc, look: Looking, memo: SubjectId, said: Said = "") -> Response:
    """One memo: as everybody reads it, or for staff with all its parts."""
    if look.is_staff and look.actor is not None:
        found = routes.get_memo(svc, look.actor, memo, Response())
        look.names.learn({found["prepared_by"], *(one["by"] for one in found["sent"].values())})
        receipts = _receipts(svc, memo) if found["sent"] else {}
    else:
        found, receipts = routes.get_public_memo(svc, memo), {}
    parts = [
        {
            "name": name,
            "audience": name.partition("/")[0],
            "locale": name.partition("/")[2],
            "html": as_html(part["text"], svc.settings.base),
            **part,
        }
        for name, part in found["parts"].items()
    ]
    return page(
        svc, look, "memo.html", said=said, key=fresh_key(), memo=found, title=_title(found),
        parts=parts, receipts=receipts,
    )  # fmt: skip


@router.post("/memos/{memo}")
async def change(
    svc: Svc,
    who: Person,
    request: Request,
    memo: SubjectId,
    key: Key,
    what: Annotated[Literal["edit", "send", "discard", "correct"], Form()],
    part: Annotated[str, Form(max_length=20)] = "",
    subject: _Subject = "",
    text: _Text = "",
    audience: Annotated[str, Form(max_length=20)] = "",
    right: _Right = "",
    version: Annotated[int | None, Form(ge=1, le=2**31)] = None,
) -> Response:
    """Edit a part, send it to an audience, give it up, or correct what was sent."""
    once = await key_of(request, key)
    read = None if version is None else f'"{version}"'
    try:
        if what == "edit":
            body = routes.PartBody.model_validate(
                {"part": part, "subject": subject.strip(), "text": text.strip()}
            )
            done = await routes.edit_memo(svc, who, memo, body, Response(), once, read)
        elif what == "send":
            to = routes.SendBody.model_validate({"audience": audience})
            done = await routes.send_memo(svc, who, memo, to, Response(), once, read)
        elif what == "discard":
            done = await routes.discard_memo(svc, who, memo, Response(), once, read)
        else:
            return await _correct(svc, who, memo, right, once)
    except ValidationError as fault:
        raise Problem("incomplete", "a subject line and a text are needed") from fault
    return back_to(f"/memos/{memo}", outcome(done, f"memo_{_SAID[what]}"))


_SAID = {"edit": "edited", "send": "sent", "discard": "discarded"}


async def _correct(svc: Svc, who: Person, memo: str, right: str, key: str) -> Response:
    permit(None, "prepare", who, datetime.now(UTC))
    if not right.strip():
        raise Problem("incomplete", "say what is right")
    old = await run_in_threadpool(routes.seen_memo, svc, memo)
    body = routes.MemoBody(launch=old.launch, corrects=memo, right=right.strip())
    done = await routes.prepare_memo(svc, who, body, Response(), key)
    return back_to(f"/memos/{done['subject']}", outcome(done, "memo_prepared"))


def _receipts(svc: Services, memo: str) -> dict[str, Receipt]:
    """How many were told, by audience; one whose notices are not written yet is absent."""
    told = Outlook(svc.engine, svc.store).told(memo)
    return {
        event.body["audience"]: told[event.position]
        for event in svc.ledger.events(svc.store, memo)
        if event.type == "memo:sent" and event.position in told
    }


def _title(memo: dict[str, Any]) -> str:
    """The subject line of its first part that the viewer may see."""
    first: dict[str, Any] = next(iter(memo["parts"].values()), {})
    return str(first.get("subject") or memo["kind"])
