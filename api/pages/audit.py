"""The record as auditors see it: what is signed and verified, who did what, and proof of it."""

import json
from datetime import datetime
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.deps import Cursor, Svc
from api.pages.forms import Said
from api.pages.site import Person, SignedIn, back_to, page, page_router
from api.routes import audit as routes

router = page_router()
PAGE = 40
_Text = Annotated[str, Query(max_length=80)]
_Event = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


@router.get("/audit")
async def audit(
    svc: Svc,
    look: SignedIn,
    who: Person,
    said: Said = "",
    actor: _Text = "",
    type: _Text = "",
    subject: _Text = "",
    since: _Text = "",
    until: _Text = "",
    cursor: Cursor = None,
) -> Response:
    """Checkpoints, the last verification, and events by a filter; days are those of the store."""
    await routes.auditing(who)

    def render() -> Response:
        zone = svc.pack.calendar.zone
        state = routes.state_of(svc)
        found = routes.filtered(
            svc,
            actor.strip() or None,
            type.strip() or None,
            subject.strip() or None,
            routes.day_of(since, zone),
            routes.day_of(until, zone, after=True),
            cursor,
            PAGE,
        )
        look.names.learn(item["actor"] for item in found["items"])
        asked = {
            "actor": actor, "type": type, "subject": subject, "since": since, "until": until
        }  # fmt: skip
        verified = state["verified"]
        return page(
            svc,
            look,
            "audit.html",
            said=said,
            state=state,
            verified=verified,
            verified_at=datetime.fromisoformat(verified["at"]) if verified else None,
            items=found["items"],
            next=found["next"],
            asked=asked,
            is_asked=any(asked.values()),
        )

    return await run_in_threadpool(render)


@router.post("/audit/verify")
async def verify(svc: Svc, who: Person) -> Response:
    """Verify the whole record, then show what was found."""
    await routes.auditing(who)
    await run_in_threadpool(routes.verify_now, svc)
    return back_to("/audit")


@router.get("/audit/proof")
async def proof(svc: Svc, who: Person, event: _Event) -> Response:
    """The proof of one event, as a file."""
    await routes.auditing(who)
    value = await run_in_threadpool(routes.audit_proof, svc, who, event)
    return Response(
        json.dumps(value, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="proof.json"'},
    )


@router.get("/audit/export")
async def export(svc: Svc, who: Person) -> Response:
    """The whole record as a file."""
    await routes.auditing(who)
    return routes.export_file(svc)
