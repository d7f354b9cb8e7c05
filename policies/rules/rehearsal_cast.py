"""What a rehearsal is given: the launch, its items, people's habits, and what goes wrong when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch
from policies.rules.target import Target
from policies.rules.windows import Window, Zones


@dataclass(frozen=True)
class Item:
    """Bound releases that do not differ in any of this, `count` of them; `id` names the first.
    `ready_at` is when all of I6 holds for them, None: never, and `why` says what is missing.
    `until` is when their evidence ends, None: not within the rehearsal."""

    id: str
    importance: str = "must"
    wave: int = 1
    tier: str = "low"
    ready_at: datetime | None = None
    until: datetime | None = None
    count: int = 1
    why: str = "approval_missing"
    scopes: tuple[str, ...] = ()  # those of its scopes that windows know


@dataclass(frozen=True)
class Injection:
    """Something that goes wrong at `at`. `command` is given to the launch, where it is one."""

    at: datetime
    command: tuple[str, Actor, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Rejected(Injection):
    """Of `release`, from `at` on; ready again at `again_at`, None: never."""

    release: str = ""
    again_at: datetime | None = None


@dataclass(frozen=True)
class Stopped(Injection):
    """A stop on `release`, or with an empty one on the whole store; lifted at `until`."""

    release: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Left(Injection):
    """`release` leaves the launch."""

    release: str = ""
    importance: str = "must"


@dataclass(frozen=True)
class _Span(Injection):
    until: datetime = datetime.max


@dataclass(frozen=True)
class Outage(_Span):
    """The system sleeps: whatever its clock brings meanwhile comes late, at `until`."""


@dataclass(frozen=True)
class Away(_Span):
    """Nobody of `role` is there."""

    role: str = ""


def held(at: datetime, role: str, reason: str = "rehearsed") -> Injection:
    """Somebody of `role` holds the launch."""
    return Injection(at, ("hold", player(role), {"reason": reason, "note": None}))


def player(role: str, number: int = 1) -> Actor:
    """Who plays `role`; nobody else, so that one person never acts as two."""
    return Actor(f"rehearsal:{role}:{number}", (role,))


@dataclass(frozen=True)
class Scenario:
    """`opening` is what a wider target is narrowed to. `votes`: what each role says, one word
    after another as it is asked again; a role not named says GO, an empty tuple says nothing.
    `delay_s` is the median time a person takes for one task, `delays_s` that of a role."""

    launch: Launch
    start: datetime
    until: datetime
    items: tuple[Item, ...] = ()
    opening: Target | None = None
    injections: tuple[Injection, ...] = ()
    votes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accepts_risk: bool = False  # of a NO-GO, where the rules let somebody
    overrides_freezes: bool = False  # of the whole store, where they name one role that may
    delay_s: float = 4 * 3600.0
    delays_s: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)  # gate → value, else 0
    unmeasured: frozenset[str] = frozenset()  # gates nobody can look at, which do not hold
    windows: tuple[Window, ...] = ()  # of every scope
    zones: Zones = field(default_factory=dict)  # the zone of every window, by its name
    seed: str = "rehearsal"
