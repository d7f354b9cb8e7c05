"""A time as people say it, “9 March, 02:30, New York”, resolved to one instant.

The rule is RFC 5545, section 3.3.5, the same as TC39 Temporal's “compatible”: a time that a clock
change skips means the later one, a time that comes twice means the earlier one. The caller hands in
the zone, because reading zone data is not for rules, and never happens inside workflow code.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from policies.errors import Incomplete
from policies.lifecycle.kernel import iso


@dataclass(frozen=True)
class CivilTime:
    """What an event keeps of a civil time: enough to resolve it anew under newer zone data."""

    local: str  # ISO 8601 without offset, as given
    iana_tz: str
    utc: str  # RFC 3339
    tzdata: str  # the release of the zone data that resolved it
    gap: Literal["later"] = "later"
    fold: Literal["earlier"] = "earlier"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Resolved:
    """`at` in UTC. `kind` says what was unusual about it, `means` is the civil time with offset."""

    at: datetime
    time: CivilTime
    kind: Literal["plain", "gap", "fold"]
    means: str

    @property
    def notice(self) -> dict[str, str] | None:
        """What a person must be told before they rely on it, or None."""
        if self.kind == "plain":
            return None
        text = {
            "gap": f"{self.time.local} is skipped by a clock change in {self.time.iana_tz}",
            "fold": f"{self.time.local} comes twice in {self.time.iana_tz}",
        }[self.kind]
        return {"kind": self.kind, "means": self.means, "text": f"{text}: {self.means} is meant"}


def resolve(
    local: datetime, zone: tzinfo, *, name: str, tzdata: str, strict: bool = False
) -> Resolved:
    """Resolve a naive `local` in `zone` (IANA `name`, data of release `tzdata`).

    Raises `Incomplete` for a time that carries an offset and, if `strict`, for gap and fold.
    """
    if local.tzinfo is not None:
        raise Incomplete("a local time carries no offset; send `at` instead", field="local")
    earlier = local.replace(tzinfo=zone, fold=0)
    at = earlier.astimezone(UTC)
    means = at.astimezone(zone)
    kind: Literal["plain", "gap", "fold"] = "plain"
    if means.replace(tzinfo=None, fold=0) != local.replace(fold=0):
        kind = "gap"
    elif earlier.utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset():
        kind = "fold"
    if strict and kind != "plain":
        raise Incomplete(f"{local.isoformat()} is not one time in {name}", field="local", kind=kind)
    time = CivilTime(local=local.isoformat(), iana_tz=name, utc=iso(at), tzdata=tzdata)
    return Resolved(at, time, kind, means.isoformat())
