"""What one unit is served of one GPT at this moment. Pure: stops and listing arrive as values.

not listed, or stopped as a whole → nothing
opened by its launch, and the listing does not say so yet: the launch's row serves it to everybody
suspended with its launch: as if that revision were stopped
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


@dataclass(frozen=True)
class Launched:
    """A release of this GPT that its launch opened. `is_dark`: that launch is suspended. `shows`:
    the launch's row serves it until the listing does; not while halted, nor once completed."""

    release: str
    digest: str
    is_dark: bool
    shows: bool


def serve(
    listing: Listing | None,
    unit: str | None,
    stops: Collection[str],
    stopped_revisions: Collection[str],
    launched: Collection[Launched] = (),
) -> Served:
    """`stops` are scopes of active stops on the GPT as a whole, `stopped_revisions` digests."""
    opened = _opened(listing, launched)
    if listing is None and opened is None:
        return Served(None, "none", ("never_listed",))
    if listing is not None and listing.status is not Status.LISTED:
        # An opening lists what was never listed; nothing lists what its developer withholds.
        lists = listing.status is Status.UNLISTED and not listing.withheld
        if opened is None or not lists:
            return Served(None, "none", (listing.status.value,))
    if stops:
        return Served(None, "none", tuple(f"stopped:{scope}" for scope in sorted(stops)))
    off = dict.fromkeys((one.digest for one in launched if one.is_dark), "suspended")
    off |= dict.fromkeys(stopped_revisions, "stopped:revision")
    if opened is not None and opened.digest not in off:
        return Served(opened.digest, "candidate")
    why, bucket = [off[opened.digest]] if opened is not None else [], None
    if listing is None or listing.status is not Status.LISTED:
        return Served(None, "none", tuple(why))
    exposure = listing.exposure
    if exposure.candidate is not None:
        if exposure.halted:
            why.append("halted")
        elif exposure.candidate in off:
            why.append(off[exposure.candidate])
        elif unit is None:
            why.append("no_unit")
        else:
            bucket = bucket_of(exposure.salt, unit)
            if exposed(exposure.salt, unit, exposure.weight_bp):
                return Served(exposure.candidate, "candidate", (), bucket)
            why.append("outside_weight")
    if exposure.stable is None:
        return Served(None, "none", (*why, "no_stable_revision"), bucket)
    if exposure.stable in off:
        return Served(None, "none", (*why, off[exposure.stable]), bucket)
    return Served(exposure.stable, "stable", tuple(why), bucket)


def _opened(listing: Listing | None, launched: Collection[Launched]) -> Launched | None:
    """The newest that was opened and that the listing has not been told of."""
    showing = [one for one in launched if one.shows]
    newest = max(showing, key=lambda one: one.release, default=None)
    exposure = listing.exposure if listing else None
    if newest and exposure and newest.release == exposure.release:
        return None
    return None if newest and exposure and newest.digest == exposure.stable else newest
