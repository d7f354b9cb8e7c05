"""Limits across subjects: what one subject's decider cannot see and `record` therefore checks."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from gonogo.db import handover, launch_limits, publishers, purges
from gonogo.db.embargoes import embargo_on
from gonogo.db.erasures import tombstones
from gonogo.db.standing import standing_of
from gonogo.db.tables import EventRow, SubmissionPicture
from gonogo.db.windows import MOST as WINDOWS_MOST
from gonogo.db.windows import count_in_force, freeze_of
from policies.errors import EvidenceBlocks, IllegalMove, NotYet, OverLimit
from policies.lifecycle.kernel import Fact, iso
from policies.lifecycle.release_windows import moves_for
from policies.rules.approvals import exposure_may_grow
from policies.rules.window_plan import Covered
from policies.wire import RecordRequest


def check_limits(session: Session, request: RecordRequest, state: Any) -> None:
    """Raise a `Refused` when a fact of `request` breaks a limit that spans subjects."""
    handover.check_conflict(session, request, state)
    for fact in request.facts:
        check = _CHECKS.get(fact.type)
        if check:
            check(session, request, fact, state)


def _claims(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    actor, limit = request.command.actor.id, fact.body["limit"]
    held = session.exec(
        select(func.count())
        .select_from(SubmissionPicture)
        .where(
            SubmissionPicture.store_id == request.command.store,
            or_(
                col(SubmissionPicture.claimant) == actor,
                # A new round is being tested; its claim comes back, so its place stays taken.
                and_(
                    col(SubmissionPicture.stage).in_(("validating", "testing")),
                    col(SubmissionPicture.state)["returns_to"].as_string() == actor,
                ),
            ),
            SubmissionPicture.id != request.command.subject,
        )
    ).one()
    if held >= limit:
        raise OverLimit(f"you hold {held} cases; at most {limit} at a time", held=held, limit=limit)


def _opened(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    handover.check_owner(session, request.command.store, fact.body["gpt"], fact.body["publisher"])
    _no_other_open(session, request, fact.body["gpt"])
    _not_rejected_before(session, request, fact, fact.body["gpt"])
    _not_erased(session, fact)


def _undone(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    _no_other_open(session, request, state.gpt)
    _claims(session, request, fact, state)


def _no_other_open(session: Session, request: RecordRequest, gpt: str) -> None:
    other = session.exec(
        select(SubmissionPicture.id).where(
            SubmissionPicture.store_id == request.command.store,
            SubmissionPicture.gpt == gpt,
            col(SubmissionPicture.is_open),
            SubmissionPicture.id != request.command.subject,
        )
    ).first()
    if other is not None:
        raise OverLimit(
            "this GPT has an open submission; send a new digest to that one", submission=other
        )


def _new_round(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    handover.check_owner(session, request.command.store, state.gpt, state.publisher)
    _no_other_open(session, request, state.gpt)  # it may have expired, and another been opened
    _not_rejected_before(session, request, fact, state.gpt)
    _not_erased(session, fact)


def _not_erased(session: Session, fact: Fact) -> None:
    """What could never become visible is not tested and reviewed first."""
    if tombstones(session, (fact.body["digest"],)):
        raise IllegalMove(
            "exactly this bundle was erased; change it", digest=fact.body["digest"], reason="erased"
        )


def _not_rejected_before(session: Session, request: RecordRequest, fact: Fact, gpt: str) -> None:
    """S17: a rejected digest returns only by appeal."""
    rejected = session.exec(
        select(SubmissionPicture.id).where(
            SubmissionPicture.store_id == request.command.store,
            SubmissionPicture.gpt == gpt,
            SubmissionPicture.stage == "rejected",
            SubmissionPicture.digest == fact.body["digest"],
        )
    ).first()
    if rejected is not None:
        raise IllegalMove(
            "exactly this bundle was rejected; change it, or appeal the decision",
            submission=rejected,
            digest=fact.body["digest"],
        )


def _exposure(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """I6, in the same transaction that lets exposure start or grow.

    Whatever sets it does: by weight, by visibility, by ending a halt, or for another revision.
    """
    candidate = fact.body.get("candidate") or (state and state.exposure.candidate)
    _must_stand(session, request, request.command.body.get("submission"), candidate)


def _relisted(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """I6 again: a GPT its developer took down becomes visible by the approval that stands now."""
    digest = state.exposure.stable or state.exposure.candidate
    approved = session.exec(
        select(SubmissionPicture.id)
        .where(
            SubmissionPicture.store_id == request.command.store,
            SubmissionPicture.gpt == state.gpt,
            SubmissionPicture.digest == digest,
            SubmissionPicture.stage == "approved",
        )
        .order_by(col(SubmissionPicture.id).desc())
        .limit(1)
    ).first()
    _must_stand(session, request, approved, digest)


def _must_stand(
    session: Session, request: RecordRequest, submission: str | None, digest: str | None
) -> None:
    if digest and tombstones(session, (digest,)):
        raise EvidenceBlocks("this bundle was erased by request", reasons=["erased"])
    standing = standing_of(session, request.command.store, submission or "", digest or "")
    precheck = exposure_may_grow(standing, _since(session, request))
    if not precheck:
        raise EvidenceBlocks(
            "exposure may not start or grow: " + ", ".join(precheck.why), reasons=list(precheck.why)
        )


def _since(session: Session, request: RecordRequest) -> datetime:
    """When this exposure starts: now, or when its launch opened it, which was checked then."""
    body, store = request.command.body, request.command.store
    opened = launch_limits.opened_at(session, store, body.get("release"))
    return min(request.arrives_at, opened) if opened else request.arrives_at


def _known_case(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """A release is prepared once for one approval."""
    again = session.exec(
        select(EventRow.subject).where(
            EventRow.store_id == request.command.store,
            EventRow.type == "release:prepared",
            EventRow.subject == request.command.subject,
        )
    ).first()
    if again is not None:
        raise IllegalMove("this release was prepared already")


def _founded(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    limit = fact.body.get("limit")
    if limit is None:
        return
    founded = publishers.founded_by(session, request.command.store, request.command.actor.id)
    if founded >= limit:
        raise OverLimit(f"you founded {founded} publishers; at most {limit}", limit=limit)


def _proven(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """One domain stands for one publisher; taken away from one, no other gets by with it."""
    command = request.command
    if publishers.is_taken(session, command.store, command.subject, fact.body["domain"]):
        raise IllegalMove(
            "another publisher is verified by this domain; it has to give it up first, or ask "
            "the store's staff",
            reason="domain_taken",
        )
    if publishers.is_barred(session, command.store, command.subject, fact.body["domain"]):
        raise IllegalMove(
            "the store's staff revoked a verification by this domain, and the domain alone does "
            "not bring it back, for no publisher: ask them; they reinstate the one they revoked, "
            "or attest the name of this one",
            reason="domain_revoked",
        )


def _closed(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    left = publishers.in_the_way(session, request.command.store, request.command.subject)
    if left:
        raise IllegalMove(
            "unlist its GPTs, withdraw open submissions, end open releases and offers first: "
            + ", ".join(left),
            subjects=left,
        )


def _erasing(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """A legal hold forbids it, and what is open or visible is not pulled away from under people."""
    scope = fact.body.get("scope") or state.scope
    target = fact.body.get("target") or state.target
    store = request.command.store
    held = purges.holding(session, store, scope, target)
    if held:
        raise IllegalMove("a legal hold forbids it: " + ", ".join(held), holds=held)
    used = purges.in_use(session, store, scope, target)
    if used:
        raise IllegalMove(
            "it is still open or visible, a member somewhere, or the last administrator: "
            + ", ".join(used),
            subjects=used,
        )


def _not_begun(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """What is erased cannot be taken back by declining the request for it."""
    begun = purges.begun(session, request.command.store, request.command.subject, state)
    if begun:
        raise IllegalMove("erasing has begun; it cannot be declined any more", reason="begun")


def _not_frozen(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """No exposure starts or grows inside a window, also not one declared a moment ago."""
    moves = moves_for(state, request.command.kind)
    if not moves:
        return
    passed = (*state.overridden, *fact.body.get("override", {}).get("windows", ()))
    of = Covered(state.store, state.gpt, state.publisher, state.digest, state.pack)
    freeze = freeze_of(session, of, moves, request.arrives_at, passed)
    if not freeze:
        raise NotYet(
            f"{', '.join(freeze.windows)} forbids it",
            windows=list(freeze.windows),
            until=iso(freeze.until) if freeze.until else None,
        )


def _one_more_window(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    count = count_in_force(session, request.command.store, request.occurred_at)
    if count >= WINDOWS_MOST:
        raise OverLimit(f"{count} windows are in force; end one first", limit=WINDOWS_MOST)


def _offered(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    handover.check_offer(session, request, fact.body)


def _answered(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    handover.check_answer(session, request, state)


def _one_embargo(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    store = request.command.store
    held = embargo_on(session, store, fact.body["gpt"], request.occurred_at)
    if held is not None:
        raise IllegalMove("it is under embargo already; move that one", embargo=held.id)


_CHECKS: dict[str, Any] = {
    "submission:review:claimed": _claims,
    "submission:review:undone": _undone,
    "submission:opened": _opened,
    "submission:round:opened": _new_round,
    "listing:exposure:set": _exposure,
    "listing:exposure:resumed": _exposure,
    "listing:relisted": _relisted,
    "release:prepared": _known_case,
    "release:bound": launch_limits.bound,
    "release:unbound": launch_limits.left,
    "release:cancelled": launch_limits.left,
    "launch:wave:opened": launch_limits.wave_opened,
    "launch:restored": launch_limits.restored,
    "release:stage:entered": _not_frozen,
    "release:resumed": _not_frozen,
    "window:declared": _one_more_window,
    "embargo:set": _one_embargo,
    "publisher:founded": _founded,
    "publisher:verified": _proven,
    "publisher:closed": _closed,
    "purge:asked": _erasing,
    "purge:confirmed": _erasing,
    "purge:declined": _not_begun,
    "transfer:offered": _offered,
    "transfer:accepted": _answered,
    "transfer:declined": _answered,
    "transfer:withdrawn": _answered,
}
