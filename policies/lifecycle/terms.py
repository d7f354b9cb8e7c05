"""The few numbers that a case pins from its policy pack when it is opened."""

from dataclasses import asdict
from typing import Any

from policies.lifecycle.submission_state import Terms
from policies.pack import PolicyPack


def terms_from(pack: PolicyPack) -> dict[str, Any]:
    """`Terms` as JSON, for the body of the opening command."""
    review = pack.review
    terms = Terms(
        pack=pack.digest,
        lease_s=review.lease_s,
        lease_max_s=review.lease_max_s,
        claims=review.claims,
        undo_s=review.undo_s,
        info_s=review.info_s,
        changes_s=review.changes_s,
        warn_before_s=review.warn_before_s,
        reopen_s=review.reopen_s,
        approval_life_s=review.approval_life_s,
        appeal_s=review.appeal_s,
        testing_max_s=pack.testing.max_s,
        ladder=review.ladder,
        approvals={name: tier.approvals for name, tier in review.tiers.items()},
        checklist=tuple(item.id for item in review.checklist),
    )
    value = asdict(terms)
    return {key: list(v) if isinstance(v, tuple) else v for key, v in value.items()}
