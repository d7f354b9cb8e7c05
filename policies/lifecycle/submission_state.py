"""A submission: its stages, the table of legal moves, and what a case knows of itself.

validating → testing → queued → in_review → approved | rejected
     ↑           (changes_requested, info_requested, held on the way)
     └── a new digest while open is a new round: same id, same place
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    VALIDATING = "validating"
    TESTING = "testing"
    QUEUED = "queued"
    IN_REVIEW = "in_review"
    INFO_REQUESTED = "info_requested"
    CHANGES_REQUESTED = "changes_requested"
    HELD = "held"
    ESCALATED = "escalated"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


FINAL = frozenset({Stage.APPROVED, Stage.REJECTED, Stage.WITHDRAWN, Stage.EXPIRED})
OPEN = frozenset(Stage) - FINAL
# The developer has the ball: the review clock stands still (I5).
DEVELOPERS_TURN = frozenset({Stage.INFO_REQUESTED, Stage.CHANGES_REQUESTED})

_ANEW = {Stage.VALIDATING, Stage.WITHDRAWN}
NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.VALIDATING: frozenset({Stage.CHANGES_REQUESTED, Stage.TESTING} | _ANEW),
    Stage.TESTING: frozenset({Stage.QUEUED, Stage.APPROVED, Stage.HELD} | _ANEW),
    Stage.QUEUED: frozenset({Stage.IN_REVIEW} | _ANEW),
    Stage.IN_REVIEW: frozenset(
        {
            Stage.QUEUED,
            Stage.INFO_REQUESTED,
            Stage.CHANGES_REQUESTED,
            Stage.HELD,
            Stage.APPROVED,
            Stage.REJECTED,
            Stage.ESCALATED,
        }
        | _ANEW
    ),
    Stage.INFO_REQUESTED: frozenset({Stage.QUEUED, Stage.EXPIRED} | _ANEW),
    Stage.CHANGES_REQUESTED: frozenset({Stage.EXPIRED} | _ANEW),
    Stage.HELD: frozenset(
        {Stage.QUEUED, Stage.APPROVED, Stage.REJECTED, Stage.CHANGES_REQUESTED} | _ANEW
    ),
    Stage.ESCALATED: frozenset({Stage.QUEUED} | _ANEW),
    Stage.APPROVED: frozenset({Stage.IN_REVIEW}),  # undo, before it takes effect
    Stage.REJECTED: frozenset({Stage.IN_REVIEW}),
    Stage.WITHDRAWN: frozenset(),
    Stage.EXPIRED: frozenset({Stage.VALIDATING}),  # S21b
}


# Rows S5, S6, S18 and S22 come later; their stages and events are named now.
LATER = frozenset({Stage.ESCALATED})
NAMED_FOR_LATER = frozenset(
    {
        "submission:policy:approved",
        "submission:policy:held",
        "submission:escalated",
        "submission:deescalated",
        "submission:expedited",
    }
)


@dataclass(frozen=True)
class Terms:
    """The few numbers a case pins from its pack, in seconds unless said otherwise."""

    pack: str
    lease_s: int
    lease_max_s: int
    claims: int
    undo_s: int
    info_s: int
    changes_s: int
    warn_before_s: tuple[int, ...]
    reopen_s: int
    approval_life_s: int
    appeal_s: int
    testing_max_s: int
    ladder: tuple[float, ...]
    approvals: dict[str, int]
    checklist: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """A decision or a first voice: by whom, on which digest and version, for which reasons."""

    verdict: str  # approve | reject | request_changes
    by: str
    at: datetime
    digest: str
    effective_at: datetime | None = None
    clauses: tuple[str, ...] = ()
    note: str | None = None
    second: str | None = None


@dataclass(frozen=True)
class Submission:
    """The fold. All times UTC. `version` counts round, evidence and stage changes (I1)."""

    id: str
    store: str
    gpt: str
    publisher: str
    submitter: str
    terms: Terms
    stage: Stage
    digest: str
    since: datetime  # of this stage
    opened_at: datetime
    seq: int = 0
    version: int = 1
    round: int = 1
    tier: str | None = None
    tier_reasons: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()  # why the evidence forbids approval, as codes
    queued_at: datetime | None = None  # where the review clock begins, without stopped time
    due_at: datetime | None = None  # of our review
    wait_until: datetime | None = None  # of whoever has the ball, else of this stage
    clock_stopped_at: datetime | None = None
    claimant: str | None = None
    lease_until: datetime | None = None
    claimed_at: datetime | None = None
    preferred: str | None = None
    returns_to: str | None = None  # whose claim moves along with a new round (S20)
    voice: Verdict | None = None  # first voice of two
    decision: Verdict | None = None
    spoken: tuple[str, ...] = ()  # who gave a voice in this round, or disagreed
    ladder_steps: int = 0
    # Due date and ladder of the review while a second person has a clock of their own.
    review_due_at: datetime | None = None
    review_steps: int = 0
    warnings: int = 0
    settled: bool = False
    release: str | None = None
    why: tuple[str, ...] = field(default=())  # of the present stage, as codes

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN


def terms_of(body: dict[str, Any]) -> Terms:
    return Terms(
        **{
            **body,
            "warn_before_s": tuple(body["warn_before_s"]),
            "ladder": tuple(body["ladder"]),
            "checklist": tuple(body["checklist"]),
        }
    )
