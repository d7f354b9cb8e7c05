"""A GPT changes hands: offered by an owner of its publisher, accepted by an owner of another."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Note
from api.deps import PLAIN, IdempotencyKey, PageSize, Services, SubjectId, Svc, Who, answered, etag
from api.errors import Problem
from api.kept import Order
from api.schema import COMMAND, READ
from api.streams import events_after
from api.subjects import give, met_before
from api.transfers import (
    SeenTransfer,
    know_both,
    transfer_views,
)
from gonogo.db import queries, transfers
from gonogo.db.prose import keep_prose
from gonogo.db.session import reading
from gonogo.db.tables import GptRow
from gonogo.db.transfers import TransferPicture
from gonogo.ids import new_id
from policies.lifecycle.kernel import Actor
from policies.lifecycle.transfer import Transfer

router = APIRouter(prefix="/v1", tags=["transfers"])
_Id = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]


class OfferBody(Body):
    """`to` is the id of the receiving publisher; `note` is read by its members."""

    to: _Id
    note: Note | None = None


class DeclineBody(Body):
    reason: Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9_]+$")] | None = None


@router.get("/transfers", responses=READ)
def list_transfers(svc: Svc, who: Who, limit: PageSize = queries.PAGE) -> dict[str, Any]:
    """Open offers of and to your publishers, the first to end first."""
    with reading(svc.engine) as session:
        rows = transfers.of_publishers(session, svc.store, who.publishers, limit)
    return {"items": transfer_views(svc, who, rows)}


@router.get("/gpts/{gpt}/transfers", responses=READ)
def list_of_gpt(
    svc: Svc, who: Who, gpt: SubjectId, limit: PageSize = queries.PAGE
) -> dict[str, Any]:
    """The transfers of one GPT that you were a side of, for staff all of them; newest first."""
    with reading(svc.engine) as session:
        rows = transfers.of_gpt(session, svc.store, gpt, limit)
    return {"items": transfer_views(svc, who, rows)}


@router.post("/gpts/{gpt}/transfers", status_code=201, responses=COMMAND)
async def offer_gpt(
    svc: Svc,
    who: Who,
    gpt: SubjectId,
    body: OfferBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Offer it to another publisher. Nothing changes before an owner of that one accepts; refused
    while a case, a release, a quarantine, a stop, an embargo or a legal hold keeps it where it
    is."""
    terms = svc.pack.publishers
    order: dict[str, Any] = {}
    if not await met_before(svc, who, key):
        publisher = await run_in_threadpool(_giving, svc, who, gpt, body.to)
        note = await run_in_threadpool(keep_prose, svc.engine, body.note)
        order = {
            "gpt": gpt,
            "publisher": publisher,
            "to": body.to,
            "note": note,
            "offer_s": terms.transfer_s,
            "warn_before_s": terms.transfer_warn_s,
            "pack": svc.pack.digest,
        }
    outcome = await svc.gateway.send(
        Order(
            machine="transfer",
            kind="offer",
            subject=new_id("trf"),
            gpt=gpt,
            actor=who,
            body=order,
            key=key,
            fresh=True,
            fingerprint={"gpt": gpt, **body.model_dump(mode="json")},
        )
    )
    told = answered(outcome, response, f"/v1/transfers/{outcome.subject}")
    return {**told, "transfer": outcome.subject}


@router.get("/transfers/{transfer}", responses=READ)
def get_transfer(svc: Svc, who: Who, seen: SeenTransfer, response: Response) -> dict[str, Any]:
    """One transfer: whose turn, until when, what is in its way."""
    response.headers["ETag"] = etag(seen.version)
    return view_of(svc, who, seen.id)


@router.get("/transfers/{transfer}/events", responses=READ)
def transfer_events(
    svc: Svc,
    seen: SeenTransfer,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: PageSize = queries.MOST,
) -> dict[str, Any]:
    """Its events with `seq` above `after`, in order."""
    return events_after(svc, seen.id, after, limit)


@router.post("/transfers/{transfer}/accept", responses=COMMAND)
async def accept_transfer(
    svc: Svc, who: Who, seen: SeenTransfer, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """It is yours from now on: you submit, unlist and answer for it."""
    return await _answer(svc, who, seen, "accept", {}, response, key)


@router.post("/transfers/{transfer}/decline", responses=COMMAND)
async def decline_transfer(
    svc: Svc,
    who: Who,
    seen: SeenTransfer,
    response: Response,
    body: DeclineBody | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Turn it down; `reason` is a code that both sides read."""
    order = {"reason": body.reason if body else None}
    return await _answer(svc, who, seen, "decline", order, response, key)


@router.post("/transfers/{transfer}/withdraw", responses=COMMAND)
async def withdraw_transfer(
    svc: Svc, who: Who, seen: SeenTransfer, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Take the offer back; the GPT stays yours."""
    return await _answer(svc, who, seen, "withdraw", {}, response, key)


def view_of(svc: Services, who: Actor, transfer: str) -> dict[str, Any]:
    with reading(svc.engine) as session:
        row = session.get_one(TransferPicture, (svc.store, transfer))
    (view,) = transfer_views(svc, who, [row], closely=True)
    return view


async def _answer(
    svc: Services,
    who: Actor,
    state: Transfer,
    kind: str,
    order: dict[str, Any],
    response: Response,
    key: str | None,
) -> dict[str, Any]:
    await run_in_threadpool(know_both, svc, state.publisher, state.to)
    body = {**order, "pack": svc.pack.digest}
    outcome = await give(
        svc, who, "transfer", state, kind, body, key=key, fingerprint={"kind": kind, **order}
    )
    return answered(outcome, response)


def _giving(svc: Services, who: Actor, gpt: str, to: str) -> str:
    """The publisher that `gpt` is of now; only its own people learn that there is such a GPT."""
    with reading(svc.engine) as session:
        row = session.get(GptRow, (svc.store, gpt))
    if row is None or row.publisher not in who.publishers:
        raise Problem("not-found", f"there is no GPT {gpt} of yours")
    know_both(svc, row.publisher, to)
    return row.publisher
