"""Webhooks: endpoints that are sent events, by the Standard Webhooks specification.

Administrators have endpoints for the whole store, owners of a publisher for its own GPTs. What is
not yours does not exist for you.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field, model_validator
from starlette.concurrency import run_in_threadpool

from api.bodies import Body, Instant
from api.deps import PLAIN, PageSize, Services, SubjectId, Svc, Who
from api.errors import Problem
from api.publishers import visible_publisher
from api.schema import READ, WRITE
from gonogo.db import queries
from gonogo.db.notices import AttemptRow, DeliveryRow, NoticeRow, WebhookRow
from gonogo.logs import log
from gonogo.notices.fanout import Fanout
from gonogo.notices.keys import Seal
from gonogo.notices.outlook import Outlook
from gonogo.notices.signing import Keys
from gonogo.notices.webhooks import TooMany, Wanted, Webhooks
from policies.lifecycle.kernel import Actor, Role, iso
from policies.lifecycle.publisher_state import OWNER
from policies.rules.webhook_rules import TYPES_MOST, wire_type

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_Label = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Url = Annotated[str, Field(min_length=1, max_length=2_000)]
_Type = Annotated[str, Field(min_length=1, max_length=80)]
_Types = Annotated[list[_Type], Field(max_length=TYPES_MOST)]


class WebhookBody(Body):
    """`types`: `submission.review.approved`, `submission.*`; none means every one. `publisher`:
    whose GPTs; left out, the whole store."""

    label: _Label
    url: _Url
    types: list[_Type] = Field(default=[], max_length=TYPES_MOST)
    publisher: Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)] | None = None


class WebhookChange(Body):
    """What is left out stays."""

    label: _Label | None = None
    url: _Url | None = None
    types: _Types | None = None
    state: Literal["active", "disabled"] | None = None


class ReplayBody(Body):
    """One delivery, or all since a moment: what was given up or never sent, with `sent` all."""

    delivery: Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)] | None = None
    since: Instant | None = None
    sent: bool = False

    @model_validator(mode="after")
    def _names_one(self) -> "ReplayBody":
        if (self.delivery is None) == (self.since is None):
            raise ValueError("name a delivery, or a moment")
        return self


def webhooks_of(svc: Svc) -> Webhooks:
    return Webhooks(
        svc.engine,
        svc.store,
        Seal(svc.settings.mac_key()),
        loopback=svc.settings.webhook_loopback,
    )


Book = Annotated[Webhooks, Depends(webhooks_of)]


def may_manage(svc: Services, who: Actor, publisher: str | None) -> bool:
    """Owners of a publisher, not every member: an endpoint is told what its members see."""
    if publisher is None:
        return Role.ADMINISTRATOR in who.roles
    if publisher not in who.publishers:
        return False
    return visible_publisher(svc, who, publisher).members.get(who.id) == OWNER


def owned(svc: Services, who: Actor) -> tuple[str, ...]:
    """The publishers whose endpoints this person manages."""
    return tuple(one for one in who.publishers if may_manage(svc, who, one))


def _mine(svc: Svc, who: Who, book: Book, webhook: SubjectId) -> WebhookRow:
    row = book.of(webhook)
    if row is None or not may_manage(svc, who, row.publisher):
        raise Problem("not-found", f"there is no webhook {webhook} of yours")
    return row


Mine = Annotated[WebhookRow, Depends(_mine)]


@router.get("", responses=READ)
def list_webhooks(svc: Svc, who: Who, book: Book) -> dict[str, Any]:
    """Yours: of the store for administrators, of publishers for their owners."""
    rows = book.listed(owned(svc, who), whole=may_manage(svc, who, None))
    return {"items": [view(row) for row in rows]}


@router.post("", status_code=201, responses=WRITE)
def create_webhook(
    svc: Svc, who: Who, book: Book, body: WebhookBody, response: Response
) -> dict[str, Any]:
    """A new endpoint. `secret` is shown this once; `public_key` verifies `v1a` signatures."""
    if not may_manage(svc, who, body.publisher):
        raise Problem(
            "not-allowed",
            "webhooks of the store are for administrators, others for owners of a publisher",
            refusal={"roles": [Role.ADMINISTRATOR.value]},
        )
    wanted = Wanted(body.label, body.url, tuple(body.types), body.publisher)
    try:
        row, keys = book.create(wanted, who.id)
    except TooMany as fault:
        raise Problem("over-limit", str(fault)) from fault
    except ValueError as fault:
        raise Problem("malformed", str(fault)) from fault
    log.info("webhook_created", webhook=row.id, publisher=row.publisher, by=who.id)
    response.headers["Location"] = f"/v1/webhooks/{row.id}"
    return {**view(row), **_shown(keys, response)}


@router.get("/{webhook}", responses=READ)
def get_webhook(row: Mine, book: Book) -> dict[str, Any]:
    """One endpoint, without its secret."""
    return view(row)


@router.patch("/{webhook}", responses=WRITE)
def change_webhook(who: Who, row: Mine, book: Book, body: WebhookChange) -> dict[str, Any]:
    """Change it, switch it off, or on again."""
    try:
        changed = book.change(
            row.id,
            label=body.label,
            url=body.url,
            types=None if body.types is None else tuple(body.types),
            active=None if body.state is None else body.state == "active",
        )
    except ValueError as fault:
        raise Problem("malformed", str(fault)) from fault
    if changed is None:
        raise Problem("not-found", "it was removed meanwhile")
    log.info("webhook_changed", webhook=row.id, state=changed.state, by=who.id)
    return view(changed)


@router.delete("/{webhook}", status_code=204, responses=WRITE)
def remove_webhook(who: Who, row: Mine, book: Book) -> Response:
    """Remove it. What was on its way is given up."""
    book.remove(row.id)
    log.info("webhook_removed", webhook=row.id, by=who.id)
    return Response(status_code=204)


@router.post("/{webhook}/secret", status_code=201, responses=WRITE)
def rotate_webhook(who: Who, row: Mine, book: Book, response: Response) -> dict[str, Any]:
    """A new secret and key pair, shown this once. For a day the old ones sign along."""
    keys = book.rotate(row.id)
    if keys is None:
        raise Problem("not-found", "it was removed meanwhile")
    log.info("webhook_rotated", webhook=row.id, by=who.id)
    return {"webhook": row.id, **_shown(keys, response)}


@router.post("/{webhook}/test", status_code=201, responses=WRITE)
def test_webhook(row: Mine, book: Book) -> dict[str, Any]:
    """Send `webhook.test` to it, soon."""
    delivery = book.test(row.id)
    if delivery is None:
        raise Problem("illegal-move", "it is switched off; switch it on first")
    return {"delivery": delivery.id, "message": delivery.message_id}


@router.get("/{webhook}/deliveries", responses=READ)
def list_deliveries(svc: Svc, row: Mine, limit: PageSize = queries.PAGE) -> dict[str, Any]:
    """The newest deliveries with their tries. Of answers only the status is kept."""
    found = Outlook(svc.engine, svc.store).of(row.id, limit=limit)
    return {"items": [delivery_view(*one) for one in found]}


@router.post("/{webhook}/replay", status_code=201, responses=WRITE)
async def replay_webhook(svc: Svc, who: Who, row: Mine, body: ReplayBody) -> dict[str, Any]:
    """Send again under the same ids, at most a thousand; `replayed` says how many are due now."""
    if row.state != "active":
        raise Problem("illegal-move", "it is switched off; switch it on first")
    count = await run_in_threadpool(replayed, svc, row, body)
    log.info("webhook_replayed", webhook=row.id, count=count, by=who.id)
    return {"replayed": count}


def replayed(svc: Services, row: WebhookRow, body: ReplayBody) -> int:
    outlook = Outlook(svc.engine, svc.store)
    if body.delivery is not None:
        return outlook.replay(row.id, delivery=body.delivery)
    assert body.since is not None  # ReplayBody asks for one of the two
    missed = Fanout(svc.engine, svc.store, svc.pack.calendar.zone, mail=False).catch_up(
        row, body.since
    )
    return missed + outlook.replay(row.id, since=body.since, also_sent=body.sent)


def view(row: WebhookRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "publisher": row.publisher,
        "label": row.label,
        "url": row.url,
        "types": list(row.types),
        "state": row.state,
        "why": row.why,
        "failing_since": iso(row.failing_since) if row.failing_since else None,
        "old_keys_until": iso(row.old_until) if row.old_until else None,
        "created_by": row.created_by,
        "created_at": iso(row.created_at),
        "changed_at": iso(row.changed_at),
    }


def delivery_view(
    row: DeliveryRow, notice: NoticeRow, attempts: list[AttemptRow]
) -> dict[str, Any]:
    return {
        "id": row.id,
        "message": row.message_id,
        "type": wire_type(notice.type),
        "subject": notice.subject,
        "position": notice.position,
        "state": row.state,
        "receipt": row.receipt,
        "at": iso(row.created_at),
        "next_at": iso(row.next_at) if row.next_at else None,
        "attempts": [
            {
                "at": iso(one.at),
                "outcome": one.outcome,
                "status": one.status,
                "latency_ms": one.latency_ms,
            }
            for one in attempts
        ],
    }


def _shown(keys: Keys, response: Response) -> dict[str, str]:
    response.headers["Cache-Control"] = "no-store"
    return {"secret": keys.shown_secret, "public_key": keys.public}
