"""What one unit is served of one GPT at this moment. Pure: stops and listing arrive as values.

not listed, or stopped as a whole → nothing
candidate: there, not halted, not stopped, and the unit's bucket within its weight
else stable, unless that revision is stopped → nothing
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from policies.lifecycle.listing import Listing, Status
from policies.stats.cohort import bucket_of, exposed


@dataclass(frozen=True)
class Served:
    """`why` are codes: what kept something from being served. `bucket` is 1 to 10000, and None
    when no candidate was in question or no unit was named."""

    digest: str | None
    serving: Literal["stable", "candidate", "none"]
    why: tuple[str, ...] = ()
    bucket: int | None = None


def serve(
    listing: Listing | None,
    unit: str | None,
    stops: Collection[str],
    stopped_revisions: Collection[str],
) -> Served:
    """`stops` are scopes of active stops on the GPT as a whole, `stopped_revisions` digests."""
    if listing is None:
        return Served(None, "none", ("never_listed",))
    if listing.status is not Status.LISTED:
        return Served(None, "none", (listing.status.value,))
    if stops:
        return Served(None, "none", tuple(f"stopped:{scope}" for scope in sorted(stops)))
    exposure, why, bucket = listing.exposure, [], None
    if exposure.candidate is not None:
        if exposure.halted:
            why.append("halted")
        elif exposure.candidate in stopped_revisions:
            why.append("stopped:revision")
        elif unit is None:
            why.append("no_unit")
        else:
            bucket = bucket_of(exposure.salt, unit)
            if exposed(exposure.salt, unit, exposure.weight_bp):
                return Served(exposure.candidate, "candidate", (), bucket)
            why.append("outside_weight")
    if exposure.stable is None:
        return Served(None, "none", (*why, "no_stable_revision"), bucket)
    if exposure.stable in stopped_revisions:
        return Served(None, "none", (*why, "stopped:revision"), bucket)
    return Served(exposure.stable, "stable", tuple(why), bucket)
