"""What people are shown of a launch: values and codes; its date also in people's words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.views import time_text
from gonogo.zones import today_in
from policies.lifecycle.launch_items import Items
from policies.lifecycle.launch_state import AHEAD, FINAL, OPENED, Launch, Status
from policies.rules import target_words
from policies.rules.launch_plan import Count, Importance
from policies.rules.launch_turns import headline
from policies.rules.target import Target, deadline


def launch_view(
    s: Launch, now: datetime, locale: str = "en", items: Items | None = None
) -> dict[str, Any]:
    """One launch at `now` (UTC), without its items. `items`, where somebody counted them."""
    whose = headline(s, now, items)
    gates = s.gates(now)
    return {
        "id": s.id,
        "name": s.name,
        "status": s.status.value,
        "final": s.status in FINAL,
        "is_ahead": s.status in AHEAD or s.status in (Status.HOLD, Status.POSTPONED),
        "is_out": s.status in OPENED or s.status is Status.CLOSED,
        "version": s.version,
        "seq": s.seq,
        "since": time_text(s.since),
        "tz": s.tz,
        "mode": s.mode,
        "quorum": s.quorum,
        "pack": s.terms.pack,
        "drafted_by": s.drafted_by,
        "target": target_view(s.target, now, locale),
        "opens_at": time_text(s.opens_at),
        "opened_at": time_text(s.opened_at),
        "wave": s.wave,
        "waves": s.waves,
        "postponements": s.postponements,
        "round": s.rounds,
        "poll_before_s": s.terms.poll_open_before_s,
        "turn": list(whose.roles),
        "by_when": time_text(whose.by_when),
        "unblocks": whose.what,
        "unblocks_of": list(whose.of),
        "unblocks_why": list(whose.why),
        "outside": _outside(s),
        "gates_green": sum(1 for one in gates.verdicts if one),
        "gates": len(gates.verdicts),
        "held": None
        if s.held is None
        else {
            "cause": s.held.cause,
            "before": s.held.before.value,
            "by": s.held.by,
            "at": time_text(s.held.at),
            "review_by": time_text(s.held.review_by),
            "why": list(s.held.why),
            "failing": list(s.held.failing),
        },
        "proposal": None
        if s.proposal is None
        else {"what": s.proposal.what, "by": s.proposal.by, "at": time_text(s.proposal.at)},
        "score": s.score,
    }


def _outside(s: Launch) -> dict[str, Any]:
    """The same for those who are not of the staff: whose part it is inside is not theirs."""
    if s.status in FINAL:
        return {"turn": "nobody", "by_when": None, "unblocks": "over"}
    if s.status in OPENED:
        return {"turn": "nobody", "by_when": None, "unblocks": "open"}
    what = "way" if s.opens_at else "date"
    if s.status in (Status.HOLD, Status.SUSPENDED):
        what = "decision"
    owed = deadline(s.target) if s.target else None
    return {"turn": "staff", "by_when": time_text(owed), "unblocks": what}


def target_view(t: Target | None, now: datetime, locale: str = "en") -> dict[str, Any] | None:
    """A target as people say it on this day, and exactly."""
    if t is None:
        return None
    return {**t.as_json(), "says": target_words.says(t, locale, today_in(t.tz, now))}


def share(counts: Mapping[Importance, Count]) -> dict[str, Any]:
    """Ready and planned by importance, and of all."""
    by = {one.value: counts.get(one, Count()) for one in Importance}
    planned, ready = sum(c.planned for c in by.values()), sum(c.ready for c in by.values())
    return {
        "planned": planned,
        "ready": ready,
        "by": [
            {"importance": name, "planned": count.planned, "ready": count.ready}
            for name, count in by.items()
        ],
    }


def judged_at(s: Launch, now: datetime) -> datetime:
    """The latest moment its items must be ready for: what holds then holds for the whole date."""
    if s.target is None:
        return now
    at = s.target.end or s.target.replan_by or now
    return max(now, at if s.target.is_instant else at - timedelta(seconds=1))
