"""What is looked up for a launch before it decides, and what the public sees of it."""

from datetime import datetime
from typing import Any

from gonogo.db import catalogue
from gonogo.db.launch_gates import measure
from gonogo.db.launch_items import observe
from gonogo.db.launch_windows import as_observed, windows_of_launch
from gonogo.db.session import reading
from gonogo.db.standing import standing_of
from gonogo.demo.launch.stage import Stage
from policies.lifecycle.launch_state import Status
from policies.rules.approvals import exposure_may_grow

_CATALOGUE_MOST = 1_000


def seen(stage: Stage, launch: str, at: datetime) -> dict[str, Any]:
    """`observed` of a launch's decider at `at`, as the launch's workflow has it looked up: items of
    the next wave, or of all that a return from a suspension would show; measured gates."""
    state = stage.state("launch", launch)
    opened = state.status is Status.SUSPENDED
    wave = state.wave if opened else state.wave + 1
    with reading(stage.engine) as session:
        opens = at if opened else max(at, state.opens_at or at)
        closed = windows_of_launch(session, stage.store, launch, opens)
        items = observe(
            session, stage.store, launch, wave=wave, opened=opened, at=at, closed=closed
        )
        measured = measure(session, stage.store, launch, at, stage.pack)
        return {"items": items, "gates": measured.gates, **as_observed(closed)}


def precheck(stage: Stage, submission: str, digest: str, at: datetime) -> tuple[str, ...]:
    """Codes of what of I6 does not hold at `at`."""
    with reading(stage.engine) as session:
        standing = standing_of(session, stage.store, submission, digest)
    return exposure_may_grow(standing, at).why


def served(stage: Stage, gpts: dict[str, str], unit: str = "somebody") -> int:
    """How many of `gpts` (id → digest) the catalogue serves `unit` with just that revision."""
    with reading(stage.engine) as session:
        answers = {gpt: catalogue.resolve(session, stage.store, gpt, unit) for gpt in gpts}
    return sum(answer is not None and answer.digest == gpts[gpt] for gpt, answer in answers.items())


def listed(stage: Stage) -> int:
    """How many GPTs the public catalogue shows."""
    with reading(stage.engine) as session:
        return len(catalogue.page(session, stage.store, limit=_CATALOGUE_MOST).rows)
