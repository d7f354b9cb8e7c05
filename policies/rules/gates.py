"""Gates of a launch: what must be true before anything opens, who says so, and for how long.

measured   the system looks; a number within its limit
attested   the owner shows evidence
signed     the owner says yes or no

A gate is green, waived, red, stale or missing; only the first two let a launch pass. What nobody
looked at is missing, what is too old is stale: unknown never means safe (I7).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

GateKind = Literal["measured", "attested", "signed"]
GateStatus = Literal["green", "waived", "red", "stale", "missing"]


@dataclass(frozen=True)
class Gate:
    """`freshness_s`: how long an answer counts. `waivable_by`: the role that may accept the risk,
    None: nobody. `measure`: what is looked at (`policies/rules/measures.py`), None: what the gate
    is called. `least` and `most`: the measured values that still hold, None: no such limit;
    without either the look decides."""

    id: str
    kind: GateKind
    owner_role: str
    freshness_s: int
    waivable_by: str | None = None
    most: float | None = None
    least: float | None = None
    measure: str | None = None

    @property
    def looks_at(self) -> str | None:
        """The measure of a measured gate."""
        return (self.measure or self.id) if self.kind == "measured" else None

    def allows(self, value: float | None) -> bool:
        """Whether a measured value is within the limits. No value is within none (I7)."""
        if self.most is None and self.least is None:
            return True
        return (
            value is not None
            and (self.most is None or value <= self.most)
            and (self.least is None or value >= self.least)
        )


@dataclass(frozen=True)
class Mark:
    """The newest answer to one gate: from whom, when (UTC), until when it counts."""

    gate: str
    holds: bool
    by: str
    at: datetime
    until: datetime
    value: float | None = None
    waived: bool = False
    reason: str | None = None  # digest of the prose
    evidence: str | None = None
    lapsed: bool = False  # its owner was told that it counts no longer
    why: str | None = None  # code: why a look gave no value


@dataclass(frozen=True)
class GateVerdict:
    """Truthy when the gate lets a launch pass. `until`: when it stops to, or stopped to."""

    gate: Gate
    status: GateStatus
    until: datetime | None = None
    by: str | None = None
    value: float | None = None
    told: bool = False  # that it counts no longer
    why: str | None = None  # code: why a look gave no value

    def __bool__(self) -> bool:
        return self.status in ("green", "waived")


@dataclass(frozen=True)
class Gates:
    """All gates at one moment, in the order of the pack. Truthy when every one lets pass and there
    is at least one."""

    verdicts: tuple[GateVerdict, ...]

    def __bool__(self) -> bool:
        return bool(self.verdicts) and all(self.verdicts)

    @property
    def why(self) -> tuple[str, ...]:
        """Every gate in the way as `id:status`, so that one look tells all that has to be done."""
        if not self.verdicts:
            return ("no_gates",)
        return tuple(f"{v.gate.id}:{v.status}" for v in self.verdicts if not v)

    @property
    def lost(self) -> tuple[str, ...]:
        """Ids of gates whose answer stopped to count."""
        return tuple(v.gate.id for v in self.verdicts if v.status == "stale" and not v.told)


def until(gate: Gate, at: datetime, claimed: datetime | None = None) -> datetime:
    """When an answer given at `at` stops to count; evidence may claim less than the freshness."""
    latest = at + timedelta(seconds=gate.freshness_s)
    return latest if claimed is None else min(latest, claimed)


def judge(gate: Gate, mark: Mark | None, now: datetime) -> GateVerdict:
    if mark is None:
        return GateVerdict(gate, "missing")
    status: GateStatus = "waived" if mark.waived else "green" if mark.holds else "red"
    if status != "red" and (mark.lapsed or now >= mark.until):
        status = "stale"
    return GateVerdict(gate, status, mark.until, mark.by, mark.value, mark.lapsed, mark.why)


def look(gates: Iterable[Gate], marks: Mapping[str, Mark], now: datetime) -> Gates:
    """Every gate at `now` (UTC)."""
    return Gates(tuple(judge(gate, marks.get(gate.id), now) for gate in gates))


def ending_before(
    gates: Iterable[Gate], marks: Mapping[str, Mark], now: datetime, opening: datetime
) -> tuple[GateVerdict, ...]:
    """Gates that let pass now and will not at `opening`: to be shown while there is time."""
    return tuple(
        v for v in look(gates, marks, now).verdicts if v and v.until and v.until <= opening
    )
