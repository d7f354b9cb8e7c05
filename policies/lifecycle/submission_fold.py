"""The fold of a submission's events: event → state. Bodies of events are the contract here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from policies.lifecycle.kernel import Event, instant, instant_or_none
from policies.lifecycle.submission_state import NEXT, Stage, Submission, Verdict, terms_of


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
    body, terms = event.body, terms_of(event.body["terms"])
    return Submission(
        id=event.subject,
        store=event.store,
        gpt=body["gpt"],
        publisher=body["publisher"],
        submitter=event.actor_id,
        terms=terms,
        stage=Stage.VALIDATING,
        digest=body["digest"],
        since=event.occurred_at,
        opened_at=event.occurred_at,
        seq=event.seq,
        wait_until=event.occurred_at + timedelta(seconds=terms.testing_max_s),
    )


def _no_claim(state: Submission, **changes: Any) -> Submission:
    return replace(state, claimant=None, lease_until=None, claimed_at=None, **changes)


def _round(state: Submission, event: Event, body: dict[str, Any], at: datetime) -> Submission:
    stood = at - state.clock_stopped_at if state.clock_stopped_at else timedelta(0)
    state = _review_clock(state)
    return _no_claim(
        state,
        stage=Stage.VALIDATING,
        round=body["round"],
        digest=body["digest"],
        evidence=(),
        blocked_by=(),
        clock_stopped_at=None,
        voice=None,
        spoken=(),
        warnings=0,
        why=(),
        due_at=state.due_at + stood if state.due_at else None,
        queued_at=state.queued_at + stood if state.queued_at else None,
        wait_until=at + timedelta(seconds=state.terms.testing_max_s),
        preferred=state.claimant or state.preferred,
        returns_to=state.claimant or state.returns_to,
    )


def _review_clock(state: Submission) -> Submission:
    """The second person's clock is over: the due date of the review holds again (I5)."""
    if state.review_due_at is None:
        return state
    return replace(
        state,
        due_at=state.review_due_at,
        ladder_steps=state.review_steps,
        review_due_at=None,
        review_steps=0,
    )


def _static_blocked(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s,
        stage=Stage.CHANGES_REQUESTED,
        evidence=e.evidence,
        why=tuple(body["rules"]),
        wait_until=instant(body["until"]),
        clock_stopped_at=at,
        warnings=0,
        returns_to=None,  # the developer has the ball, for as long as they like
    )


def _static_passed(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s,
        stage=Stage.TESTING,
        evidence=e.evidence,
        tier=body["tier"],
        why=(),
        tier_reasons=tuple(body["reasons"]),
        wait_until=instant(body["until"]),
    )


def _tested(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s,
        stage=Stage.QUEUED,
        evidence=(*s.evidence, *e.evidence),
        queued_at=s.queued_at or at,
        blocked_by=tuple(body["blocked_by"]),
        why=tuple(body["why"]),
        wait_until=None,
        due_at=s.due_at or instant(body["due_at"]),
    )


def _claimed(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s,
        stage=Stage.IN_REVIEW,
        claimant=e.actor_id,
        claimed_at=at,
        lease_until=instant(body["lease_until"]),
        why=(),
    )


def _resumed(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    """The claim came along with a new round: its holder goes on, with the difference."""
    return replace(
        s,
        stage=Stage.IN_REVIEW,
        claimant=body["claimant"],
        claimed_at=at,
        lease_until=instant(body["lease_until"]),
        returns_to=None,
        why=("new_round",),
    )


def _released(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(s, stage=Stage.QUEUED, why=(body["why"],))


def _asked(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(
        s,
        stage=Stage.INFO_REQUESTED,
        preferred=e.actor_id,
        clock_stopped_at=at,
        warnings=0,
        wait_until=instant(body["until"]),
        why=(body["reason"],),
    )


def _answered(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    # A due date of its own, so the ladder to it begins anew.
    return replace(
        s,
        stage=Stage.QUEUED,
        clock_stopped_at=None,
        wait_until=None,
        why=(),
        due_at=instant(body["due_at"]),
        queued_at=at,
        ladder_steps=0,
    )


def _verdict(body: dict[str, Any], e: Event, at: datetime) -> Verdict:
    return Verdict(
        verdict=body["verdict"],
        by=body.get("first") or e.actor_id,
        at=at,
        digest=body["digest"],
        effective_at=instant_or_none(body.get("effective_at")),
        clauses=tuple(body.get("clauses", ())),
        note=body.get("note"),
        second=e.actor_id if body.get("first") else None,
    )


def _changes(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(
        _review_clock(s),
        stage=Stage.CHANGES_REQUESTED,
        why=tuple(body["clauses"]),
        clock_stopped_at=at,
        wait_until=instant(body["until"]),
        preferred=s.claimant or s.preferred,
        warnings=0,
        voice=None,
        spoken=(*s.spoken, e.actor_id),
    )


def _held(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return _no_claim(
        s,
        stage=Stage.HELD,
        voice=_verdict(body, e, at),
        why=(body["cause"],),
        due_at=instant(body["due_at"]),
        spoken=(*s.spoken, e.actor_id),
        ladder_steps=0,
        review_due_at=s.due_at,
        review_steps=s.ladder_steps,
    )


def _disagreed(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        _review_clock(s),
        stage=Stage.QUEUED,
        voice=None,
        spoken=(*s.spoken, e.actor_id),
        why=("second_person_disagreed",),
    )


def _decided(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    stage = Stage.APPROVED if body["verdict"] == "approve" else Stage.REJECTED
    return _no_claim(
        _review_clock(s),
        stage=stage,
        decision=_verdict(body, e, at),
        voice=None,
        spoken=(*s.spoken, e.actor_id),
        why=tuple(body.get("clauses", ())),
    )


def _undone(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
    return replace(
        s,
        stage=Stage.IN_REVIEW,
        decision=None,
        claimant=e.actor_id,
        claimed_at=at,
        why=("undone",),
        lease_until=instant(body["lease_until"]),
        spoken=s.spoken[:-1],
    )


def _closed(
    stage: Stage,
) -> Callable[[Submission, Event, dict[str, Any], datetime], Submission]:
    def change(s: Submission, e: Event, body: dict[str, Any], at: datetime) -> Submission:
        return _no_claim(
            s, stage=stage, voice=None, wait_until=None, why=tuple(body.get("why", ()))
        )

    return change


_CHANGES: dict[str, Any] = {
    "submission:round:opened": _round,
    "submission:static:blocked": _static_blocked,
    "submission:static:passed": _static_passed,
    "submission:tests:finished": _tested,
    "submission:review:claimed": _claimed,
    "submission:review:released": _released,
    "submission:review:resumed": _resumed,
    "submission:review:asked": _asked,
    "submission:review:answered": _answered,
    "submission:review:changes_requested": _changes,
    "submission:review:held": _held,
    "submission:review:disagreed": _disagreed,
    "submission:review:approved": _decided,
    "submission:review:rejected": _decided,
    "submission:review:undone": _undone,
    "submission:decision:settled": lambda s, e, body, at: replace(
        s, settled=True, release=body.get("release")
    ),
    "submission:withdrawn": _closed(Stage.WITHDRAWN),
    "submission:expired": _closed(Stage.EXPIRED),
    "submission:warned": lambda s, e, body, at: replace(s, warnings=s.warnings + 1),
    "submission:overdue": lambda s, e, body, at: replace(s, ladder_steps=body["step"]),
}
