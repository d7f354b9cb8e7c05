"""What people are shown of launches and their items: whose turn it is, by when, what is missing."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from api.views import time_text
from gonogo.db.launches import LaunchPicture
from gonogo.db.tables import GptRow, ReleasePicture
from policies.lifecycle.launch_due import due
from policies.lifecycle.launch_state import FINAL, Launch, Status
from policies.rules.gates import GateVerdict

# Status → whose turn it is, and what would unblock it.
TURNS: Mapping[Status, tuple[str, str]] = {
    Status.DRAFT: ("product lead", "Plan it: give it a target."),
    Status.PLANNED: ("product lead", "Bind items, narrow the target, open the gates."),
    Status.GATING: ("gate owners", "Every gate is answered; then the poll opens by itself."),
    Status.POLL: ("polled roles", "Every polled role says GO."),
    Status.ARMED: ("system", "The countdown starts by itself."),
    Status.COUNTDOWN: (
        "system",
        "It opens by itself at its instant; a hold stops it.",
    ),
    Status.LAUNCHING: ("system", "The wave is opening."),
    Status.LIVE: ("product lead", "Close it once it has soaked, with a report."),
    Status.PARTIAL: ("product lead", "Call the next wave, or finish it as it is."),
    Status.SUSPENDED: ("product lead", "Two people restore it."),
    Status.CLOSED: ("nobody", "It is over."),
    Status.HOLD: ("product lead", "Resume it, postpone it, or cancel it with a second person."),
    Status.POSTPONED: ("product lead", "Plan its new date, or cancel it with a second person."),
    Status.CANCELLED: ("nobody", "It is over; its items are ready, their approvals stay."),
}


def launch_view(s: Launch, counts: Iterable[tuple[Any, ...]] = ()) -> dict[str, Any]:
    """One launch. `counts` are (wave, importance, phase, how many) of its items."""
    now = datetime.now(UTC)
    turn, unblocks = TURNS[s.status]
    owed = due(s)
    gates = s.gates(now)
    return {
        "id": s.id,
        "name": s.name,
        "status": s.status.value,
        "final": s.status in FINAL,
        "turn": turn,
        "unblocks": unblocks,
        "owed": owed.what if owed else None,
        "by_when": time_text(owed.at) if owed else None,
        "version": s.version,
        "seq": s.seq,
        "since": time_text(s.since),
        "drafted_by": s.drafted_by,
        "tz": s.tz,
        "target": s.target.as_json() if s.target else None,
        "opens_at": time_text(s.opens_at),
        "opened_at": time_text(s.opened_at),
        "mode": s.mode,
        "quorum": s.quorum,
        "wave": s.wave,
        "waves": s.waves,
        "wave_wanted": s.wave_wanted,
        "postponements": s.postponements,
        "gates": [_gate(verdict) for verdict in gates.verdicts],
        "gates_why": list(gates.why),
        "poll": _poll(s),
        "held": _held(s),
        "freeze": _freeze(s),
        "overridden": list(s.overridden),
        "proposed": s.proposal.what if s.proposal else None,
        "proposed_by": s.proposal.by if s.proposal else None,
        "excluded": dict(sorted(s.excluded.items())[:100]),
        "excluded_count": len(s.excluded),
        "items": items_by(counts),
        "pack": s.terms.pack,
    }


def items_by(counts: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """How many items there are: in all, by wave, by importance, by phase."""
    found: dict[str, Any] = {"total": 0, "by_wave": {}, "by_importance": {}, "by_phase": {}}
    for wave, importance, phase, count in counts:
        found["total"] += count
        for name, value in (
            ("by_wave", str(wave)), ("by_importance", importance), ("by_phase", phase),
        ):  # fmt: skip
            found[name][value] = found[name].get(value, 0) + count
    return found


def _gate(v: GateVerdict) -> dict[str, Any]:
    return {
        "id": v.gate.id,
        "kind": v.gate.kind,
        "owner_role": v.gate.owner_role,
        "waivable_by": v.gate.waivable_by,
        "status": v.status,
        "until": time_text(v.until),
        "by": v.by,
        "value": v.value,
        "why": v.why,
        "measure": v.gate.looks_at,
        "least": v.gate.least,
        "most": v.gate.most,
    }


def _poll(s: Launch) -> dict[str, Any] | None:
    if s.poll is None:
        return None
    standing = s.standing_votes()
    return {
        "round": s.poll.round,
        "opened_at": time_text(s.poll.opened_at),
        "closes_at": time_text(s.poll.closes_at),
        "outcome": s.poll.outcome,
        "waits_for": [role for role in s.terms.poll_roles if role not in standing],
        "votes": [
            {
                "role": vote.role,
                "vote": vote.vote,
                "by": vote.by,
                "at": time_text(vote.at),
                "statement": vote.statement,
                "override": vote.override,
                "stands": standing.get(vote.role) is vote,
            }
            for vote in s.votes
            if vote.round == s.poll.round
        ],
    }


def _held(s: Launch) -> dict[str, Any] | None:
    if s.held is None:
        return None
    return {
        "cause": s.held.cause,
        "before": s.held.before.value,
        "by": s.held.by,
        "at": time_text(s.held.at),
        "review_by": time_text(s.held.review_by),
        "why": list(s.held.why),
        "failing": list(s.held.failing),
        "reason": s.held.reason,
        "note": s.held.note,
    }


def _freeze(s: Launch) -> dict[str, Any] | None:
    """Windows over the opening, as they were last seen."""
    if s.freeze is None:
        return None
    return {
        "windows": list(s.freeze.windows),
        "until": time_text(s.freeze.until) if s.freeze.until else None,
        "override_roles": list(s.freeze.roles),
        "seen_at": time_text(s.freeze.at),
        "waits": s.freeze.waits,
    }


def launch_row(row: LaunchPicture) -> dict[str, Any]:
    """A line of the list of launches."""
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "opens_at": time_text(row.opens_at),
        "opened_at": time_text(row.opened_at),
        "wave": row.wave,
        "tz": row.tz,
        "version": row.version,
    }


def item_view(row: ReleasePicture, gpt: GptRow | None, excluded: bool) -> dict[str, Any]:
    """A line of the list of a launch's items."""
    return {
        "release": row.id,
        "gpt": row.gpt,
        "name": gpt.name if gpt else None,
        "publisher": row.publisher,
        "phase": row.phase,
        "wave": row.wave,
        "importance": row.importance,
        "requires": list(row.state.get("requires") or ()),
        "why": list(row.state.get("why") or ()),
        "passed_over": excluded,
        "version": row.version,
    }
