"""What people do to a launch under way: answer gates, vote, hold, resume, suspend, go on."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, model_validator

from api.bodies import Body, Instant, Note, ReasonBody, worded
from api.launch_asked import Asking, Deciding
from api.release_bodies import Override
from api.schema import COMMAND
from gonogo.db.prose import prose_of
from policies.lifecycle.kernel import iso

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


class RestoreBody(ReasonBody):
    """`override`: why the second voice, if the windows in the way name a role of theirs, has it
    return inside them."""

    override: Override | None = None


class OverrideBody(Body):
    role: _Role
    round: _Round
    rationale: Note


@router.post("/{subject}/attest", responses=COMMAND)
async def attest_gate(asked: Asking, body: AttestBody) -> dict[str, Any]:
    """Show evidence for a gate of your role."""
    evidence = prose_of(body.evidence)
    wanted = {
        "gate": body.gate,
        "evidence": evidence.digest,
        "until": iso(body.until) if body.until else None,
    }
    return await asked.give("attest", wanted, body.given(), (evidence,))


@router.post("/{subject}/sign", responses=COMMAND)
async def sign_gate(asked: Asking, body: SignBody) -> dict[str, Any]:
    """Say yes or no for a gate of your role. A no on the way to the opening holds the launch."""
    reason = prose_of(body.reason) if body.reason else None
    wanted = {
        "gate": body.gate,
        "verdict": body.verdict,
        "reason": reason.digest if reason else None,
    }
    texts = (reason,) if reason else ()
    return await asked.give("sign", wanted, body.given(), texts)


@router.post("/{subject}/waive", responses=COMMAND)
async def waive_gate(asked: Asking, body: WaiveBody) -> dict[str, Any]:
    """Accept the risk of a gate that does not hold, where the pack lets your role."""
    reason = prose_of(body.reason)
    wanted = {"gate": body.gate, "reason": reason.digest}
    return await asked.give("waive", wanted, body.given(), (reason,))


@router.post("/{subject}/vote", responses=COMMAND)
async def vote(asked: Asking, body: VoteBody) -> dict[str, Any]:
    """Speak for your role in the go/no-go poll. Changing it appends; dissent is kept for good."""
    statement = prose_of(body.statement) if body.statement else None
    wanted = {
        "role": body.role,
        "round": body.round,
        "vote": body.vote,
        "statement": statement.digest if statement else None,
    }
    texts = (statement,) if statement else ()
    return await asked.give("vote", wanted, body.given(), texts)


@router.post("/{subject}/override", responses=COMMAND)
async def override_vote(asked: Asking, body: OverrideBody) -> dict[str, Any]:
    """Accept, as the named risk acceptor, the risk of a NO-GO. Safety's above the line nobody."""
    rationale = prose_of(body.rationale)
    wanted = {"role": body.role, "round": body.round, "rationale": rationale.digest}
    return await asked.give("override", wanted, body.given(), (rationale,))


@router.post("/{subject}/hold", responses=COMMAND)
async def hold_launch(asked: Deciding, body: ReasonBody) -> dict[str, Any]:
    """Hold it, now: in force when this answers, also while the orchestrator is down."""
    return await asked.because("hold", body)


@router.post("/{subject}/suspend", responses=COMMAND)
async def suspend_launch(asked: Deciding, body: ReasonBody) -> dict[str, Any]:
    """Take everything it opened out of service, now, also while the orchestrator is down."""
    return await asked.because("suspend", body)


@router.post("/{subject}/resume", responses=COMMAND)
async def resume_launch(asked: Deciding, body: ReasonBody) -> dict[str, Any]:
    """End a hold: back to where it was, if its time has not passed and its gates hold."""
    return await asked.because("resume", body, needs_seen=True)


@router.post("/{subject}/restore", responses=COMMAND)
async def restore_launch(asked: Deciding, body: RestoreBody) -> dict[str, Any]:
    """End a suspension: two people, and no window, unless the second of them gets past it. What
    fails I6 by now stays dark."""
    words, texts = worded(body.reason, body.note)
    if body.override is None:
        return await asked.give("restore", words, body.given(), texts, needs_seen=True)
    why, more = worded(body.override.reason, body.override.note)
    wanted = {**words, "override": why}
    return await asked.give("restore", wanted, body.given(), (*texts, *more), needs_seen=True)


@router.post("/{subject}/cancel", responses=COMMAND)
async def cancel_launch(asked: Deciding, body: ReasonBody) -> dict[str, Any]:
    """Give it up: two people, once it was planned. Its items are ready, their approvals stay."""
    return await asked.because("cancel", body, needs_seen=True)


@router.post("/{subject}/open-gates", responses=COMMAND)
async def open_gates(asked: Deciding) -> dict[str, Any]:
    """Have the gates answered."""
    return await asked.give("open_gates", needs_seen=True)


@router.post("/{subject}/call-poll", responses=COMMAND)
async def call_poll(asked: Deciding) -> dict[str, Any]:
    """Have the poll opened again after a round that failed."""
    return await asked.give("call_poll", needs_seen=True)


@router.post("/{subject}/next-wave", responses=COMMAND)
async def next_wave(asked: Deciding) -> dict[str, Any]:
    """Open the next wave, now."""
    return await asked.give("next_wave", needs_seen=True)


@router.post("/{subject}/finish", responses=COMMAND)
async def finish_launch(asked: Deciding) -> dict[str, Any]:
    """Be live with the waves that are open."""
    return await asked.give("finish", needs_seen=True)
