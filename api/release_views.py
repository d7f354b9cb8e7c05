"""What people are shown of releases, listings, stops and catalogue entries (I10)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from api.views import time_text
from gonogo.db.catalogue import Entry
from gonogo.db.tables import EventRow, GptRow
from policies.lifecycle.listing import Listing, Status
from policies.lifecycle.release_state import FINAL, Phase, Release
from policies.lifecycle.stop import Stop

# Phase → whose turn it is, and what would unblock it.
TURNS: Mapping[Phase, tuple[str, str]] = {
    Phase.READY: ("product lead", "Start it, or schedule it."),
    Phase.SCHEDULED: ("system", "It starts by itself at its time, if everything still holds."),
    Phase.BOUND: ("product lead", "The launch it is bound to opens."),
    Phase.BLOCKED: ("product lead", "Remove what `why` names; it is looked at again by itself."),
    Phase.ROLLING: ("system", "The stage soaks; then the next one begins."),
    Phase.BAKING: ("system", "The last stage is watched before it is completed."),
    Phase.PAUSED: ("product lead", "Resume it; whoever has it keeps it meanwhile."),
    Phase.HELD: ("product lead", "Clear what `why` names, then resume, cancel or roll back."),
    Phase.HALTED: ("product lead", "Two people resume it, or one rolls it back."),
    Phase.ROLLED_BACK: ("developer", "Submit a corrected revision."),
    Phase.COMPLETED: ("nobody", "Everyone is served this revision."),
    Phase.CANCELLED: ("developer", "Submit again; the approval stays on record."),
    Phase.SUPERSEDED: ("nobody", "A newer release took its place."),
}
WITHDRAWN = "Say that it may ship alone, or cancel it."
FROZEN = "It goes on by itself when the window ends; whoever has it keeps it meanwhile."
_LISTED: Mapping[Status, tuple[str, str]] = {
    Status.UNLISTED: ("developer", "A release lists it, or its developer lists it again."),
    Status.LISTED: ("nobody", "It is served."),
    Status.QUARANTINED: ("safety on-call", "Safety lifts the quarantine after a look."),
    Status.DELISTED: ("developer", "Only an appeal brings it back."),
}


def release_view(
    state: Release, gpt: GptRow | None, entered: Iterable[EventRow] = ()
) -> dict[str, Any]:
    """One release. `entered` are its `release:stage:entered` events, for the rail's real times."""
    s = state
    turn, unblocks = TURNS[s.phase]
    if s.is_withdrawn:
        turn, unblocks = "developer", WITHDRAWN
    if s.frozen_by and s.frozen_until:
        turn, unblocks = "system", FROZEN
    by_when = s.frozen_until or {
        Phase.SCHEDULED: s.scheduled_at,
        Phase.ROLLING: s.stage_over_at,
        Phase.PAUSED: s.pause_until,
    }.get(s.phase)
    return {
        "id": s.id,
        "gpt": s.gpt,
        "name": gpt.name if gpt else None,
        "publisher": s.publisher,
        "listing": s.listing,
        "submission": s.submission,
        "digest": s.digest,
        "previous": s.previous,
        "phase": s.phase.value,
        "final": s.phase in FINAL,
        "version": s.version,
        "seq": s.seq,
        "since": time_text(s.since),
        "pack": s.pack,
        "turn": turn,
        "unblocks": unblocks,
        "by_when": time_text(by_when),
        "why": list(s.why),
        "stage": s.stage,
        "stages": len(s.plan),
        "weight_bp": s.step.weight_bp if s.step else 0,
        "visibility": s.step.visibility if s.step else None,
        "stage_over_at": time_text(s.stage_over_at),
        "scheduled_at": time_text(s.scheduled_at),
        "scheduled_time": dict(s.scheduled_local) if s.scheduled_local else None,
        "paused_by": s.paused_by,
        "pause_until": time_text(s.pause_until),
        "frozen_by": list(s.frozen_by),
        "frozen_until": time_text(s.frozen_until),
        "pause_left_s": max(0.0, s.pause_max_s - s.paused_s),
        "proposed_by": s.proposed_by,
        "launch": s.launch,
        "wave": s.wave,
        "importance": s.importance,
        "requires": list(s.requires),
        "rail": _rail(s, {row.body["stage"]: row.occurred_at for row in entered}),
    }


def _rail(s: Release, entered: Mapping[int, datetime]) -> list[dict[str, Any]]:
    """Every planned stage: done, current or planned, with real times and the earliest planned."""
    steps: list[dict[str, Any]] = []
    begins = s.scheduled_at
    for index, step in enumerate(s.plan):
        over = s.phase is Phase.COMPLETED or (s.stage is not None and index < s.stage)
        current = index == s.stage and not over
        if current:
            begins = s.stage_over_at
        state = "done" if over else "current" if current else "planned"
        steps.append(
            {
                "stage": index,
                "state": state,
                "weight_bp": step.weight_bp,
                "visibility": step.visibility,
                "soak_s": step.soak_s,
                "entered_at": time_text(entered.get(index)),
                "over_at": time_text(s.stage_over_at) if current else None,
                "earliest": time_text(begins)
                if state == "planned" and s.phase not in FINAL
                else None,
            }
        )
        if state == "planned" and begins is not None:
            begins += timedelta(seconds=step.soak_s)
    return steps


def listing_view(state: Listing, gpt: GptRow | None) -> dict[str, Any]:
    turn, unblocks = _LISTED[state.status]
    e = state.exposure
    return {
        "id": state.id,
        "gpt": state.gpt,
        "name": gpt.name if gpt else None,
        "publisher": state.publisher,
        "status": state.status.value,
        "turn": turn,
        "unblocks": unblocks,
        "since": time_text(state.since),
        "version": state.version,
        "seq": state.seq,
        "why": list(state.why),
        "quarantined_by": state.quarantined_by,
        "exposure": {
            "stable": e.stable,
            "candidate": e.candidate,
            "release": e.release,
            "weight_bp": e.weight_bp,
            "visibility": e.visibility,
            "halted": e.halted,
        },
    }


def stop_view(state: Stop) -> dict[str, Any]:
    return {
        "id": state.id,
        "scope": state.scope,
        "target": state.target,
        "reason": state.reason,
        "status": state.status,
        "placed_by": state.placed_by,
        "placed_at": time_text(state.placed_at),
        "lifted_by": state.lifted_by,
        "lifted_at": time_text(state.lifted_at),
        "version": state.version,
        "seq": state.seq,
    }


def entry_view(entry: Entry) -> dict[str, Any]:
    """What everybody may know of a GPT that is served."""
    revision, publisher = entry.revision, entry.publisher
    return {
        "gpt": revision.gpt,
        "name": revision.name,
        "description": revision.description,
        "category": revision.category,
        "starters": list(revision.starters),
        "digest": revision.digest,
        "visibility": entry.visibility,
        "publisher": {
            "id": entry.offered_by,
            "name": publisher.name if publisher else None,
            "verified": bool(publisher and publisher.verified_at),
        },
    }
