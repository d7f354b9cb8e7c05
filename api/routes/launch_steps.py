"""What people do to a launch under way: answer gates, vote, hold, resume, suspend, go on."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field, model_validator

from api.bodies import Body, Instant, Note, ReasonBody, worded
from api.deps import IdempotencyKey, IfMatch, Services, Svc, Who, answered
from api.launching import SeenLaunch, order
from api.schema import COMMAND
from gonogo.db.prose import prose_of
from gonogo.db.tables import ProseRow
from policies.lifecycle.kernel import Actor, iso
from policies.lifecycle.launch_state import Launch

router = APIRouter(prefix="/v1/launches", tags=["launches"])
_Gate = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_Role = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
_Round = Annotated[int, Field(ge=1, le=10_000, strict=True)]


class AttestBody(Body):
    """`evidence`: where it is, or what it says. `until`: when it ends, if before its freshness."""

    gate: _Gate
    evidence: Note
    until: Instant | None = None


class SignBody(Body):
    gate: _Gate
    verdict: Literal["yes", "no"]
    reason: Note | None = None

    @model_validator(mode="after")
    def _a_no_has_a_reason(self) -> "SignBody":
        if self.verdict == "no" and self.reason is None:
            raise ValueError("a no needs a reason")
        return self


class WaiveBody(Body):
    gate: _Gate
    reason: Note


class VoteBody(Body):
    """`round` is the one you saw: a voice is about one round."""

    role: _Role
    round: _Round
    vote: Literal["GO", "NO_GO", "ABSTAIN"]
    statement: Note | None = None

    @model_validator(mode="after")
    def _dissent_is_explained(self) -> "VoteBody":
        if self.vote != "GO" and self.statement is None:
            raise ValueError("say why: anything but GO needs a statement")
        return self


class OverrideBody(Body):
    role: _Role
    round: _Round
    rationale: Note


@router.post("/{subject}/attest", responses=COMMAND)
async def attest_gate(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: AttestBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Show evidence for a gate of your role."""
    evidence = prose_of(body.evidence)
    wanted = {
        "gate": body.gate,
        "evidence": evidence.digest,
        "until": iso(body.until) if body.until else None,
    }
    return await _give(svc, who, launch, "attest", wanted, body, (evidence,), response, key)


@router.post("/{subject}/sign", responses=COMMAND)
async def sign_gate(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: SignBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Say yes or no for a gate of your role. A no on the way to the opening holds the launch."""
    reason = prose_of(body.reason) if body.reason else None
    wanted = {
        "gate": body.gate,
        "verdict": body.verdict,
        "reason": reason.digest if reason else None,
    }
    texts = (reason,) if reason else ()
    return await _give(svc, who, launch, "sign", wanted, body, texts, response, key)


@router.post("/{subject}/waive", responses=COMMAND)
async def waive_gate(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: WaiveBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Accept the risk of a gate that does not hold, where the pack lets your role."""
    reason = prose_of(body.reason)
    wanted = {"gate": body.gate, "reason": reason.digest}
    return await _give(svc, who, launch, "waive", wanted, body, (reason,), response, key)


@router.post("/{subject}/vote", responses=COMMAND)
async def vote(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: VoteBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Speak for your role in the go/no-go poll. Changing it appends; dissent is kept for good."""
    statement = prose_of(body.statement) if body.statement else None
    wanted = {
        "role": body.role,
        "round": body.round,
        "vote": body.vote,
        "statement": statement.digest if statement else None,
    }
    texts = (statement,) if statement else ()
    return await _give(svc, who, launch, "vote", wanted, body, texts, response, key)


@router.post("/{subject}/override", responses=COMMAND)
async def override_vote(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: OverrideBody,
    response: Response,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Accept, as the named risk acceptor, the risk of a NO-GO. Safety's above the line nobody."""
    rationale = prose_of(body.rationale)
    wanted = {"role": body.role, "round": body.round, "rationale": rationale.digest}
    return await _give(svc, who, launch, "override", wanted, body, (rationale,), response, key)


@router.post("/{subject}/hold", responses=COMMAND)
async def hold_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Hold it, now: in force when this answers, also while the orchestrator is down."""
    return await _why(svc, who, launch, "hold", body, response, key, if_match)


@router.post("/{subject}/suspend", responses=COMMAND)
async def suspend_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Take everything it opened out of service, now, also while the orchestrator is down."""
    return await _why(svc, who, launch, "suspend", body, response, key, if_match)


@router.post("/{subject}/resume", responses=COMMAND)
async def resume_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """End a hold: back to where it was, if its time has not passed and its gates hold."""
    return await _why(svc, who, launch, "resume", body, response, key, if_match, needed=True)


@router.post("/{subject}/restore", responses=COMMAND)
async def restore_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """End a suspension: two people. What fails I6 by now stays dark."""
    return await _why(svc, who, launch, "restore", body, response, key, if_match, needed=True)


@router.post("/{subject}/cancel", responses=COMMAND)
async def cancel_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    body: ReasonBody,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Give it up: two people, once it was planned. Its items are ready, their approvals stay."""
    return await _why(svc, who, launch, "cancel", body, response, key, if_match, needed=True)


@router.post("/{subject}/open-gates", responses=COMMAND)
async def open_gates(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Have the gates answered."""
    return await _plain(svc, who, launch, "open_gates", response, key, if_match)


@router.post("/{subject}/call-poll", responses=COMMAND)
async def call_poll(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Have the poll opened again after a round that failed."""
    return await _plain(svc, who, launch, "call_poll", response, key, if_match)


@router.post("/{subject}/next-wave", responses=COMMAND)
async def next_wave(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Open the next wave, now."""
    return await _plain(svc, who, launch, "next_wave", response, key, if_match)


@router.post("/{subject}/finish", responses=COMMAND)
async def finish_launch(
    svc: Svc,
    who: Who,
    launch: SeenLaunch,
    response: Response,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Be live with the waves that are open."""
    return await _plain(svc, who, launch, "finish", response, key, if_match)


async def _give(
    svc: Services,
    who: Actor,
    launch: Launch,
    kind: str,
    wanted: dict[str, Any],
    body: Body,
    texts: tuple[ProseRow, ...],
    response: Response,
    key: str | None,
) -> dict[str, Any]:
    given = body.model_dump(mode="json", exclude_none=True)
    outcome = await order(svc, who, launch, kind, wanted, key=key, given=given, texts=texts)
    return answered(outcome, response)


async def _why(
    svc: Services,
    who: Actor,
    launch: Launch,
    kind: str,
    body: ReasonBody,
    response: Response,
    key: str | None,
    if_match: str | None,
    *,
    needed: bool = False,
) -> dict[str, Any]:
    words, texts = worded(body.reason, body.note)
    outcome = await order(
        svc,
        who,
        launch,
        kind,
        words,
        key=key,
        seen=if_match,
        needs_seen=needed,
        given=body.given(),
        texts=texts,
    )
    return answered(outcome, response)


async def _plain(
    svc: Services,
    who: Actor,
    launch: Launch,
    kind: str,
    response: Response,
    key: str | None,
    if_match: str | None,
) -> dict[str, Any]:
    outcome = await order(svc, who, launch, kind, key=key, seen=if_match, needs_seen=True)
    return answered(outcome, response)
