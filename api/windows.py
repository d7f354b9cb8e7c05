"""Windows: declared by the API itself, whatever else is down; and what they do to a release."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.deps import Services
from api.errors import Problem
from api.kept import Order, Outcome
from api.stops import exists, owner
from api.views import time_text
from api.written import written
from gonogo.db.windows import in_force, scopes_of, zones_of
from gonogo.ids import new_id
from gonogo.zones import zone_named
from policies.errors import Refused
from policies.lifecycle.kernel import Actor, iso
from policies.lifecycle.release_state import FINAL, Phase, Release
from policies.lifecycle.window import MACHINE, DeclaredWindow
from policies.rules.window_plan import Covered, Projected, projected
from policies.rules.windows import over_at, window_of


async def declare(
    svc: Services,
    who: Actor,
    value: Mapping[str, Any],
    words: Mapping[str, Any],
    *,
    key: str | None,
    fingerprint: Mapping[str, Any],
) -> Outcome:
    """Declare a window: in force when this returns. `words` are reason and note by digest.

    A repeat of `key` gets the first answer. Raises a `Refused`, and `not-found` for a scope that
    does not exist. It asks the database only.
    """
    subject = new_id("win")
    window = window_of(value, subject)
    over = over_at(window, zone_named(window.tz))
    scope, _, target = window.scope.partition(":")
    if scope != "store" and not await run_in_threadpool(exists, svc, scope, target):
        raise Problem("not-found", f"there is no {scope} {target}")
    publisher = await run_in_threadpool(owner, svc, scope, target) if target else None
    return await written(
        svc,
        MACHINE,
        Order(
            machine="window",
            kind="declare",
            subject=subject,
            gpt="",
            actor=who,
            body={
                "window": window.as_json(),
                "over_at": iso(over) if over else None,
                "publisher": publisher,
                **words,
            },
            key=key,
            fresh=True,
            fingerprint=dict(fingerprint),
        ),
    )


def window_view(state: DeclaredWindow, now: datetime) -> dict[str, Any]:
    """`in_force`: it may still keep something back, now or later."""
    ends = _ends(state)
    over = ends is not None and ends <= now
    return {
        **state.window.as_json(),
        "status": state.status,
        "in_force": state.status == "declared" and not over,
        "reason": state.reason,
        "declared_by": state.declared_by,
        "declared_at": time_text(state.declared_at),
        "over_at": time_text(ends),
        "ended_by": state.ended_by,
        "ended_at": time_text(state.ended_at),
        "version": state.version,
        "seq": state.seq,
    }


def _ends(state: DeclaredWindow) -> datetime | None:
    """When it is over by the zone data of today; by those of its day where its zone is gone."""
    try:
        return over_at(state.window, zone_named(state.window.tz))
    except Refused:
        return state.over_at


def climb_of(session: Session, s: Release, now: datetime) -> Sequence[Projected]:
    """The stages still to come of a release, each with the freeze it would meet. Nothing for one
    that has no time of its own yet, or never will."""
    begins = s.scheduled_at or s.stage_over_at
    if s.frozen_until is not None:
        begins = s.frozen_until
    if begins is None or s.phase in FINAL or s.phase is Phase.BOUND:
        return ()
    of = Covered(s.store, s.gpt, s.publisher, s.digest, s.pack)
    scopes = scopes_of(session, of)
    known = in_force(session, s.store, s.pack, scopes, now)
    windows = [window for window in known if window.id not in s.overridden]
    after = 0 if s.stage is None else s.stage + 1
    stages = [
        (index, step.weight_bp, step.soak_s) for index, step in enumerate(s.plan) if index >= after
    ]
    return projected(windows, zones_of(windows), scopes, stages, max(begins, now))


def with_climb(view: dict[str, Any], climb: Sequence[Projected]) -> dict[str, Any]:
    """The release's view, its planned stages moved to when windows let them begin."""
    by_stage = {step.stage: step for step in climb}
    for one in view["rail"]:
        step = by_stage.get(one["stage"])
        one["frozen_by"] = list(step.freeze.windows) if step else []
        if step:
            one["earliest"] = time_text(step.begins)
            one["planned_at"] = time_text(step.planned)
    view["conflicts"] = [
        {
            "stage": step.stage,
            "at": iso(step.planned),
            "windows": list(step.freeze.windows),
            "next_legal": time_text(step.begins),
        }
        for step in climb
        if not step.freeze
    ]
    return view
