"""The pressure on a launch as values: for its page, its JSON, its table, its report."""

from collections.abc import Iterator
from typing import Any

from api.deps import Services
from api.subjects import launch_in
from api.views import time_text
from gonogo.db.launch_pressed import Pressed
from gonogo.db.launch_pressed import pressed as of_launch
from gonogo.db.launch_pressure import Looked, Timed
from gonogo.db.session import reading
from policies.rules.pressure import hurry

SHOWN_MOST = 500
COLUMNS = (
    "what", "release", "gpt", "name", "tier", "wave", "importance", "step", "seconds",
    "usual_seconds", "missing_share", "code", "by", "at",
)  # fmt: skip


def pressed(svc: Services, subject: str) -> Pressed:
    """Raises `not-found`."""
    events = svc.ledger.events(svc.store, subject)
    with reading(svc.engine) as session:
        state = launch_in(svc, session, subject)
        return of_launch(session, state, events, svc.packs(state.terms.pack))


def pressure_view(found: Pressed, offset: int = 0, limit: int = 100) -> dict[str, Any]:
    told, state = found.told, found.launch
    ordered = worst_first(found.looked)
    return {
        "launch": state.id,
        "status": state.status.value,
        "value": told.value,
        "level": told.level,
        "parts": dict(told.parts),
        "counts": {
            "items": len(ordered),
            "not_approved": sum(not one.time.approved for one in ordered),
            "hurried_steps": told.hurried_in_all,
            "steps_without_usual": told.unknown,
        },
        "items": [_item(one) for one in ordered[offset : offset + limit]],
        "waived": [
            {"gate": one.body["gate"], "by": one.actor_id, "at": time_text(one.occurred_at)}
            for one in found.waivers
        ],
        "overridden": [
            {"role": vote.role, "by": vote.override, "round": vote.round}
            for vote in state.votes
            if vote.override
        ],
        "dissent": [
            {
                "role": vote.role,
                "vote": vote.vote,
                "by": vote.by,
                "at": time_text(vote.at),
                "round": vote.round,
            }
            for vote in state.votes
            if vote.vote != "GO"
        ],
        "moved": [
            {
                "what": one.type.partition(":")[2],
                "by": one.actor_id,
                "at": time_text(one.occurred_at),
            }
            for one in found.moves
        ],
        "shortened": [
            {"code": one.code, "of": one.of, "at": time_text(one.at), "by": one.by}
            for one in found.shortened[:SHOWN_MOST]
        ],
        "shortened_in_all": len(found.shortened),
    }


def worst_first(looked: Looked) -> list[Timed]:
    """By the larger of its two missing shares; what nothing is known of comes last."""

    def missing(one: Timed) -> float:
        return max((share for step in one.steps if (share := hurry(step)) is not None), default=-1)

    return sorted(looked.items, key=lambda one: (-missing(one), one.release))


def _item(one: Timed) -> dict[str, Any]:
    return {
        "release": one.release,
        "gpt": one.gpt,
        "name": one.name,
        "tier": one.tier,
        "wave": one.wave,
        "importance": one.importance,
        "approved": one.time.approved,
        "steps": [
            {
                "step": step.step,
                "seconds": step.seconds,
                "usual_s": step.usual_s,
                "missing": hurry(step),
            }
            for step in one.steps
        ],
    }


def pressure_rows(found: Pressed) -> Iterator[tuple[object, ...]]:
    """Rows of `COLUMNS`: the value and its parts, every step of every item, then what happened."""
    state, told = found.launch, found.told
    blank = ("",) * 5
    yield ("pressure", *blank, "", "", "", "", round(told.value, 4), told.level, "", "")
    for part, value in told.parts.items():
        yield ("part", *blank, "", "", "", "", round(value, 4), part, "", "")
    for one in worst_first(found.looked):
        about = (one.release, one.gpt, one.name, one.tier, one.wave, one.importance)
        for step in one.steps:
            share = hurry(step)
            missing = round(share, 4) if share is not None else None
            yield ("step", *about, step.step, step.seconds, step.usual_s, missing, "", "", "")
        if not one.steps:
            yield ("step", *about, "", "", "", "", "not_approved", "", "")
    for event in (*found.waivers, *found.moves):
        code = event.body.get("gate") or event.type.partition(":")[2]
        what = "waived" if event in found.waivers else "moved"
        yield _happened(what, code, event.actor_id, time_text(event.occurred_at))
    for vote in state.votes:
        if vote.vote != "GO":
            yield _happened("dissent", f"{vote.role}:{vote.vote}", vote.by, time_text(vote.at))
        if vote.override:
            yield _happened("overridden", vote.role, vote.override, time_text(vote.at))
    for short in found.shortened:
        yield _happened("shortened", short.code, short.by, time_text(short.at), short.of)


def _happened(
    what: str, code: object, by: str | None, at: str | None, of: str = ""
) -> tuple[object, ...]:
    return (what, of, *("",) * 9, code, by, at)
