"""What earlier cases took: reviewers' work, waits outside their hands, how rounds ended."""

import statistics
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from gonogo.db.tables import EventRow
from policies.stats.durations import Prior
from policies.stats.forecast import Past

CASES_MOST = 500  # the newest decided ones
_ENDS = {
    "submission:review:approved": "approved",
    "submission:review:changes_requested": "again",
    "submission:review:rejected": "lost",
    "submission:withdrawn": "lost",
    "submission:expired": "lost",
}
_BEGINS = "submission:review:claimed"
# Outside reviewers' hands: from the first event of a pair to the second.
_WAITS = {"submission:opened", "submission:round:opened"}
_READY = "submission:tests:finished"
# Before anything is known: an hour of work, a day of waiting, give or take a lot.
WORK_PRIOR = Prior(median_s=3600.0, spread=0.8, weight=5.0)
WAIT_PRIOR = Prior(median_s=86_400.0, spread=1.2, weight=5.0)
WORK_LONGEST_S = 4 * 3600.0  # a claim that lay over night is no work of a night


@dataclass(frozen=True)
class ReviewTimes:
    past: Past

    @property
    def usual_work_s(self) -> float:
        """Seconds; the prior's where there were few."""
        known = sorted(self.past.work_s)
        return statistics.median([*known, *[WORK_PRIOR.median_s] * int(WORK_PRIOR.weight)])


def review_times(session: Session, store: str) -> ReviewTimes:
    """Two queries. Work is from claim to verdict, no longer than a lease may be."""
    ended = session.exec(
        select(EventRow.subject)
        .where(EventRow.store_id == store, col(EventRow.type).in_(list(_ENDS)))
        .order_by(col(EventRow.position).desc())
        .limit(CASES_MOST)
    ).all()
    rows = session.exec(
        select(EventRow.subject, EventRow.type, EventRow.occurred_at)
        .where(
            EventRow.store_id == store,
            col(EventRow.subject).in_(sorted(set(ended))),
            col(EventRow.type).in_([*_ENDS, *_WAITS, _READY, _BEGINS]),
        )
        .order_by(col(EventRow.subject), col(EventRow.seq))
    ).all()
    waits: list[float] = []
    work: list[float] = []
    counts = {"approved": 0, "again": 0, "lost": 0}
    since: dict[str, datetime] = {}
    case = ""
    for subject, kind, at in rows:
        if subject != case:
            case, since = subject, {}
        if kind in _WAITS:
            since["wait"] = at
        elif kind == _BEGINS:
            since["work"] = at
        elif kind == _READY:
            if "wait" in since:
                waits.append(max(0.0, (at - since.pop("wait")).total_seconds()))
        else:
            counts[_ENDS[kind]] += 1
            if "work" in since:
                spent = (at - since.pop("work")).total_seconds()
                work.append(min(WORK_LONGEST_S, max(0.0, spent)))
    return ReviewTimes(Past(waits_s=waits, work_s=work, **counts))
