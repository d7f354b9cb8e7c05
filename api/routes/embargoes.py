"""Embargoes: nothing of a GPT is public before a moment, whoever asks."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Flag, ReasonBody, TargetText, reasoned
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
from api.kept import Order
from api.schema import COMMAND, READ
from api.subjects import give, is_staff, may_see, met_before, precondition
from api.views import can_view, time_text
from api.written import written
from gonogo.db import embargoes, queries
from gonogo.db.codec import state_of
from gonogo.db.session import reading
from gonogo.db.tables import GptRow
from gonogo.db.timing import EmbargoPicture
from gonogo.ids import new_id
from gonogo.zones import place_target, today_in
from policies.lifecycle.embargo import MACHINE, Embargo
from policies.rules.target import Placed
from policies.rules.target_words import says

router = APIRouter(prefix="/v1/embargoes", tags=["embargoes"])


class MomentBody(ReasonBody):
    """`not_before`: an instant or a day, such as `2024-01-10T10:00 America/Los_Angeles`; where it
    names no zone it is in that of the store."""

    not_before: TargetText
    strict: Flag = Field(default=False, description="refuse times a clock change skips or repeats")


class EmbargoBody(MomentBody):
    gpt: Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]


def embargo_view(state: Embargo, now: datetime) -> dict[str, Any]:
    holds = state.status == "active" and now < state.not_before
    return {
        "id": state.id,
        "gpt": state.gpt,
        "publisher": state.publisher,
        "not_before": time_text(state.not_before),
        "target": state.target.as_json(),
        "says": says(state.target, "en", today_in(state.target.tz, now)),
        "holds": holds,
        "status": state.status,
        "reason": state.reason,
        "set_by": state.set_by,
        "set_at": time_text(state.set_at),
        "proposed_by": state.proposed_by,
        "lifted_by": state.lifted_by,
        "version": state.version,
        "seq": state.seq,
    }


def seen_embargo(svc: Svc, who: Who, subject: SubjectId) -> Embargo:
    with reading(svc.engine) as session:
        row = session.get(EmbargoPicture, (svc.store, subject))
    if row is None or not may_see(who, row.publisher):
        raise Problem("not-found", f"there is no embargo {subject} that you may see")
    state: Embargo = state_of("embargo", row.state)
    return state


SeenEmbargo = Annotated[Embargo, Depends(seen_embargo)]


@router.get("", responses=READ)
def list_embargoes(
    svc: Svc, who: Who, cursor: Cursor = None, limit: PageSize = queries.PAGE
) -> dict[str, Any]:
    """Embargoes you may see, those that hold first."""
    now = datetime.now(UTC)
    publishers = None if is_staff(who) else who.publishers
    with reading(svc.engine) as session:
        try:
            page = embargoes.listed(
                session, svc.store, now, publishers=publishers, after=cursor, limit=limit
            )
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
    states = [state_of("embargo", row.state) for row in page.rows]
    return {"items": [embargo_view(state, now) for state in states], "next": page.next}


@router.post("", status_code=201, responses=COMMAND)
async def set_embargo(
    svc: Svc, who: Who, body: EmbargoBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Keep a GPT out of the public until a moment: your own, or as a lead anybody's. In force when
    this answers, also while the orchestrator is down."""
    repeated = await met_before(svc, who, key)
    placed = await _placed(svc, body)
    publisher = await run_in_threadpool(_owner, svc, body.gpt)
    if publisher is None or not may_see(who, publisher):
        raise Problem("not-found", f"there is no GPT {body.gpt} that you may see")
    words = {} if repeated else await reasoned(svc, body.reason, body.note)
    order = Order(
        machine="embargo",
        kind="set",
        subject=new_id("emb"),
        gpt="",
        actor=who,
        body={
            "gpt": body.gpt,
            "publisher": publisher,
            "target": placed.target.as_json(),
            **words,
        },
        key=key,
        fresh=True,
        fingerprint=body.given(),
    )
    outcome = await written(svc, MACHINE, order)
    told = answered(outcome, response, f"/v1/embargoes/{outcome.subject}")
    return {**told, "notice": placed.notice}


@router.get("/{subject}", responses=READ)
def get_embargo(who: Who, embargo: SeenEmbargo, response: Response) -> dict[str, Any]:
    """One embargo: until when, as it was said, and what you may do about it."""
    response.headers["ETag"] = etag(embargo.version)
    view = embargo_view(embargo, datetime.now(UTC))
    return {**view, "can": can_view("embargo", embargo, who)}


@router.post("/{subject}/move", responses=COMMAND)
async def move_embargo(
    svc: Svc,
    who: Who,
    embargo: SeenEmbargo,
    body: MomentBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Make it last longer. Earlier is lifting it."""
    repeated = await precondition(svc, who, key, if_match, embargo.version, needed=False)
    placed = await _placed(svc, body)
    order = {} if repeated else await reasoned(svc, body.reason, body.note)
    order["target"] = placed.target.as_json()
    outcome = await give(
        svc, who, "embargo", embargo, "move", order, key=key, fingerprint=body.given()
    )
    return {**answered(outcome, response), "notice": placed.notice}


@router.post("/{subject}/lift", responses=COMMAND)
async def lift_embargo(
    svc: Svc,
    who: Who,
    embargo: SeenEmbargo,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """End it before its time: the first lead proposes, another one lifts."""
    repeated = await precondition(svc, who, key, if_match, embargo.version, needed=True)
    order = {} if repeated else await reasoned(svc, body.reason, body.note)
    outcome = await give(
        svc, who, "embargo", embargo, "lift", order, key=key, fingerprint=body.given()
    )
    return answered(outcome, response)


async def _placed(svc: Services, body: MomentBody) -> Placed:
    zone = svc.pack.calendar.zone
    return await run_in_threadpool(place_target, body.not_before, zone, strict=body.strict)


def _owner(svc: Services, gpt: str) -> str | None:
    with reading(svc.engine) as session:
        row = session.get(GptRow, (svc.store, gpt))
    return row.publisher if row else None
