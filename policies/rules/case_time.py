"""How long a case was tested and reviewed in the round that was decided, from its own events."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

ROUNDS = frozenset({"submission:opened", "submission:round:opened"})
TESTED = "submission:tests:finished"
BY_RULE = "submission:policy:approved"  # nobody reviewed it, as its tier allows
APPROVED = frozenset({"submission:review:approved", BY_RULE})
_IN_HANDS = frozenset({"submission:review:claimed", "submission:review:resumed"})
_OUT_OF_HANDS = frozenset(
    {
        "submission:review:released",
        "submission:review:asked",
        "submission:review:changes_requested",
        "submission:review:held",
        "submission:review:disagreed",
        "submission:review:approved",
        "submission:review:rejected",
        "submission:withdrawn",
    }
)
READ = frozenset({*ROUNDS, TESTED, *APPROVED, *_IN_HANDS, *_OUT_OF_HANDS})


@dataclass(frozen=True)
class CaseTime:
    """Seconds of the last round: from its opening to the end of its tests, and in somebody's hands.
    None: there is no trace of it. `by_rule`: no review was asked for."""

    approved: bool = False
    by_rule: bool = False
    testing_s: float | None = None
    review_s: float | None = None


def case_time(events: Iterable[tuple[str, datetime]]) -> CaseTime:
    """`events` of one case, type and time (UTC), in order; types outside `READ` are passed over.

    A claim that is kept over night counts as long as it was kept: the same is done for what is
    usual, so that only the comparison means anything.
    """
    opened = claimed = None
    testing = review = None
    approved = by_rule = False
    for kind, at in events:
        if kind in ROUNDS:
            opened, claimed, testing, review, approved, by_rule = at, None, None, None, False, False
        elif kind == TESTED:
            if opened is not None and testing is None:
                testing = max(0.0, (at - opened).total_seconds())
        elif kind in _IN_HANDS:
            claimed = at
        if kind in _OUT_OF_HANDS and claimed is not None:
            review = (review or 0.0) + max(0.0, (at - claimed).total_seconds())
            claimed = None
        if kind in APPROVED:
            approved, by_rule = True, kind == BY_RULE
    return CaseTime(approved, by_rule, testing, review)
