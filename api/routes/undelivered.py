"""What was given up: mails and webhooks nobody tries any more. For administrators.

It stays until one of them sends it again or puts it aside.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from api.deps import PageSize, SubjectId, Svc, Who
from api.errors import Problem
from api.schema import READ, WRITE
from gonogo.db import queries
from gonogo.logs import log
from gonogo.notices.outlook import Outlook
from policies.lifecycle.kernel import Actor, Role, iso
from policies.rules.notice_topics import Channel

router = APIRouter(prefix="/v1/undelivered", tags=["inbox"])


def administrator(who: Who) -> Actor:
    if Role.ADMINISTRATOR not in who.roles:
        raise Problem(
            "not-allowed",
            "this is for administrators",
            refusal={"roles": [Role.ADMINISTRATOR.value]},
        )
    return who


Administrator = Annotated[Actor, Depends(administrator)]


@router.get("", responses=READ)
def list_undelivered(
    svc: Svc,
    who: Administrator,
    channel: Annotated[Literal["mail", "webhook"], Query()] = "mail",
    limit: PageSize = queries.PAGE,
) -> dict[str, Any]:
    """The newest first, each with why; `waiting` is how many of this channel are on their way."""
    outlook = Outlook(svc.engine, svc.store)
    rows = outlook.dead(Channel(channel), limit)
    return {
        "items": [
            {
                "id": row.id,
                "recipient": row.recipient,
                "subject": row.subject,
                "position": row.position,
                "receipt": row.receipt,
                "attempts": row.attempts,
                "at": iso(row.created_at),
                "finished_at": iso(row.finished_at) if row.finished_at else None,
            }
            for row in rows
        ],
        "waiting": outlook.counts().get((channel, "waiting"), 0),
    }


@router.post("/{delivery}/replay", status_code=201, responses=WRITE)
def replay_undelivered(svc: Svc, who: Administrator, delivery: SubjectId) -> dict[str, Any]:
    """Send it again, under the same id."""
    if not Outlook(svc.engine, svc.store).again(delivery):
        raise Problem("not-found", f"nothing of this id was given up: {delivery}")
    log.info("delivery_replayed", delivery=delivery, by=who.id)
    return {"delivery": delivery}


@router.post("/{delivery}/put-aside", status_code=201, responses=WRITE)
def put_aside_undelivered(svc: Svc, who: Administrator, delivery: SubjectId) -> dict[str, Any]:
    """It is dealt with: it leaves this list, and is deleted when its time is over."""
    if not Outlook(svc.engine, svc.store).put_aside(delivery):
        raise Problem("not-found", f"nothing of this id was given up: {delivery}")
    log.info("delivery_put_aside", delivery=delivery, by=who.id)
    return {"delivery": delivery}
