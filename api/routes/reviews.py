"""The review desk: what is due next, claims and their leases, decisions on what was seen (I1)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Note, worded
from api.compare import difference_between
from api.deps import (
    PLAIN,
    Cursor,
    IdempotencyKey,
    IfMatch,
    PageSize,
    Services,
    Svc,
    Who,
    answered,
    etag,
    expected_version,
    named_version,
)
from api.errors import Problem
from api.judging import without_conflicts
from api.schema import COMMAND, READ, WRITE
from api.subjects import SeenCase, Staff, give, met_before, precondition, review_due
from api.views import review_row
from gonogo.db import queries, reviews
from gonogo.db.codec import state_of
from gonogo.db.handover import in_conflict
from gonogo.db.session import reading
from gonogo.db.tables import ProseRow
from policies.errors import Incomplete, StaleDecision
from policies.lifecycle.kernel import iso
from policies.lifecycle.submission_state import Submission

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

Verdict = Literal["approve", "reject", "request_changes", "ask", "confirm", "disagree", "undo"]
# These name the digest and version they decide on; the others change no verdict.
BOUND = frozenset({"approve", "reject", "request_changes", "confirm", "disagree"})
_Id = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]


class DecisionBody(Body):
    """`digest` is what you looked at. `clauses` and `checklist` hold ids of the case's pack."""

    verdict: Verdict
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    note: Note | None = None
    clauses: list[_Id] = Field(default=[], max_length=50)
    checklist: list[_Id] = Field(default=[], max_length=50)
    reason: Note | None = None


@router.get("", responses=READ)
def list_reviews(
    svc: Svc,
    who: Staff,
    stage: Annotated[
        list[Literal["queued", "in_review", "held"]] | None, Query(max_length=3)
    ] = None,
    tier: Literal["low", "medium", "high"] | None = None,
    mine: Annotated[bool, Query(description="only those you hold")] = False,
    cursor: Cursor = None,
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """What waits for review, the next due first. Each line says whether you may claim it."""
    with reading(svc.engine) as session:
        try:
            page = reviews.queue(
                session,
                svc.store,
                stages=tuple(stage or reviews.WAITING),
                tier=tier,
                claimant=who.id if mine else None,
                after=cursor,
                limit=limit,
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
        named = queries.gpts(session, svc.store, {row.gpt for row in page.rows})
        held = reviews.leases(session, svc.store, {row.id for row in page.rows})
        cases = [state_of("submission", row.state) for row in page.rows]
        barred = in_conflict(session, svc.store, {case.gpt for case in cases}, who.publishers)
    items = [review_row(case, named.get(case.gpt), who, held.get(case.id)) for case in cases]
    for item in items:
        item["can"] = without_conflicts("submission", item["can"], item["gpt"], barred)
    return {"items": items, "next": page.next}


@router.post("/{subject}/claim", responses=COMMAND)
async def claim_review(
    svc: Svc,
    who: Who,
    case: SeenCase,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Take a queued case. The lease is in the answer; renew it while you read."""
    await precondition(svc, who, key, if_match, case.version, needed=False)
    return answered(await give(svc, who, "submission", case, "claim", key=key), response)


@router.post("/{subject}/release", responses=COMMAND)
async def release_claim(
    svc: Svc, who: Who, case: SeenCase, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Give a claimed case back to the queue; a lead may do it for somebody else."""
    outcome = await give(svc, who, "submission", case, "release_claim", key=key)
    return answered(outcome, response)


@router.post("/{subject}/renew", responses=WRITE)
def renew_claim(svc: Svc, who: Who, case: SeenCase) -> dict[str, Any]:
    """Hold the case for another lease, up to the longest a claim may last. It is no event."""
    renewal = reviews.renew_lease(svc.engine, svc.store, case.id, who.id)
    return {
        "submission": case.id,
        "lease_until": iso(renewal.until),
        "longest_until": iso(renewal.longest),
    }


@router.post("/{subject}/decisions", responses=COMMAND)
async def decide(
    svc: Svc,
    who: Who,
    case: SeenCase,
    body: DecisionBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Decide, ask, confirm, disagree, or undo. A deciding verdict needs `If-Match` and `digest`.

    If the case has moved on, the answer is 409 `stale-decision` and shows the difference.
    """
    repeated = await met_before(svc, who, key)
    order: dict[str, Any] = {}
    texts: tuple[ProseRow, ...] = ()
    if body.verdict in BOUND:
        order = {"digest": body.digest, "version": named_version(if_match, case.version)}
    if not repeated:
        words, texts = worded(body.reason, body.note)
        order |= words | {"clauses": body.clauses, "checklist": body.checklist}
    due = await run_in_threadpool(_looked_at, svc, case, None if repeated else body, if_match)
    try:
        outcome = await give(
            svc,
            who,
            "submission",
            case,
            body.verdict,
            order,
            key=key,
            due=due,
            fingerprint=body.model_dump(mode="json"),
            texts=texts,
        )
    except StaleDecision as stale:
        # It moved between our look and the decision.
        raise await run_in_threadpool(_stale, svc, case.id, stale) from stale
    return answered(outcome, response)


def _looked_at(
    svc: Services, case: Submission, body: DecisionBody | None, if_match: str | None
) -> dict[str, datetime]:
    """The deadlines a decision may start. Without `body` it is a repeat, which is not asked
    anything; else raises what `_is_current` and `_ids_exist` do."""
    if body is not None:
        _is_current(svc, case, body, if_match)
        _ids_exist(svc, case, body)
    return review_due(svc, case)


def _is_current(svc: Services, case: Submission, body: DecisionBody, if_match: str | None) -> None:
    """Raises 409 when another bundle is there now, 412 when only the version is another."""
    if body.verdict not in BOUND:
        expected_version(if_match, case.version, needed=False)
        return
    if body.digest is None:
        raise Incomplete("name the digest you decided on", field="digest")
    if body.digest != case.digest:
        raise _stale(
            svc,
            case.id,
            StaleDecision(
                "the case has moved on since you looked: read the difference and decide again",
                saw={"digest": body.digest},
                now={"digest": case.digest, "version": case.version},
            ),
        )
    expected_version(if_match, case.version)


def _stale(svc: Services, subject: str, stale: StaleDecision) -> Problem:
    """The refusal with the difference, and the ETag to decide on next."""
    with reading(svc.engine) as session:
        case = queries.submission(session, svc.store, subject)
    assert case is not None  # a case is never deleted
    seen = stale.detail.get("saw", {}).get("digest")
    return Problem(
        stale.code,
        stale.because,
        headers={"ETag": etag(case.version)},
        refusal=dict(stale.detail),
        difference=difference_between(svc, case.gpt, seen, case.digest) if seen else None,
    )


def _ids_exist(svc: Services, case: Submission, body: DecisionBody) -> None:
    """Clauses and checklist are those of the pack that the case pins, not of today's."""
    review = svc.packs(case.terms.pack).review
    known = {
        "clauses": [clause.id for clause in review.clauses],
        "checklist": [item.id for item in review.checklist],
    }
    given = {"clauses": body.clauses, "checklist": body.checklist}
    faults = [
        {
            "pointer": f"/body/{name}/{index}",
            "message": f"{value!r} is none of the pack's",
            "known": known[name],
        }
        for name, values in given.items()
        for index, value in enumerate(values)
        if value not in known[name]
    ]
    if faults:
        raise Problem("malformed", "the case's policy pack knows no such id", faults=faults)
