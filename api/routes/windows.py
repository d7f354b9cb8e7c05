"""Windows: from when to when exposure may not start or grow."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field, model_validator

from api.bodies import Body, LocalTime, Note, ReasonBody, reasoned
from api.deps import (
    PLAIN,
    Cursor,
    IdempotencyKey,
    IfMatch,
    PageSize,
    SubjectId,
    Svc,
    answered,
    etag,
)
from api.errors import Problem
from api.schema import COMMAND, READ
from api.subjects import Staff, give, met_before, precondition
from api.views import can_one
from api.windows import declare, window_view
from gonogo.db import queries, windows
from gonogo.db.codec import state_of
from gonogo.db.session import reading
from gonogo.db.timing import WindowPicture
from policies.lifecycle.window import DeclaredWindow
from policies.rules.recurrence import LONGEST

router = APIRouter(prefix="/v1/windows", tags=["windows"])


class WindowBody(Body):
    """Either one-off with `ends`, or recurring with `rrule` and `duration_s`. `begins` and `ends`
    are civil times of the zone `tz`. A scope other than the store needs its `target`."""

    kind: Literal["deny", "allow"]
    tz: Annotated[str, Field(min_length=1, max_length=64)]
    begins: LocalTime
    ends: LocalTime | None = None
    rrule: Annotated[str, Field(min_length=1, max_length=LONGEST)] | None = None
    duration_s: Annotated[int, Field(strict=True, gt=0, le=31 * 86400)] | None = None
    scope: Literal["store", "category", "publisher", "gpt"] = "store"
    target: Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)] | None = None
    applies_to: Literal["start", "increase", "full"] = "increase"
    overrun: Literal["finish_step", "hold"] = "finish_step"
    override_role: Literal["product_lead", "safety_oncall", "administrator"] | None = None
    reason: Note
    note: Note | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "WindowBody":
        if (self.scope == "store") != (self.target is None):
            raise ValueError("every scope but the store has a target")
        if (self.ends is None) == (self.rrule is None) or (self.rrule is None) != (
            self.duration_s is None
        ):
            raise ValueError("send either `ends`, or `rrule` and `duration_s`")
        return self

    def window(self) -> dict[str, Any]:
        return {
            **self.model_dump(include=set(_PLAIN)),
            "begins": self.begins.isoformat(),
            "ends": self.ends.isoformat() if self.ends else None,
            "scope": f"{self.scope}:{self.target}" if self.target else self.scope,
        }


_PLAIN = ("kind", "tz", "rrule", "duration_s", "applies_to", "overrun", "override_role")


def seen_window(svc: Svc, who: Staff, subject: SubjectId) -> DeclaredWindow:
    with reading(svc.engine) as session:
        row = session.get(WindowPicture, (svc.store, subject))
    if row is None:
        raise Problem("not-found", f"there is no window {subject}")
    state: DeclaredWindow = state_of("window", row.state)
    return state


SeenWindow = Annotated[DeclaredWindow, Depends(seen_window)]


@router.get("", responses=READ)
def list_windows(
    svc: Svc, who: Staff, cursor: Cursor = None, limit: PageSize = queries.PAGE
) -> dict[str, Any]:
    """Windows that people declared, those in force first; and those of the present policy pack."""
    now = datetime.now(UTC)
    with reading(svc.engine) as session:
        try:
            page = windows.listed(session, svc.store, now, after=cursor, limit=limit)
        except ValueError as fault:
            raise Problem("bad-request", str(fault)) from fault
    states = [state_of("window", row.state) for row in page.rows]
    return {
        "items": [
            {**window_view(s, now), "can": {"end": can_one("window", "end", s, who)}}
            for s in states
        ],
        "next": page.next,
        "pack": [window.as_json() for window in svc.pack.windows_in_force()],
    }


@router.post("", status_code=201, responses=COMMAND)
async def declare_window(
    svc: Svc, who: Staff, body: WindowBody, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Declare a window. In force when this answers, also while the orchestrator is down; what it
    keeps back waits and goes on by itself at its end."""
    repeated = await met_before(svc, who, key)
    words = {} if repeated else await reasoned(svc, body.reason, body.note)
    outcome = await declare(
        svc,
        who,
        body.window(),
        words,
        key=key,
        fingerprint=body.model_dump(mode="json", exclude_none=True),
    )
    return answered(outcome, response, f"/v1/windows/{outcome.subject}")


@router.get("/{subject}", responses=READ)
def get_window(svc: Svc, who: Staff, window: SeenWindow, response: Response) -> dict[str, Any]:
    """One window: when it applies, to what, who may override it, and whether you may end it."""
    response.headers["ETag"] = etag(window.version)
    view = window_view(window, datetime.now(UTC))
    return {**view, "can": {"end": can_one("window", "end", window, who)}}


@router.post("/{subject}/end", responses=COMMAND)
async def end_window(
    svc: Svc,
    who: Staff,
    window: SeenWindow,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """End a window early. What it kept back is looked at again within half an hour."""
    repeated = await precondition(svc, who, key, if_match, window.version, needed=False)
    order = {} if repeated else await reasoned(svc, body.reason, body.note)
    outcome = await give(
        svc, who, "window", window, "end", order, key=key, fingerprint=body.given()
    )
    return answered(outcome, response)
