"""What people are shown of a state: values and codes for machines, whose turn and by when (I10)."""

from datetime import UTC, datetime
from typing import Any

from gonogo.db.codec import state_of
from gonogo.db.tables import EventRow, GptRow
from policies.errors import Refused
from policies.lifecycle.kernel import Actor, iso
from policies.lifecycle.machines import MACHINES
from policies.lifecycle.submission_state import FINAL, Stage, Submission

# Stage → whose turn it is, and what would unblock it, in a sentence for the developer.
TURNS: dict[Stage, tuple[str, str]] = {
    Stage.VALIDATING: ("system", "The static scan is running."),
    Stage.TESTING: ("system", "Safety probes are running against the model."),
    Stage.QUEUED: ("reviewer", "A reviewer claims it."),
    Stage.IN_REVIEW: ("reviewer", "The reviewer decides, or asks."),
    Stage.INFO_REQUESTED: ("developer", "Answer the reviewer's question."),
    Stage.CHANGES_REQUESTED: (
        "developer",
        "Change what the findings or clauses name and submit again.",
    ),
    Stage.HELD: ("second reviewer", "A second person confirms or disagrees."),
    Stage.ESCALATED: ("specialist", "The escalation is decided."),
    Stage.APPROVED: ("product lead", "The release is started or scheduled."),
    Stage.REJECTED: ("developer", "Submit a changed bundle, or appeal."),
    Stage.WITHDRAWN: ("developer", "Submit again at any time."),
    Stage.EXPIRED: ("developer", "Submit again; within the time allowed it keeps its number."),
}


def submission_view(state: Submission | dict[str, Any], gpt: GptRow | None) -> dict[str, Any]:
    s: Submission = state_of("submission", state) if isinstance(state, dict) else state
    turn, unblocks = TURNS[s.stage]
    by_when = None if s.stage in FINAL else s.wait_until or s.due_at
    return {
        "id": s.id,
        "gpt": s.gpt,
        "name": gpt.name if gpt else None,
        "category": gpt.category if gpt else None,
        "publisher": s.publisher,
        "stage": s.stage.value,
        "final": s.stage in FINAL,
        "version": s.version,
        "round": s.round,
        "digest": s.digest,
        "tier": s.tier,
        "tier_reasons": list(s.tier_reasons),
        "turn": turn,
        "unblocks": unblocks,
        "by_when": time_text(by_when),
        "due_at": time_text(s.due_at),
        "opened_at": time_text(s.opened_at),
        "since": time_text(s.since),
        "claimant": s.claimant,
        "lease_until": time_text(s.lease_until),
        "why": list(s.why),
        "blocked_by": list(s.blocked_by),
        "evidence": list(s.evidence),
        "release": s.release,
        "settled": s.settled,
        "decision": None
        if s.decision is None
        else {
            "verdict": s.decision.verdict,
            "by": s.decision.by,
            "second": s.decision.second,
            "at": time_text(s.decision.at),
            "clauses": list(s.decision.clauses),
            "effective_at": time_text(s.decision.effective_at),
            "note": s.decision.note,
        },
        "pack": s.terms.pack,
        "seq": s.seq,
    }


def can_view(machine: str, state: Any, who: Actor) -> dict[str, Any]:
    """For each command a person may give: allowed, or the refusal's code and reason."""
    return {kind: can_one(machine, kind, state, who) for kind in MACHINES[machine].commands}


def can_one(machine: str, kind: str, state: Any, who: Actor) -> dict[str, Any]:
    try:
        MACHINES[machine].permit(state, kind, who, datetime.now(UTC))
    except Refused as refused:
        return {"allowed": False, "code": refused.code, "because": refused.because}
    return {"allowed": True}


def review_row(
    state: Submission, gpt: GptRow | None, who: Actor, lease_until: datetime | None
) -> dict[str, Any]:
    """A line of the review queue: how urgent it is, who holds it, whether `who` may claim it."""
    now = datetime.now(UTC)
    return {
        "id": state.id,
        "gpt": state.gpt,
        "name": gpt.name if gpt else None,
        "category": gpt.category if gpt else None,
        "publisher": state.publisher,
        "stage": state.stage.value,
        "version": state.version,
        "round": state.round,
        "digest": state.digest,
        "tier": state.tier,
        "tier_reasons": list(state.tier_reasons),
        "due_at": time_text(state.due_at),
        "overdue": bool(state.due_at and state.due_at < now),
        "ladder_steps": state.ladder_steps,
        "queued_at": time_text(state.queued_at),
        "claimant": state.claimant,
        "lease_until": time_text(lease_until or state.lease_until),
        "preferred": state.preferred,
        "why": list(state.why),
        "blocked_by": list(state.blocked_by),
        "can": {
            kind: can_one("submission", kind, state, who)
            for kind in ("claim", "confirm", "disagree")
        },
    }


def event_view(row: EventRow) -> dict[str, Any]:
    return {
        "position": row.position,
        "subject": row.subject,
        "seq": row.seq,
        "type": row.type,
        "actor": row.actor_id,
        "command": row.command_id,
        "occurred_at": iso(row.occurred_at),
        "pack": row.pack,
        "rules": row.rules,
        "evidence": list(row.evidence),
        "body": row.body,
    }


def time_text(at: datetime | None) -> str | None:
    return iso(at) if at else None
