"""I6: may exposure start or grow? Pure: everything that had to be looked up is in `Standing`."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Standing:
    """What is known about one approved revision at one moment. None means unknown: not safe.

    `bound_from` is since when its release is bound to a launch, `bound_s` how many seconds it was
    before: so long the life of the approval stands still.
    """

    approved_digest: str | None
    digest: str
    approval_until: datetime | None
    approval_settled: bool
    evidence_until: datetime | None
    evidence_blocks: tuple[str, ...] | None
    publisher_verified: bool
    stops: tuple[str, ...]  # scopes of active stops that cover it
    listing_status: str | None
    bound_from: datetime | None = None
    bound_s: float = 0.0

    def is_approval_over(self, now: datetime) -> bool:
        if self.approval_until is None:
            return True
        until = self.approval_until + timedelta(seconds=self.bound_s)
        # An approval that had ended before it was bound stays ended.
        return (now if self.bound_from is None else min(now, self.bound_from)) >= until


@dataclass(frozen=True)
class Precheck:
    """Truthy when exposure may start or grow; otherwise `why` holds every reason as a code."""

    why: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.why


def exposure_may_grow(standing: Standing, now: datetime) -> Precheck:
    """Every reason at once, so that one look tells all that has to be done. `now` in UTC."""
    why: list[str] = []
    if standing.approved_digest is None:
        why.append("approval_missing")
    elif standing.approved_digest != standing.digest:
        why.append("approval_of_another_digest")
    elif not standing.approval_settled:
        why.append("approval_can_still_be_undone")
    if standing.is_approval_over(now):
        why.append("approval_expired")
    if standing.evidence_until is None or now >= standing.evidence_until:
        why.append("evidence_stale")
    if standing.evidence_blocks is None:
        why.append("evidence_missing")
    else:
        why.extend(f"evidence:{code}" for code in standing.evidence_blocks)
    if not standing.publisher_verified:
        why.append("publisher_unverified")
    why.extend(f"stopped:{scope}" for scope in standing.stops)
    if standing.listing_status not in (None, "unlisted", "listed"):
        why.append(standing.listing_status)  # quarantined, delisted, or one this code does not know
    return Precheck(tuple(why))
