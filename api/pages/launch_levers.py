"""What is done to a launch from its board. Holding and suspending name no version: they hold at
once, whatever else changed; everything else names the version that the page showed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Form, Path
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.bodies import ReasonBody
from api.errors import Problem
from api.launch_asked import Asked
from api.pages.forms import Line, needed
from api.pages.launch_forms import FormAsking, FormDeciding, to_board
from api.pages.site import page_router
from api.release_bodies import Override
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
    "cancel": steps.cancel_launch,
}
_PLAIN: _Steps = {
    "open_gates": steps.open_gates,
    "call_poll": steps.call_poll,
    "next_wave": steps.next_wave,
    "finish": steps.finish_launch,
}
_REASON = "a reason is missing"
_Role = Annotated[str, Form(max_length=40)]
_Round = Annotated[int, Form(alias="round", ge=1, le=10_000)]
_Gate = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


@router.post("/launches/{subject}")
async def steer_launch(
    asked: FormDeciding,
    what: Annotated[_Lever, Form()],
    note: Line = "",
    past_freeze: Annotated[Literal["", "1"], Form()] = "",
) -> Response:
    """Pull one lever. `past_freeze`: what is restored returns in spite of the windows in the way,
    for the reason in `note`."""
    if what == "restore":
        done = await _restore(asked, note.strip(), past=bool(past_freeze))
    else:
        done = await _pull(asked, what, note.strip())
    return to_board(asked, done, f"launch-{what}")


async def _pull(asked: Asked, what: str, note: str) -> dict[str, Any]:
    if what in _PLAIN:
        return await _PLAIN[what](asked)
    if what in _AT_ONCE:
        # One click is enough to hold; the words may follow.
        return await _AT_ONCE[what](replace(asked, seen=None), ReasonBody(reason=note or "by_hand"))
    if what == "cancel":
        needed(note, _REASON)
    return await _WITH_REASON[what](asked, ReasonBody(reason=note or "looked_at"))


async def _restore(asked: Asked, note: str, *, past: bool) -> dict[str, Any]:
    override = Override(reason=needed(note, _REASON)) if past else None
    body = steps.RestoreBody(reason=note or "looked_at", override=override)
    return await steps.restore_launch(asked, body)


@router.post("/launches/{subject}/votes")
async def cast_vote(
    asked: FormAsking,
    role: _Role,
    round_: _Round,
    vote: Annotated[Literal["GO", "NO_GO", "ABSTAIN"], Form()],
    statement: Line = "",
) -> Response:
    """Speak for a role in the poll."""
    said = statement.strip()
    if vote != "GO":
        needed(said, "a statement is missing")
    body = steps.VoteBody(role=role, round=round_, vote=vote, statement=said or None)
    return to_board(asked, await steps.vote(asked, body), "voted")


@router.post("/launches/{subject}/override")
async def accept_risk(
    asked: FormAsking, role: _Role, round_: _Round, rationale: Line = ""
) -> Response:
    """Take the risk of a NO-GO upon oneself."""
    why = needed(rationale, "a rationale is missing")
    body = steps.OverrideBody(role=role, round=round_, rationale=why)
    return to_board(asked, await steps.override_vote(asked, body), "done")


@router.post("/launches/{subject}/gates/{gate}")
async def answer_gate(
    asked: FormAsking,
    gate: _Gate,
    what: Annotated[Literal["attest", "yes", "no", "waive"], Form()],
    say: Line = "",
    until: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Attest, sign or waive a gate."""
    said = say.strip()
    if what == "attest":
        ends = await run_in_threadpool(_local, until, asked.launch.tz) if until else None
        proof = needed(said, "the evidence is missing")
        shown = steps.AttestBody(gate=gate, evidence=proof, until=ends)
        done = await steps.attest_gate(asked, shown)
    elif what == "waive":
        waived = steps.WaiveBody(gate=gate, reason=needed(said, _REASON))
        done = await steps.waive_gate(asked, waived)
    else:
        if what == "no":
            needed(said, _REASON)
        signed = steps.SignBody(gate=gate, verdict=what, reason=said or None)
        done = await steps.sign_gate(asked, signed)
    return to_board(asked, done, "answered-gate")


def _local(text: str, zone: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Problem("incomplete", "choose a day and a time") from None
    return resolve_local(at.replace(tzinfo=None), zone).at
