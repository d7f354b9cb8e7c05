"""The developer's pages: my submissions, sending a bundle, and the live story of one case."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Form, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api.bodies import NoteBody
from api.deps import PLAIN, Services, SubjectId, Svc
from api.errors import Problem
from api.intake import submit_bundle
from api.judging import can_judge
from api.pages.forms import (
    Key,
    Line,
    Said,
    Short,
    fresh_key,
    is_plain,
    key_of,
    moment_of,
    needed,
    outcome,
)
from api.pages.site import Person, SignedIn, Viewer, back_to, page, page_router
from api.pages.story import case_facts, clauses_of, evidence, story
from api.pasted import pasted_bundle, starters_of, typed
from api.routes import submissions as routes
from api.subjects import visible
from api.zips import is_zip, unzipped
from gonogo.db import lists, queries
from gonogo.db.session import reading
from gonogo.objects import ObjectFault
from policies.bundle.parts import Manifest
from policies.lifecycle.kernel import Actor
from policies.lifecycle.submission_state import Submission

router = page_router()
_PATH_CHARS = 400
Word = Annotated[str, Form(max_length=120)]


@router.get("/mine/new")
def upload_form(
    svc: Svc,
    look: SignedIn,
    who: Person,
    gpt: Annotated[str, Query(max_length=80, pattern=PLAIN)] = "",
) -> Response:
    """Drop, choose or paste a bundle: of a new GPT, or the next revision of `gpt`."""
    with reading(svc.engine) as session:
        row = queries.gpts(session, svc.store, {gpt} if gpt else set()).get(gpt)
        if gpt and (row is None or row.publisher not in who.publishers):
            raise Problem("not-found", f"there is no GPT {gpt} of yours")
        last = lists.last_revision(session, svc.store, gpt) if row else None
    return page(
        svc,
        look,
        "upload.html",
        key=fresh_key(),
        limits=svc.pack.limits,
        categories=svc.pack.static.categories,
        publishers=who.publishers,
        gpt=row,
        last=_manifest(svc, last),
    )


@router.post("/mine/new")
async def upload(svc: Svc, who: Person, request: Request) -> Response:
    """Submit the chosen files: a new case, or a new round of an open one."""
    async with request.form(max_files=svc.pack.limits.files + 50, max_fields=8) as form:
        sent = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
        files = {str(one.filename): await one.read() for one in sent if one.filename}
        named = {name: _text(form.get(name)) for name in ("publisher", "gpt", "key")}
    if len(files) == 1:
        [(name, data)] = files.items()
        if is_zip(name, data):
            files = await run_in_threadpool(unzipped, data, svc.pack.limits)
    files = inside_folder(files)
    if not files:
        raise Problem("malformed", "no files were chosen")
    return await _submitted(svc, who, files, named, _upload_key(named["key"], files))


@router.post("/mine/paste")
async def paste(
    svc: Svc,
    who: Person,
    request: Request,
    key: Key,
    name: Line,
    description: Line,
    instructions: Annotated[str, Form(max_length=400_000)],
    model: Word,
    category: Word = "",
    starters: Annotated[str, Form(max_length=40_000)] = "",
    publisher: Word = "",
    gpt: Word = "",
) -> Response:
    """Submit what was typed or pasted: name, description, instructions, starters."""
    files = pasted_bundle(
        name=name,
        description=typed(description),
        category=category,
        model=model,
        instructions=instructions,
        starters=starters_of(starters),
    )
    named = {"publisher": publisher or None, "gpt": gpt or None}
    return await _submitted(svc, who, files, named, await key_of(request, key))


async def _submitted(
    svc: Services,
    who: Actor,
    files: dict[str, bytes],
    named: dict[str, str | None],
    key: str | None,
) -> Response:
    _, done = await submit_bundle(
        svc, who, files, publisher=named["publisher"], gpt=named["gpt"], key=key
    )
    said = "pending" if done.answer is None else "submitted"
    return back_to(f"/submissions/{done.subject}", said)


def _manifest(svc: Services, digest: str | None) -> Manifest | None:
    """What the form is filled in with: the last revision sent, if it can still be read."""
    if digest is None:
        return None
    try:
        return svc.objects.get_bundle(digest).manifest
    except ObjectFault:
        return None


def _upload_key(key: str | None, files: dict[str, bytes]) -> str | None:
    """The same form with the same bytes is one command."""
    if key is None or not is_plain(key):
        return None
    whole = hashlib.sha256()
    for path, data in sorted(files.items()):
        whole.update(f"{path}\n{len(data)}\n".encode() + data)
    return f"{key[:100]}-{whole.hexdigest()[:16]}"


def inside_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    """Paths inside the chosen folder. Browsers send the folder's own name too, and hidden files
    that its owner never sees; both are no part of the bundle."""
    top = {path.split("/", 1)[0] for path in files if "/" in path}
    wrapped = len(top) == 1 and all("/" in path for path in files)
    found = {path.split("/", 1)[1] if wrapped else path: data for path, data in files.items()}
    return {
        path[:_PATH_CHARS]: data
        for path, data in found.items()
        if not any(part.startswith(".") and part not in (".", "..") for part in path.split("/"))
    }


@router.get("/submissions/{subject}")
def submission_page(
    svc: Svc, look: SignedIn, who: Person, subject: SubjectId, said: Said = ""
) -> Response:
    """One case as its developer follows it."""
    case = visible(svc, who, subject)
    return page(
        svc, look, "submission.html", said=said, key=fresh_key(), **_whole(svc, look, who, case)
    )


@router.get("/submissions/{subject}/live")
def submission_live(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    seen: Short = "",
    stage: Short = "",
) -> Response:
    """The live part, if anything moved; a reload where the forms of the page changed too."""
    case = visible(svc, who, subject)
    if stage != case.stage.value:
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    if seen == moment_of(case.seq, datetime.now(UTC)):
        return Response(status_code=204)
    return page(svc, look, "submission_live.html", **_whole(svc, look, who, case))


@router.post("/submissions/{subject}/answer")
async def answer(
    svc: Svc, who: Person, request: Request, subject: SubjectId, key: Key, note: Line = ""
) -> Response:
    """Answer the reviewer's question."""
    needed(note, "the answer is empty")
    case = await run_in_threadpool(visible, svc, who, subject)
    done = await routes.answer(
        svc, who, case, NoteBody(note=note), Response(), await key_of(request, key)
    )
    return back_to(f"/submissions/{subject}", outcome(done, "answered"))


@router.post("/submissions/{subject}/withdraw")
async def withdraw(
    svc: Svc, who: Person, request: Request, subject: SubjectId, key: Key
) -> Response:
    """Withdraw the case."""
    case = await run_in_threadpool(visible, svc, who, subject)
    done = await routes.withdraw(svc, who, case, Response(), await key_of(request, key))
    return back_to(f"/submissions/{subject}", outcome(done, "withdrawn"))


def _whole(svc: Svc, look: Viewer, who: Actor, case: Submission) -> dict[str, Any]:
    over = case.stage.value in ("withdrawn", "expired") or case.settled
    return {
        **case_facts(svc, look, case),
        **evidence(svc, case),
        "clauses": clauses_of(svc, case),
        "events": story(svc, look, case.id, case.publisher, case.seq),
        "can": can_judge(svc, "submission", case, who),
        "live": not over,
        "seen_at": moment_of(case.seq, datetime.now(UTC)),
    }


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
