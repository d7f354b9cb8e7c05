"""One tree of domain errors. It knows no HTTP: `api/errors.py` holds the only table that does.

    PolicyError
    ├── Refused                 a command may not happen now; `code` is stable, `because` is prose
    │   ├── IllegalMove         not from this state
    │   ├── StaleDecision       names another digest or version than the present one (I1)
    │   ├── NotAllowed          this role or relation may never give this command here
    │   ├── SelfApproval        decider belongs to the publisher (I2)
    │   ├── SameVoice           second approver is the first, or decided before (I2)
    │   ├── NotClaimed          the deciding reviewer does not hold the claim
    │   ├── Incomplete          something the command needs is missing (reason, clauses, checklist)
    │   ├── EvidenceBlocks      the evidence does not permit it (I6, I7)
    │   ├── NotYet              right command, too early
    │   ├── OverLimit           a limit across subjects (claims, open submissions)
    │   └── Forged              the command's MAC does not hold
    └── PackFault               a policy pack cannot be read

Each carries what a person needs to go on: `code`, `because`, and `detail` (small JSON values).
"""

from collections.abc import Mapping
from typing import Any


class PolicyError(Exception):
    """Root of everything the rules can say no with."""


class PackFault(PolicyError):
    """A policy pack is malformed. The message names file and field."""


class Refused(PolicyError):
    """A command is refused. `code` is the stable name, `because` says why in a sentence."""

    code = "refused"

    def __init__(self, because: str, **detail: Any) -> None:
        super().__init__(because)
        self.because = because
        self.detail: Mapping[str, Any] = detail


class IllegalMove(Refused):
    code = "illegal-move"


class StaleDecision(Refused):
    code = "stale-decision"


class NotAllowed(Refused):
    code = "not-allowed"


class SelfApproval(Refused):
    code = "self-approval"


class SameVoice(Refused):
    code = "same-voice"


class NotClaimed(Refused):
    code = "not-claimed"


class Incomplete(Refused):
    code = "incomplete"


class EvidenceBlocks(Refused):
    code = "evidence-blocks"


class NotYet(Refused):
    code = "not-yet"


class OverLimit(Refused):
    code = "over-limit"


class Forged(Refused):
    code = "forged"


REFUSALS: Mapping[str, type[Refused]] = {
    kind.code: kind
    for kind in (
        IllegalMove,
        StaleDecision,
        NotAllowed,
        SelfApproval,
        SameVoice,
        NotClaimed,
        Incomplete,
        EvidenceBlocks,
        NotYet,
        OverLimit,
        Forged,
    )
}


def refusal(code: str, because: str, detail: Mapping[str, Any] | None = None) -> Refused:
    """Rebuild a refusal that crossed a wire by its code."""
    return REFUSALS.get(code, Refused)(because, **dict(detail or {}))
