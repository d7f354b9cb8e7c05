"""What the system measures itself for the gates of launches, by the gate's id in the pack.

A gate that no function here measures is not looked at, and so does not hold (I7).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session, col, func, select

from gonogo.db.tables import StopPicture, SubmissionPicture

Measure = Callable[[Session, str, datetime], float]
_OURS = ("queued", "in_review", "held")  # stages whose clock is the store's


def _stops(session: Session, store: str, now: datetime) -> float:
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


def _late_reviews(session: Session, store: str, now: datetime) -> float:
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


MEASURES: Mapping[str, Measure] = {"no_stop": _stops, "review_on_time": _late_reviews}


def measure(session: Session, store: str, now: datetime) -> dict[str, dict[str, object]]:
    """`observed["gates"]`: what every gate that can be measured shows at `now` (UTC).

    Whether the value is within its limit is for the gate in the pack to say.
    """
    return {
        gate: {"holds": True, "value": look(session, store, now), "at": now.isoformat()}
        for gate, look in MEASURES.items()
    }
