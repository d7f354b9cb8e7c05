"""The reviewer's pages: the queue, and one case with everything a decision rests on."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.deps import Cursor, Services, SubjectId, Svc, etag
from api.errors import Problem
from api.judging import can_judge
from api.pages.forms import Key, Line, Said, Version, fresh_key, key_of, moment_of, outcome
from api.pages.site import Person, SignedIn, Viewer, back_to, page, page_router
from api.pages.story import (
    Told,
    bundle_view,
    case_facts,
    changed_since,
    clauses_of,
    evidence,
    story,
    transcripts,
)
from api.routes import reviews as routes
from api.subjects import is_inside, staff_only, visible
from gonogo.db.prose import read_prose
from policies.lifecycle.kernel import Actor
from policies.lifecycle.submission_state import Stage, Submission

router = page_router()
_Ids = Annotated[list[str], Form(default_factory=list, max_length=50)]
_MOVED = frozenset({"stale-decision", "precondition-failed"})
_JUDGING = ("approve", "request_changes", "reject", "ask")
# Stage → the words a reviewer could say in it; a form shows all of them, and why some are off.
_KINDS: dict[Stage, tuple[str, ...]] = {
    Stage.QUEUED: _JUDGING,
    Stage.IN_REVIEW: _JUDGING,
    Stage.HELD: ("confirm", "disagree"),
    Stage.APPROVED: ("undo",),
    Stage.REJECTED: ("undo",),
}


@router.get("/reviews")
def review_queue(
    svc: Svc, look: SignedIn, who: Person, said: Said = "", cursor: Cursor = None
) -> Response:
    """What waits for review, the next due first."""
    staff_only(who)
    found = routes.list_reviews(svc, who, cursor=cursor)
    look.names.learn(
        id for one in found["items"] for id in (who.id, one["publisher"], one["claimant"])
    )
    late = sum(one["overdue"] for one in found["items"])
    return page(
        svc,
        look,
        "reviews.html",
        items=found["items"],
        next=found["next"],
        late=late,
        said=said,
        key=fresh_key(),
    )


@router.get("/reviews/{subject}")
def review_page(
    svc: Svc, look: SignedIn, who: Person, subject: SubjectId, said: Said = ""
) -> Response:
    """One case: what changed, the bundle, what was found out, and the decision."""
    staff_only(who)
    case = visible(svc, who, subject)
    found = evidence(svc, case)
    pack = svc.packs(case.terms.pack)
    review = pack.review
    return page(
        svc,
        look,
        "review.html",
        said=said,
        key=fresh_key(),
        **found,
        **_strip(svc, look, case, case.version),
        changed=changed_since(svc, case),
        **_voice(svc, who, case),
        bundle=bundle_view(svc, case),
        transcripts=transcripts(
            svc, found["tests"], {one.id for one in pack.testing.suites if one.disturbing}
        ),
        clauses=clauses_of(svc, case),
        checklist=review.checklist,
        pack_clauses=review.clauses,
        events=story(svc, look, case.id, case.publisher, case.seq),
        can=can_judge(svc, "submission", case, who),
        kinds=_kinds(case),
    )


@router.get("/reviews/{subject}/live")
def review_live(
    svc: Svc,
    look: SignedIn,
    who: Person,
    subject: SubjectId,
    version: Annotated[int, Query(ge=0)],
    seen: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Where the case stands now, and whether it moved on since `version` was opened."""
    staff_only(who)
    case = visible(svc, who, subject)
    if seen == moment_of(case.seq, datetime.now(UTC)):
        return Response(status_code=204)
    return page(svc, look, "review_live.html", **_strip(svc, look, case, version))


@router.post("/reviews/{subject}/claim")
async def claim(svc: Svc, who: Person, request: Request, subject: SubjectId, key: Key) -> Response:
    """Claim the case."""
    case = await run_in_threadpool(visible, svc, who, subject)
    done = await routes.claim_review(svc, who, case, Response(), await key_of(request, key))
    return back_to(f"/reviews/{subject}", outcome(done, "claimed"))


@router.post("/reviews/{subject}/release")
async def release(
    svc: Svc, who: Person, request: Request, subject: SubjectId, key: Key
) -> Response:
    """Give the case back to the queue."""
    case = await run_in_threadpool(visible, svc, who, subject)
    done = await routes.release_claim(svc, who, case, Response(), await key_of(request, key))
    return back_to(f"/reviews/{subject}", outcome(done, "released"))


@router.post("/reviews/{subject}/decisions")
async def decide(
    svc: Svc,
    look: SignedIn,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    verdict: Annotated[
        Literal["approve", "reject", "request_changes", "ask", "confirm", "disagree", "undo"],
        Form(),
    ],
    digest: Annotated[str, Form(max_length=64)],
    version: Version,
    clauses: _Ids,
    checklist: _Ids,
    note: Line = "",
    reason: Line = "",
    seq: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Send the decision with the digest and version that the page showed (I1)."""
    case = await run_in_threadpool(visible, svc, who, subject)
    # Fields of the form that this verdict does not use stay behind.
    body = routes.DecisionBody(
        verdict=verdict,
        digest=digest,
        note=note.strip() or None,
        clauses=clauses if verdict in ("reject", "request_changes") else [],
        checklist=checklist if verdict == "approve" else [],
        reason=reason or None if verdict == "ask" else None,
    )
    once = await key_of(request, key)
    try:
        done = await routes.decide(svc, who, case, body, Response(), once, etag(version))
    except Problem as moved:
        if moved.code in _MOVED and seq:
            # I1: whoever is refused because the case moved on reads at once what happened.
            moved.extra["happened"] = await run_in_threadpool(_since, svc, look, subject, seq)
        raise
    return back_to(f"/reviews/{subject}", outcome(done, "decided"))


def _since(svc: Services, look: Viewer, subject: str, seq: int) -> list[Told]:
    assert look.actor is not None  # the form was sent by somebody who is signed in
    case = visible(svc, look.actor, subject)
    return [one for one in story(svc, look, case.id, case.publisher, case.seq) if one.seq > seq]


def _strip(svc: Services, look: Viewer, case: Submission, version: int) -> dict[str, Any]:
    return {
        **case_facts(svc, look, case),
        "version": version,
        "live": case.is_open or not case.settled,
        "seen_at": moment_of(case.seq, datetime.now(UTC)),
    }


def _voice(svc: Services, who: Actor, case: Submission) -> dict[str, Any]:
    """The verdict that waits for a second person, with its note for those outside the publisher."""
    note = case.voice.note if case.voice and is_inside(who, case) else None
    found = read_prose(svc.engine, {note}) if note else {}
    return {"voice": case.voice, "voice_note": found.get(note or "")}


def _kinds(case: Submission) -> tuple[str, ...]:
    if case.stage in (Stage.APPROVED, Stage.REJECTED) and case.settled:
        return ()
    return _KINDS.get(case.stage, ())
