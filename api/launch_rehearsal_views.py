"""A rehearsal as values: codes, roles and instants that pages and the command line put in words."""

from collections.abc import Sequence
from typing import Any

from api.launch_rehearsal import Played
from api.views import time_text
from policies.rules.launch_report import LOOKS, code_of
from policies.rules.launch_turns import Turn
from policies.rules.rehearsal import Blocked, Moment, Wait

SHOWN_MOST = 500  # of any list


def rehearsal_view(done: Played) -> dict[str, Any]:
    scenario, result = done.scenario, done.result
    items = scenario.items
    return {
        "launch": scenario.launch.id,
        "version": scenario.launch.version,
        "seed": scenario.seed,
        "start": time_text(scenario.start),
        "until": time_text(scenario.until),
        "opening": time_text(done.opening),
        "status": result.status.value,
        "opened_at": time_text(result.opened_at),
        "in_time": result.in_time,
        "finished": result.finished,
        "moments": [_moment(one) for one in listed(done)[:SHOWN_MOST]],
        "moments_in_all": len(result.moments),
        "blocked": [_blocked(one) for one in result.blocked[:SHOWN_MOST]],
        "waits": [_wait(one) for one in result.waits[:SHOWN_MOST]],
        "left": [_turn(one) for one in result.left[:SHOWN_MOST]],
        "assumed": {
            "delay_s": scenario.delay_s,
            "items": sum(one.count for one in items),
            "ready": sum(one.count for one in items if one.ready_at == scenario.start),
            "ready_later": sum(
                one.count for one in items if one.ready_at and one.ready_at > scenario.start
            ),
            "never_ready": sum(one.count for one in items if one.ready_at is None),
            "unmeasured": sorted(scenario.unmeasured),
        },
        "summary": None
        if done.spread is None
        else {
            "runs": done.spread.runs,
            "opened": done.spread.opened,
            "in_time": done.spread.in_time,
            "half_by": time_text(done.spread.half_by),
            "most_by": time_text(done.spread.most_by),
        },
    }


def listed(done: Played) -> list[Moment]:
    """What happens in it, in order. What the system measured again fills no page."""
    return [one for one in done.result.moments if one.type not in LOOKS]


def _moment(one: Moment) -> dict[str, Any]:
    body = one.body
    return {
        "at": time_text(one.at),
        "what": one.type.partition(":")[2] if one.type.startswith("launch:") else one.type,
        "by": role_of(one.by),
        "code": code_of(body),
        "of": body.get("gate") or body.get("role"),
        "why": _codes(body.get("why")),
        "releases": _codes(body.get("failing") or body.get("excluded")),
        "ready": body.get("ready"),
    }


def role_of(actor: str) -> str:
    """Who played it: `rehearsal:<role>:<number>` is nobody but that role."""
    return actor.split(":")[1] if actor.startswith("rehearsal:") else actor


def _codes(found: Any) -> list[str]:
    named = found if isinstance(found, Sequence) and not isinstance(found, str) else ()
    return [str(one) for one in named][:20]


def _blocked(one: Blocked) -> dict[str, Any]:
    return {
        "what": one.what,
        "code": one.code,
        "why": list(one.why[:20]),
        "at": time_text(one.at),
        "until": time_text(one.until),
    }


def _wait(one: Wait) -> dict[str, Any]:
    return {
        "who": list(one.who),
        "what": one.what,
        "of": one.of,
        "at": time_text(one.at),
        "until": time_text(one.until),
        "seconds": (one.until - one.at).total_seconds() if one.until else None,
    }


def _turn(one: Turn) -> dict[str, Any]:
    return {
        "who": list(one.who),
        "what": one.what,
        "of": one.of,
        "by": time_text(one.by),
        "why": list(one.why[:20]),
    }
