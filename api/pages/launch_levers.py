"""What is done to a launch from its board. Holding and suspending name no version: they hold at
once, whatever else changed; everything else names the version that the page showed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Form, Path, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.bodies import ReasonBody
from api.deps import SubjectId, Svc, etag
from api.errors import Problem
from api.launch_asked import Asked
from api.launch_board import visible_launch
from api.pages.forms import Key, Line, key_of, outcome
from api.pages.site import Person, back_to, page_router
from api.routes import launch_steps as steps
from gonogo.zones import resolve_local

router = page_router()
_Lever = Literal[
    "hold",
    "suspend",
    "resume",
    "restore",
    "cancel",
    "open_gates",
    "call_poll",
    "next_wave",
    "finish",
]
_Steps = dict[str, Callable[..., Awaitable[dict[str, Any]]]]
_AT_ONCE: _Steps = {"hold": steps.hold_launch, "suspend": steps.suspend_launch}
_WITH_REASON: _Steps = {
    "resume": steps.resume_launch,
    "restore": steps.restore_launch,
    "cancel": steps.cancel_launch,
}
_PLAIN: _Steps = {
    "open_gates": steps.open_gates,
    "call_poll": steps.call_poll,
    "next_wave": steps.next_wave,
    "finish": steps.finish_launch,
}
Version = Annotated[int, Form(ge=0)]
_Role = Annotated[str, Form(max_length=40)]
_Gate = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


@router.post("/launches/{subject}")
async def steer_launch(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    what: Annotated[_Lever, Form()],
    version: Version,
    note: Line = "",
) -> Response:
    """Pull one lever."""
    launch = await run_in_threadpool(visible_launch, svc, who, subject)
    asked = Asked(svc, who, launch, await key_of(request, key), etag(version))
    done = await _pull(asked, what, note.strip())
    return back_to(f"/launches/{subject}", outcome(done, f"launch-{what}"))


async def _pull(asked: Asked, what: str, note: str) -> dict[str, Any]:
    if what in _PLAIN:
        return await _PLAIN[what](asked)
    if what in _AT_ONCE:
        # One click is enough to hold; the words may follow.
        return await _AT_ONCE[what](replace(asked, seen=None), ReasonBody(reason=note or "by_hand"))
    if what == "cancel":
        _needed(note, "a reason")
    return await _WITH_REASON[what](asked, ReasonBody(reason=note or "looked_at"))


@router.post("/launches/{subject}/votes")
async def cast_vote(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    role: _Role,
    round_: Annotated[int, Form(alias="round", ge=1, le=10_000)],
    vote: Annotated[Literal["GO", "NO_GO", "ABSTAIN"], Form()],
    statement: Line = "",
) -> Response:
    """Speak for a role in the poll."""
    launch = await run_in_threadpool(visible_launch, svc, who, subject)
    said = statement.strip()
    if vote != "GO":
        _needed(said, "a statement")
    body = steps.VoteBody(role=role, round=round_, vote=vote, statement=said or None)
    done = await steps.vote(Asked(svc, who, launch, await key_of(request, key)), body)
    return back_to(f"/launches/{subject}", outcome(done, "voted"))


@router.post("/launches/{subject}/override")
async def accept_risk(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    key: Key,
    role: _Role,
    round_: Annotated[int, Form(alias="round", ge=1, le=10_000)],
    rationale: Line = "",
) -> Response:
    """Take the risk of a NO-GO upon oneself."""
    launch = await run_in_threadpool(visible_launch, svc, who, subject)
    body = steps.OverrideBody(
        role=role, round=round_, rationale=_needed(rationale.strip(), "a rationale")
    )
    done = await steps.override_vote(Asked(svc, who, launch, await key_of(request, key)), body)
    return back_to(f"/launches/{subject}", outcome(done, "done"))


@router.post("/launches/{subject}/gates/{gate}")
async def answer_gate(
    svc: Svc,
    who: Person,
    request: Request,
    subject: SubjectId,
    gate: _Gate,
    key: Key,
    what: Annotated[Literal["attest", "yes", "no", "waive"], Form()],
    say: Line = "",
    until: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Attest, sign or waive a gate."""
    launch = await run_in_threadpool(visible_launch, svc, who, subject)
    asked, said = Asked(svc, who, launch, await key_of(request, key)), say.strip()
    if what == "attest":
        ends = await run_in_threadpool(_local, until, launch.tz) if until else None
        shown = steps.AttestBody(gate=gate, evidence=_needed(said, "the evidence"), until=ends)
        done = await steps.attest_gate(asked, shown)
    elif what == "waive":
        waived = steps.WaiveBody(gate=gate, reason=_needed(said, "a reason"))
        done = await steps.waive_gate(asked, waived)
    else:
        if what == "no":
            _needed(said, "a reason")
        signed = steps.SignBody(gate=gate, verdict=what, reason=said or None)
        done = await steps.sign_gate(asked, signed)
    return back_to(f"/launches/{subject}", outcome(done, "answered-gate"))


def _needed(text: str, what: str) -> str:
    if not text:
        raise Problem("incomplete", f"{what} is missing")
    return text


def _local(text: str, zone: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Problem("incomplete", "choose a day and a time") from None
    return resolve_local(at.replace(tzinfo=None), zone).at
