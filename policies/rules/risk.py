"""The risk tier of a revision, with the reasons that put it there.

The tier sets due date and number of approvals, never the verdict. Reasons are codes; the
highest one decides:

    high     action-with-auth     an outside service acts in the user's name or the publisher's,
                                  or may, since nobody said that it does not
             blocking-finding     something the pack refuses was found
    medium   action               what users say leaves the store
             code                 the assistant runs code
             knowledge            texts that nobody reads in full steer the answers
             marked-secret        the instructions hold something to keep from users
             advisory-finding     the scan found something a person should look at
    low      browsing, images     named so that the page explains itself; neither raises the tier
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from policies.bundle.findings import Finding
from policies.bundle.parts import Manifest, secret_names

TierName = Literal["low", "medium", "high"]

ORDER: tuple[TierName, ...] = ("low", "medium", "high")

TIER_OF: Mapping[str, TierName] = {
    "action-with-auth": "high",
    "blocking-finding": "high",
    "action": "medium",
    "code": "medium",
    "knowledge": "medium",
    "marked-secret": "medium",
    "advisory-finding": "medium",
    "browsing": "low",
    "images": "low",
}


@dataclass(frozen=True)
class Risk:
    """A tier and the codes behind it, those of the highest tier first."""

    tier: TierName
    reasons: tuple[str, ...]


def risk_tier(manifest: Manifest, findings: Iterable[Finding]) -> Risk:
    """The tier of a manifest whose findings are weighed. No reason at all is `low`."""
    found = tuple(findings)
    holds = {
        "action-with-auth": any(action.auth != "none" for action in manifest.actions),
        "blocking-finding": any(finding.blocking for finding in found),
        "action": bool(manifest.actions),
        "code": manifest.capabilities.code,
        "knowledge": bool(manifest.knowledge or manifest.absent.knowledge),
        "marked-secret": bool(secret_names(manifest.instructions)),
        "advisory-finding": any(not finding.blocking for finding in found),
        "browsing": manifest.capabilities.browsing,
        "images": manifest.capabilities.images,
    }
    reasons = tuple(reason for reason in TIER_OF if holds[reason])
    tier = max((TIER_OF[reason] for reason in reasons), key=ORDER.index, default=ORDER[0])
    return Risk(tier, reasons)
