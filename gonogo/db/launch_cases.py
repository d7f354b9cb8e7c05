"""The cases behind the items of a launch, as a forecast asks for them."""

from datetime import datetime

from sqlmodel import Session, col, select

from gonogo.db.tables import ReleasePicture, SubmissionPicture
from policies.lifecycle.kernel import instant_or_none
from policies.stats.forecast import PENDING_MOST, Pending

_STAGE = {
    "validating": "waiting",
    "testing": "waiting",
    "changes_requested": "waiting",
    "info_requested": "waiting",
    "queued": "queued",
    "held": "queued",
    "escalated": "queued",
    "in_review": "in_review",
    "approved": "approved",
}


def pending_of(
    session: Session, store: str, launch: str, lapsing: frozenset[str], now: datetime
) -> tuple[Pending, ...]:
    """One query. An item in `lapsing`, whose approval or evidence does not last until the opening,
    is tested and reviewed again from the beginning; so is one whose case leads nowhere."""
    rows = session.exec(
        select(ReleasePicture.id, ReleasePicture.importance, SubmissionPicture)
        .join(
            SubmissionPicture,
            (col(SubmissionPicture.store_id) == col(ReleasePicture.store_id))
            & (col(SubmissionPicture.id) == col(ReleasePicture.submission)),
        )
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            col(ReleasePicture.phase).in_(("bound", "blocked")),
        )
        .order_by(col(ReleasePicture.id))
        .limit(PENDING_MOST)
    )
    found = []
    for release, importance, case in rows:
        since = instant_or_none(case.state.get("queued_at")) or case.opened_at
        age = max(0.0, (now - since).total_seconds())
        stage = _STAGE.get(case.stage, "waiting")
        if stage == "approved":
            stage, age = ("waiting" if release in lapsing else "approved"), 0.0
        if stage == "in_review":
            age = 0.0  # how much of the work is done nobody measures
        found.append(Pending(release, stage, age, importance == "must"))
    return tuple(found)
