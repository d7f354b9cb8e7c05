"""What the system measures itself for the gates of launches, by the gate's id in the pack.

A gate that no function here measures is not looked at, and so does not hold (I7).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session, col, func, select

from gonogo.db.launch_duties import asked_of, duties_left
from gonogo.db.launches import LaunchPicture
from gonogo.db.tables import PackRow, ReleasePicture, StopPicture, SubmissionPicture
from policies.pack import PolicyPack, pack_of

Measure = Callable[[Session, str, str, datetime, PolicyPack], float | None]  # None: nobody can look
DUTIES = "duties_done"
_OURS = ("queued", "in_review", "held")  # stages whose clock is the store's


def _stops(session: Session, store: str, launch: str, now: datetime, _: PolicyPack) -> float:
    """Active stops of the whole store or of a category."""
    return session.exec(
        select(func.count())
        .select_from(StopPicture)
        .where(
            StopPicture.store_id == store,
            StopPicture.status == "active",
            col(StopPicture.scope).in_(("store", "category")),
        )
    ).one()


def _late_reviews(session: Session, store: str, launch: str, now: datetime, _: PolicyPack) -> float:
    """Cases of the review queue past their due date."""
    return session.exec(
        select(func.count())
        .select_from(SubmissionPicture)
        .where(
            SubmissionPicture.store_id == store,
            col(SubmissionPicture.stage).in_(_OURS),
            col(SubmissionPicture.due_at) < now,
        )
    ).one()


def _duties(
    session: Session, store: str, launch: str, now: datetime, in_force: PolicyPack
) -> float | None:
    """Must items of the launch whose builders still owe something that its pack lists. Looked at
    only where the pack has this gate: it reads every item."""
    row = session.get(LaunchPicture, (store, launch))
    if row is None or not any(gate["id"] == DUTIES for gate in row.state["terms"]["gates"]):
        return None
    kept = session.get(PackRow, row.state["terms"]["pack"])
    if kept is None:
        return None
    left = duties_left(session, store, launch, asked_of(pack_of(kept.value), in_force))
    musts = session.exec(
        select(ReleasePicture.id).where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            ReleasePicture.importance == "must",
        )
    )
    return float(sum(bool(left.get(release)) for release in musts))


MEASURES: Mapping[str, Measure] = {
    "no_stop": _stops,
    "review_on_time": _late_reviews,
    DUTIES: _duties,
}


def measure(
    session: Session, store: str, launch: str, now: datetime, in_force: PolicyPack
) -> dict[str, dict[str, object]]:
    """`observed["gates"]`: what every gate that can be measured shows at `now` (UTC), under the
    policies `in_force`.

    Whether the value is within its limit is for the gate in the pack to say.
    """
    return {
        gate: {"holds": True, "value": value, "at": now.isoformat()}
        for gate, look in MEASURES.items()
        if (value := look(session, store, launch, now, in_force)) is not None
    }
