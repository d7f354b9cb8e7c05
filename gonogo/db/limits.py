"""Limits across subjects: what one subject's decider cannot see and `record` therefore checks."""

from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from gonogo.db.standing import standing_of
from gonogo.db.tables import EventRow, SubmissionPicture
from policies.errors import EvidenceBlocks, IllegalMove, OverLimit
from policies.lifecycle.kernel import Fact
from policies.rules.approvals import exposure_may_grow
from policies.wire import RecordRequest


def check_limits(session: Session, request: RecordRequest, state: Any) -> None:
    """Raise a `Refused` when a fact of `request` breaks a limit that spans subjects."""
    for fact in request.facts:
        check = _CHECKS.get(fact.type)
        if check:
            check(session, request, fact, state)


def _claims(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    actor, limit = request.command.actor.id, fact.body["limit"]
    held = session.exec(
        select(func.count()).select_from(SubmissionPicture).where(
            SubmissionPicture.store_id == request.command.store,
            SubmissionPicture.claimant == actor,
            SubmissionPicture.id != request.command.subject,
        )
    ).one()
    if held >= limit:
        raise OverLimit(f"you hold {held} cases; at most {limit} at a time", held=held,
                        limit=limit)


def _one_open_case(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    gpt = fact.body["gpt"]
    other = session.exec(
        select(SubmissionPicture.id).where(
            SubmissionPicture.store_id == request.command.store, SubmissionPicture.gpt == gpt,
            col(SubmissionPicture.is_open), SubmissionPicture.id != request.command.subject,
        )
    ).first()
    if other is not None:
        raise OverLimit("this GPT has an open submission; send a new digest to that one",
                        submission=other)
    _not_rejected_before(session, request, fact, gpt)


def _new_round(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    _not_rejected_before(session, request, fact, state.gpt)


def _not_rejected_before(
    session: Session, request: RecordRequest, fact: Fact, gpt: str
) -> None:
    """S17: a rejected digest returns only by appeal."""
    rejected = session.exec(
        select(SubmissionPicture.id).where(
            SubmissionPicture.store_id == request.command.store, SubmissionPicture.gpt == gpt,
            SubmissionPicture.stage == "rejected",
            SubmissionPicture.digest == fact.body["digest"],
        )
    ).first()
    if rejected is not None:
        raise IllegalMove("exactly this bundle was rejected; change it, or appeal the decision",
                          submission=rejected, digest=fact.body["digest"])


def _exposure(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """I6, in the same transaction that lets exposure grow."""
    if fact.body["weight_bp"] <= fact.body["was_weight_bp"] and not fact.body["superseded"]:
        return
    standing = standing_of(session, request.command.store, request.command.body["submission"],
                           fact.body["candidate"])
    precheck = exposure_may_grow(standing, request.occurred_at)
    if not precheck:
        raise EvidenceBlocks("exposure may not start or grow: " + ", ".join(precheck.why),
                             reasons=list(precheck.why))


def _known_case(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """A release is prepared once for one approval."""
    again = session.exec(
        select(EventRow.subject).where(
            EventRow.store_id == request.command.store, EventRow.type == "release:prepared",
            EventRow.subject == request.command.subject,
        )
    ).first()
    if again is not None:
        raise IllegalMove("this release was prepared already")


_CHECKS: dict[str, Any] = {
    "submission:review:claimed": _claims,
    "submission:review:undone": _claims,
    "submission:opened": _one_open_case,
    "submission:round:opened": _new_round,
    "listing:exposure:set": _exposure,
    "release:prepared": _known_case,
}
