"""Look up what I6 asks about one approved revision, in one snapshot."""

from datetime import timedelta

from sqlmodel import Session, col, or_, select

from gonogo.db.codec import state_of
from gonogo.db.publishers import is_verified
from gonogo.db.tables import (
    EventRow,
    GptRow,
    ListingPicture,
    PackRow,
    ReleasePicture,
    RevisionRow,
    StopPicture,
    SubmissionPicture,
)
from gonogo.db.transfers import owner_of
from policies.lifecycle.kernel import instant
from policies.lifecycle.release_state import Release
from policies.lifecycle.submission_state import Stage, Submission
from policies.rules.approvals import Standing


def standing_of(session: Session, store: str, submission: str, digest: str) -> Standing:
    """The standing of `digest` as approved by `submission`. Unknown parts are None or False.

    The approval is of whoever submitted it; verified has to be who owns the GPT now.
    """
    picture = session.get(SubmissionPicture, (store, submission))
    if picture is None:
        return Standing(None, digest, None, False, None, None, False, (), None)
    case: Submission = state_of("submission", picture.state)
    approval = session.exec(
        select(EventRow)
        .where(
            EventRow.store_id == store,
            EventRow.subject == submission,
            EventRow.type == "submission:review:approved",
        )
        .order_by(col(EventRow.seq).desc())
        .limit(1)
    ).first()
    approved = approval is not None and case.stage is Stage.APPROVED
    tested = session.exec(
        select(EventRow)
        .where(
            EventRow.store_id == store,
            EventRow.subject == submission,
            EventRow.type == "submission:tests:finished",
        )
        .order_by(col(EventRow.seq).desc())
        .limit(1)
    ).first()
    pack = session.get(PackRow, case.terms.pack)
    life = pack.value["testing"]["evidence_life_s"] if pack else 0
    listing = session.exec(
        select(ListingPicture).where(
            ListingPicture.store_id == store, ListingPicture.gpt == case.gpt
        )
    ).first()
    gpt = session.get(GptRow, (store, case.gpt))
    revision = session.get(RevisionRow, (store, case.gpt, digest))
    release = session.exec(
        select(ReleasePicture)
        .where(ReleasePicture.store_id == store, ReleasePicture.submission == submission)
        .order_by(col(ReleasePicture.id).desc())
        .limit(1)
    ).first()
    bound: Release | None = state_of("release", release.state) if release else None
    owner = owner_of(session, store, case.gpt, case.publisher)
    categories = tuple(row.category for row in (gpt, revision) if row and row.category)
    return Standing(
        approved_digest=case.decision.digest if approved and case.decision else None,
        digest=digest,
        approval_until=instant(approval.body["expires_at"]) if approval and approved else None,
        approval_settled=case.settled,
        evidence_until=tested.occurred_at + timedelta(seconds=life) if tested else None,
        evidence_blocks=case.blocked_by if tested else None,
        publisher_verified=is_verified(session, store, owner),
        stops=stops_on(session, store, digest, case.gpt, owner, *categories),
        listing_status=listing.status if listing else None,
        bound_from=bound.bound_from if bound else None,
        bound_s=bound.bound_s if bound else 0.0,
    )


def stops_on(
    session: Session,
    store: str,
    digest: str | None,
    gpt: str,
    publisher: str,
    *categories: str | None,
) -> tuple[str, ...]:
    """The scopes of active stops that cover this revision of this GPT.

    The GPT's category and the revision's may differ; a stop on either holds.
    """
    covered = [("store", store), ("publisher", publisher), ("gpt", gpt)]
    covered += [("category", category) for category in categories if category]
    if digest:
        covered.append(("revision", digest))
    rows = session.exec(
        select(StopPicture.scope).where(
            StopPicture.store_id == store,
            StopPicture.status == "active",
            or_(
                *(
                    (col(StopPicture.scope) == s) & (col(StopPicture.target) == t)
                    for s, t in covered
                )
            ),
        )
    )
    return tuple(sorted(set(rows)))
