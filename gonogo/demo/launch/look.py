"""What is looked up for a launch before it decides: its items against I6, and measured gates."""

from datetime import datetime
from typing import Any

from sqlmodel import col, func, select

from gonogo.db import catalogue
from gonogo.db.session import reading
from gonogo.db.standing import standing_of
from gonogo.db.tables import ReleasePicture, StopPicture, StoreRow, SubmissionPicture
from gonogo.demo.launch.stage import Stage
from policies.lifecycle.kernel import iso
from policies.pack import TIERS
from policies.rules.approvals import exposure_may_grow

_CATALOGUE_MOST = 1_000


def items_seen(stage: Stage, launch: str, now: datetime, wave: int = 1) -> dict[str, Any]:
    """`observed["items"]`: every bound release of the launch against I6 at `now`."""
    counts = dict.fromkeys(
        f"{kind}{what}" for kind in ("must", "should", "optional") for what in ("", "_ready")
    )
    seen: dict[str, Any] = dict.fromkeys(counts, 0)
    failing: dict[str, list[str]] = {}
    tier = TIERS[0]
    with reading(stage.engine) as session:
        store = session.get(StoreRow, stage.store)
        rows = session.exec(
            select(ReleasePicture, SubmissionPicture)
            .join(
                SubmissionPicture,
                (col(SubmissionPicture.store_id) == ReleasePicture.store_id)
                & (col(SubmissionPicture.id) == ReleasePicture.submission),
            )
            .where(
                ReleasePicture.store_id == stage.store,
                ReleasePicture.launch == launch,
                ReleasePicture.phase == "bound",
            )
            .order_by(col(ReleasePicture.id))
        ).all()
        for release, case in rows:
            standing = standing_of(session, stage.store, release.submission, release.digest)
            why = exposure_may_grow(standing, now).why
            seen[str(release.importance)] += 1
            seen[f"{release.importance}_ready"] += not why
            tier = max(tier, case.state["tier"] or TIERS[-1], key=TIERS.index)
            if why:
                failing[release.id] = list(why)
        position = store.position if store else 0
    more = {"wave": wave, "waves": 1, "tier": tier, "position": position, "holds_until": None}
    return {**seen, "failing": failing, **more}


def gates_seen(stage: Stage, now: datetime) -> dict[str, Any]:
    """`observed["gates"]`: the measured gates of the default rules, looked at in the database."""
    with reading(stage.engine) as session:
        stops = session.exec(
            select(func.count())
            .select_from(StopPicture)
            .where(
                StopPicture.store_id == stage.store,
                StopPicture.status == "active",
                col(StopPicture.scope).in_(("store", "category")),
            )
        ).one()
        late = session.exec(
            select(func.count())
            .select_from(SubmissionPicture)
            .where(
                SubmissionPicture.store_id == stage.store,
                col(SubmissionPicture.stage).in_(("queued", "in_review", "held")),
                col(SubmissionPicture.due_at) < now,
            )
        ).one()
    found = {"no_stop": stops, "review_on_time": late}
    return {
        gate: {"holds": value == 0, "value": value, "at": iso(now)} for gate, value in found.items()
    }


def served(stage: Stage, gpts: dict[str, str], unit: str = "somebody") -> int:
    """How many of `gpts` (id → digest) the catalogue serves `unit` with just that revision."""
    with reading(stage.engine) as session:
        answers = {gpt: catalogue.resolve(session, stage.store, gpt, unit) for gpt in gpts}
    return sum(answer is not None and answer.digest == gpts[gpt] for gpt, answer in answers.items())


def listed(stage: Stage) -> int:
    """How many GPTs the public catalogue shows."""
    with reading(stage.engine) as session:
        return len(catalogue.page(session, stage.store, limit=_CATALOGUE_MOST).rows)
