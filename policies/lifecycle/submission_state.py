"""A submission: its stages, the table of legal moves, and the fold of its events.

    validating → testing → queued → in_review → approved | rejected
         ↑           (changes_requested, info_requested, held on the way)
         └── a new digest while open is a new round: same id, same place
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from policies.lifecycle.kernel import Event, instant, instant_or_none


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
        {Stage.QUEUED, Stage.INFO_REQUESTED, Stage.CHANGES_REQUESTED, Stage.HELD, Stage.APPROVED,
         Stage.REJECTED, Stage.ESCALATED} | _ANEW
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
    queued_at: datetime | None = None
    due_at: datetime | None = None  # of our review
    wait_until: datetime | None = None  # of whoever has the ball, else of this stage
    clock_stopped_at: datetime | None = None
    claimant: str | None = None
    lease_until: datetime | None = None
    claimed_at: datetime | None = None
    preferred: str | None = None
    voice: Verdict | None = None  # first voice of two
    decision: Verdict | None = None
    spoken: tuple[str, ...] = ()  # who gave a voice in this round, or disagreed
    ladder_steps: int = 0
    warnings: int = 0
    settled: bool = False
    release: str | None = None
    why: tuple[str, ...] = field(default=())  # of the present stage, as codes

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN


def evolve(state: Submission | None, event: Event) -> Submission:
    """Apply one recorded event. Raises `ValueError` on an event that the table does not know."""
    body, at = event.body, event.occurred_at
    if event.type == "submission:opened":
        return _opened(event)
    if state is None:
        raise ValueError(f"{event.type} before submission:opened on {event.subject}")
    change = _CHANGES.get(event.type)
    if change is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    new: Submission = change(state, event, body, at)
    if new.stage is not state.stage:
        if new.stage not in NEXT[state.stage]:
            raise ValueError(f"{event.type}: {state.stage} → {new.stage} is not a move")
        new = replace(new, since=at)
    moved = (new.stage, new.round, new.evidence) != (state.stage, state.round, state.evidence)
    return replace(new, seq=event.seq, version=state.version + (1 if moved else 0))


def _opened(event: Event) -> Submission:
    body = event.body
    return Submission(
        id=event.subject, store=event.store, gpt=body["gpt"], publisher=body["publisher"],
        submitter=event.actor_id, terms=terms_of(body["terms"]), stage=Stage.VALIDATING,
        digest=body["digest"], since=event.occurred_at, opened_at=event.occurred_at, seq=event.seq,
    )


def terms_of(body: dict[str, Any]) -> Terms:
    return Terms(**{
        **body,
        "warn_before_s": tuple(body["warn_before_s"]),
        "ladder": tuple(body["ladder"]),
        "checklist": tuple(body["checklist"]),
    })


def _no_claim(state: Submission, **changes: Any) -> Submission:
    return replace(state, claimant=None, lease_until=None, claimed_at=None, **changes)


def _round(state: Submission, event: Event, body: dict[str, Any], at: datetime) -> Submission:
    paused = at - state.clock_stopped_at if state.clock_stopped_at else None
    due = state.due_at + paused if state.due_at and paused else state.due_at
    return _no_claim(
        state, stage=Stage.VALIDATING, round=body["round"], digest=body["digest"], evidence=(),
        blocked_by=(), due_at=due, clock_stopped_at=None, wait_until=None, voice=None, spoken=(),
        warnings=0, why=(), preferred=state.claimant or state.preferred,
    )


def _static_blocked(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s, stage=Stage.CHANGES_REQUESTED, evidence=e.evidence, why=tuple(body["rules"]),
        wait_until=instant(body["until"]), clock_stopped_at=at, warnings=0,
    )


def _static_passed(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s, stage=Stage.TESTING, evidence=e.evidence, tier=body["tier"], why=(),
        tier_reasons=tuple(body["reasons"]), wait_until=instant(body["until"]),
    )


def _tested(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s, stage=Stage.QUEUED, evidence=(*s.evidence, *e.evidence), queued_at=s.queued_at or at,
        blocked_by=tuple(body["blocked_by"]), why=tuple(body["why"]), wait_until=None,
        due_at=s.due_at or instant(body["due_at"]),
    )


def _claimed(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(s, stage=Stage.IN_REVIEW, claimant=e.actor_id, claimed_at=at,
                   lease_until=instant(body["lease_until"]), why=())


def _released(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(s, stage=Stage.QUEUED, why=(body["why"],))


def _asked(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(
        s, stage=Stage.INFO_REQUESTED, preferred=e.actor_id, clock_stopped_at=at, warnings=0,
        wait_until=instant(body["until"]), why=(body["reason"],),
    )


def _answered(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(s, stage=Stage.QUEUED, clock_stopped_at=None, wait_until=None, why=(),
                   due_at=instant(body["due_at"]))


def _verdict(body: dict[str, Any], e: Event, at: datetime) -> Verdict:
    return Verdict(
        verdict=body["verdict"], by=body.get("first") or e.actor_id, at=at, digest=body["digest"],
        effective_at=instant_or_none(body.get("effective_at")),
        clauses=tuple(body.get("clauses", ())), note=body.get("note"),
        second=e.actor_id if body.get("first") else None,
    )


def _changes(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(
        s, stage=Stage.CHANGES_REQUESTED, why=tuple(body["clauses"]), clock_stopped_at=at,
        wait_until=instant(body["until"]), preferred=s.claimant or s.preferred, warnings=0,
        voice=None, spoken=(*s.spoken, e.actor_id),
    )


def _held(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(
        s, stage=Stage.HELD, voice=_verdict(body, e, at), why=(body["cause"],),
        due_at=instant(body["due_at"]), spoken=(*s.spoken, e.actor_id),
    )


def _disagreed(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(s, stage=Stage.QUEUED, voice=None, spoken=(*s.spoken, e.actor_id),
                   why=("second_person_disagreed",))


def _decided(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    stage = Stage.APPROVED if body["verdict"] == "approve" else Stage.REJECTED
    return _no_claim(s, stage=stage, decision=_verdict(body, e, at), voice=None,
                     spoken=(*s.spoken, e.actor_id), why=tuple(body.get("clauses", ())))


def _undone(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s, stage=Stage.IN_REVIEW, decision=None, claimant=e.actor_id, claimed_at=at, why=("undone",),
        lease_until=instant(body["lease_until"]), spoken=s.spoken[:-1],
    )


def _closed(stage: Stage) -> Any:
    def change(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
        return _no_claim(s, stage=stage, voice=None, wait_until=None, why=tuple(body.get("why", ())))
    return change


_CHANGES: dict[str, Any] = {
    "submission:round:opened": _round,
    "submission:static:blocked": _static_blocked,
    "submission:static:passed": _static_passed,
    "submission:tests:finished": _tested,
    "submission:review:claimed": _claimed,
    "submission:review:released": _released,
    "submission:review:asked": _asked,
    "submission:review:answered": _answered,
    "submission:review:changes_requested": _changes,
    "submission:review:held": _held,
    "submission:review:disagreed": _disagreed,
    "submission:review:approved": _decided,
    "submission:review:rejected": _decided,
    "submission:review:undone": _undone,
    "submission:decision:settled":
        lambda s, e, body, at: replace(s, settled=True, release=body.get("release")),
    "submission:withdrawn": _closed(Stage.WITHDRAWN),
    "submission:expired": _closed(Stage.EXPIRED),
    "submission:warned": lambda s, e, body, at: replace(s, warnings=s.warnings + 1),
    "submission:overdue": lambda s, e, body, at: replace(s, ladder_steps=body["step"]),
}

# Rows S5, S6, S18 and S22 come later; their stages and events are named now.
NAMED_FOR_LATER = frozenset(
    {"submission:policy:approved", "submission:policy:held", "submission:escalated",
     "submission:deescalated", "submission:expedited"}
)
