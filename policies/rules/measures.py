"""What of a launch can be measured for its gates: by name, with what the value counts.

Who looks is `gonogo/db/launch_gates.py`; what an operator's Prometheus is asked stands in the
gate itself. A pack that names anything else is refused when it is read: such a gate could never
hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

PROMETHEUS = "prometheus"


@dataclass(frozen=True)
class Measure:
    """`unit`: what the value counts, as a plural; `share` is a part of one, `value` of no unit."""

    unit: str
    what: str


MEASURES: Mapping[str, Measure] = {
    "no_stop": Measure("stops", "active stops of the whole store or of a category"),
    "review_on_time": Measure("cases", "cases of the review queue past their due date"),
    "duties_done": Measure("items", "must items whose builders owe something the pack lists"),
    "must_approved": Measure("share", "part of the must items whose approval stands; 1 of none"),
    "critical_findings": Measure(
        "findings",
        "findings that forbid approval, of all bound items; one for an item nobody tested",
    ),
    "review_capacity": Measure(
        "share", "reviewers' hours that are needed before the opening, over those there are"
    ),
    PROMETHEUS: Measure("value", "the one sample that the gate's query finds"),
}


@dataclass(frozen=True)
class Seen:
    """One look. `why`: the code that says why there is no value."""

    value: float | None = None
    why: str | None = None

    def observed(self, at: datetime) -> dict[str, object]:
        """As `observed["gates"]` has it; whether the value is within limits is for the gate."""
        found: dict[str, object] = {"holds": self.value is not None, "value": self.value}
        return found | {"at": at.isoformat()} | ({"why": self.why} if self.why else {})


# Why a look gave no value.
NOT_LOOKED_AT = "not_looked_at"
NOBODY_CAN = "nobody_can_measure"


def unknown(measures: Iterable[str]) -> tuple[str, ...]:
    """Those of `measures` that nobody can look at."""
    return tuple(one for one in measures if one not in MEASURES)
