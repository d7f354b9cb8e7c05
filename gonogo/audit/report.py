"""What a verification found: faults by place, a thousand at most, and what was looked at."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from policies.audit.chain import Fault

MOST = 1_000


@dataclass
class Report:
    """`found` counts all faults, `faults` holds the first of them. Times are UTC.

    `covered` is the size of the newest checkpoint that holds, `erased` counts texts and transcripts
    that were erased: their digests stay, they are no fault. `warnings` are what was not looked at.
    """

    store: str
    at: datetime
    events: int = 0
    subjects: int = 0
    commands: int = 0
    checkpoints: int = 0
    covered: int = 0
    objects: int = 0
    erased: int = 0
    found: int = 0
    seconds: float = 0.0
    origin: str = ""
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.found

    def add(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.found += 1
            if len(self.faults) < MOST:
                self.faults.append(fault)

    def as_value(self) -> dict[str, Any]:
        """As JSON: what `--json` prints and what is kept as the last verification."""
        value = asdict(self)
        value["at"] = self.at.astimezone(UTC).isoformat(timespec="seconds")
        value["seconds"] = round(self.seconds, 2)
        return {"ok": self.ok, **value}
