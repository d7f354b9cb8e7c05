"""What surrounds the plan of a launch: targets, freezes, embargoes, sign-offs, reviewers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from policies.pack import Calendar
from policies.rules.launch_readiness import Known


class Aim(Protocol):
    """What of a target counts here; `policies.rules.target.Target` is one. `[start, end)` in UTC,
    equal for an instant, None for what is to be decided by `replan_by`."""

    @property
    def precision(self) -> str: ...
    @property
    def tz(self) -> str: ...
    @property
    def start(self) -> datetime | None: ...
    @property
    def end(self) -> datetime | None: ...
    @property
    def label(self) -> str: ...
    @property
    def replan_by(self) -> datetime | None: ...


@dataclass(frozen=True)
class Span:
    """A freeze, as an interval `[start, end)` in UTC. `items` are the ones it keeps back, None for
    all of them."""

    id: str
    start: datetime
    end: datetime
    items: frozenset[str] | None = None


@dataclass(frozen=True)
class Embargo:
    """Something that becomes public at `lifts_at` whatever the launch does: an article, a talk."""

    id: str
    lifts_at: datetime


@dataclass(frozen=True)
class SignOff:
    """A gate somebody attested or signed; it counts until `fresh_until`."""

    gate: str
    fresh_until: datetime


@dataclass(frozen=True)
class Hours:
    """Reviewers as full-time equivalents, and work (seconds) that is queued before ours."""

    reviewers: float
    queued_s: float = 0.0


@dataclass(frozen=True)
class Around:
    """What surrounds a plan. `known` is per item; `effort_s` and `due_business_s` are what one
    review costs its reviewer, and how long it may take on the calendar, by risk tier."""

    calendar: Calendar
    hours: Hours
    known: Mapping[str, Known] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)
    effort_s: Mapping[str, float] = field(default_factory=dict)
    due_business_s: Mapping[str, float] = field(default_factory=dict)
    evidence_life_s: float = 0.0
    still_most_s: int | None = None
    freezes: Sequence[Span] = ()
    embargoes: Sequence[Embargo] = ()
    sign_offs: Sequence[SignOff] = ()
