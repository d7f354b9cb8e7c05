"""What crosses the wire between a workflow, the record and the edge. Fields are only added."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from policies.lifecycle.kernel import Command, Event, Fact


@dataclass(frozen=True)
class RecordRequest:
    """Append `facts` to `command.subject`, if its newest event is `expected_seq`.

    They were decided at `occurred_at` (UTC). `waited_s` is how long the request has been under way
    since, by the orchestrator's clock: while a database or a worker is away, that may be hours.
    """

    kind: str
    expected_seq: int
    command: Command
    facts: tuple[Fact, ...]
    occurred_at: datetime
    pack: str
    rules: str
    caused_by: str | None = None
    waited_s: float = 0.0

    @property
    def arrives_at(self) -> datetime:
        """The moment by which what lets exposure start or grow is judged (UTC)."""
        return self.occurred_at + timedelta(seconds=self.waited_s)


@dataclass(frozen=True)
class Refusal:
    code: str
    because: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordAnswer:
    """`stored`: the facts are events now. `known`: this command was recorded before. `behind`:
    others wrote meanwhile, nothing was stored. `refused`: a limit across subjects forbids it.

    `events` are always those with `seq` above the request's `expected_seq`.
    """

    outcome: Literal["stored", "known", "behind", "refused"]
    events: tuple[Event, ...] = ()
    answer: dict[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None
