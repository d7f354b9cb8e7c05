"""Parts of a launch's board: its rail, its gates, its poll."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.deps import Services
from api.pages.wording import clock
from api.views import time_text
from policies.errors import PackFault
from policies.lifecycle.launch_state import Launch, Status
from policies.rules.gates import Gate, Mark
from policies.rules.measures import MEASURES, NOBODY_CAN

# The way of a launch that nothing stops; holds, postponements and suspensions stand on it.
WAY = ("planned", "gating", "poll", "armed", "countdown", "live", "closed")
_AT: Mapping[Status, str] = {
    Status.DRAFT: "",
    Status.POSTPONED: "planned",
    Status.LAUNCHING: "live",
    Status.PARTIAL: "live",
    Status.SUSPENDED: "live",
}


def rail(s: Launch, reached: Mapping[str, datetime], now: datetime) -> list[dict[str, Any]]:
    """Where it is on its way, with when it came to each step."""
    where = s.held.before if s.held and s.status is Status.HOLD else s.status
    here = _AT.get(where, where.value)
    if s.status is Status.CANCELLED:
        here = max((one for one in WAY if one in reached), key=WAY.index, default="planned")
    at = WAY.index(here) if here in WAY else -1
    look = {
        Status.HOLD: "still",
        Status.POSTPONED: "still",
        Status.SUSPENDED: "over",
        Status.CANCELLED: "over",
    }.get(s.status, "here")
    steps = []
    for index, name in enumerate(WAY):
        state = "done" if index < at else look if index == at else "planned"
        if s.status is Status.CLOSED:
            state = "done"
        more = "since " + clock(reached[name], s.tz, now) if name in reached and index <= at else ""
        if name == "live" and s.opens_at and index > at and s.status is not Status.CANCELLED:
            more = clock(s.opens_at, s.tz, now)
        steps.append({"name": name, "state": state, "more": more})
    return steps


def titles(svc: Services, s: Launch) -> Mapping[str, str]:
    """Titles of gates, by id, from the pack that the launch pins."""
    try:
        return {gate.id: gate.title for gate in svc.packs(s.terms.pack).launch.gates}
    except PackFault:
        return {}


def gate_lines(
    svc: Services, s: Launch, now: datetime, prose: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Every gate in the order of the pack: who answers, what was answered, until when it counts."""
    named = titles(svc, s)
    opening = s.opens_at
    found = []
    for verdict in s.gates(now).verdicts:
        gate, mark = verdict.gate, s.marks.get(verdict.gate.id)
        found.append(
            {
                "id": gate.id,
                "title": named.get(gate.id, gate.id.replace("_", " ")),
                "kind": gate.kind,
                "owner": gate.owner_role,
                "waivable_by": gate.waivable_by,
                "status": verdict.status,
                "until": time_text(verdict.until),
                "ends_before": bool(
                    verdict
                    and gate.kind != "measured"  # the store looks again by itself
                    and verdict.until
                    and opening
                    and now < verdict.until <= opening
                ),
                "by": verdict.by,
                "at": time_text(mark.at) if mark else None,
                "value": verdict.value,
                "most": gate.most,
                "least": gate.least,
                "unit": _unit(gate),
                "why": _why(gate, mark),
                "note": prose.get((mark.reason or mark.evidence or "") if mark else ""),
            }
        )
    return found


def _unit(gate: Gate) -> str:
    known = MEASURES.get(gate.looks_at or "")
    return known.unit if known else "value"


def _why(gate: Gate, mark: Mark | None) -> str | None:
    """Why the store has no value of a measured gate, as a code."""
    if gate.looks_at is not None and gate.looks_at not in MEASURES:
        return NOBODY_CAN
    return mark.why if mark else None


def poll_view(s: Launch, prose: Mapping[str, str]) -> dict[str, Any] | None:
    """The newest round: each role's standing vote, and every voice that was not GO, for good."""
    if s.poll is None:
        return _earlier(s, prose)
    stand = s.standing_votes()
    roles = []
    for role in s.terms.poll_roles:
        vote = stand.get(role)
        before = [
            v for v in s.votes if v.round == s.poll.round and v.role == role and v is not vote
        ]
        roles.append(
            {
                "role": role,
                "vote": vote.vote if vote else None,
                "by": vote.by if vote else None,
                "at": time_text(vote.at) if vote else None,
                "statement": prose.get(vote.statement or "") if vote else None,
                "override": vote.override if vote else None,
                "before": [{"vote": v.vote, "by": v.by, "at": time_text(v.at)} for v in before],
            }
        )
    return {
        "round": s.poll.round,
        "opened_at": time_text(s.poll.opened_at),
        "closes_at": time_text(s.poll.closes_at),
        "outcome": s.poll.outcome,
        "is_open": s.status is Status.POLL,
        "roles": roles,
        "dissent": _dissent(s, prose),
    }


def _earlier(s: Launch, prose: Mapping[str, str]) -> dict[str, Any] | None:
    """Rounds for an earlier date count no longer; who dissented in them stays visible."""
    if not s.votes:
        return None
    return {"round": s.rounds, "opened_at": None, "closes_at": None, "outcome": "earlier",
            "is_open": False, "roles": [], "dissent": _dissent(s, prose)}  # fmt: skip


def _dissent(s: Launch, prose: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "round": v.round,
            "role": v.role,
            "vote": v.vote,
            "by": v.by,
            "at": time_text(v.at),
            "statement": prose.get(v.statement or ""),
            "override": v.override,
        }
        for v in reversed(s.votes)
        if v.vote != "GO"
    ]
