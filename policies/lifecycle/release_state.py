"""A release: how one approved revision becomes visible. Its states and the fold of its events.

ready → scheduled → rolling(0) → rolling(1) … → completed
  ↘ blocked ↗        ⇅ paused, held, halted → rolled_back | superseded
      ⇅ bound → rolling(last) when its launch opens
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from policies.lifecycle.kernel import Event, instant, instant_or_none
from policies.rules.postponing_request import Choice


class Phase(StrEnum):
    READY = "ready"
    SCHEDULED = "scheduled"
    BOUND = "bound"  # to a launch, whose row alone says when it is visible
    BLOCKED = "blocked"
    ROLLING = "rolling"
    BAKING = "baking"  # comes with health gates, named now
    PAUSED = "paused"
    HELD = "held"
    HALTED = "halted"
    ROLLED_BACK = "rolled_back"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


FINAL = frozenset({Phase.ROLLED_BACK, Phase.COMPLETED, Phase.CANCELLED, Phase.SUPERSEDED})
LATER = frozenset({Phase.BAKING})
# Somebody may be served the candidate (or was, and will be again when a halt is resumed).
LIVE = frozenset({Phase.ROLLING, Phase.PAUSED, Phase.HELD, Phase.HALTED})

_BEFORE = frozenset({Phase.CANCELLED, Phase.SUPERSEDED})
_ENDS = frozenset({Phase.ROLLED_BACK, Phase.SUPERSEDED})
NEXT: Mapping[Phase, frozenset[Phase]] = {
    Phase.READY: frozenset({Phase.SCHEDULED, Phase.ROLLING, Phase.BOUND}) | _BEFORE,
    Phase.SCHEDULED: frozenset({Phase.READY, Phase.ROLLING, Phase.BLOCKED, Phase.HELD}) | _BEFORE,
    Phase.BOUND: frozenset({Phase.READY, Phase.ROLLING, Phase.BLOCKED}) | _BEFORE,
    Phase.BLOCKED: frozenset({Phase.HELD, Phase.READY, Phase.ROLLING, Phase.BOUND}) | _BEFORE,
    Phase.ROLLING: frozenset({Phase.PAUSED, Phase.HELD, Phase.HALTED, Phase.COMPLETED}) | _ENDS,
    Phase.BAKING: frozenset({Phase.HELD, Phase.HALTED, Phase.COMPLETED}) | _ENDS,
    Phase.PAUSED: frozenset({Phase.ROLLING, Phase.HELD, Phase.HALTED}) | _ENDS,
    Phase.HELD: frozenset({Phase.ROLLING, Phase.HALTED, Phase.CANCELLED}) | _ENDS,
    Phase.HALTED: frozenset({Phase.ROLLING}) | _ENDS,
    Phase.ROLLED_BACK: frozenset(),
    Phase.COMPLETED: frozenset(),
    Phase.CANCELLED: frozenset(),
    Phase.SUPERSEDED: frozenset(),
}


@dataclass(frozen=True)
class Step:
    """One stage of the plan: weight in basis points, least soak in seconds."""

    weight_bp: int
    visibility: str
    soak_s: int


@dataclass(frozen=True)
class Chosen:
    """What its developer wants since postponement `nth` of `launch`; kept after it left."""

    launch: str
    nth: int
    choice: Choice
    at: datetime
    by_default: bool = False


@dataclass(frozen=True)
class Release:
    """The fold. `stage` is the index into `plan`, None before the first exposure. Times UTC.

    `launch` is the one it is bound to or was opened by. While `bound_from` is set the life of its
    approval stands still; `bound_s` are the seconds that earlier bindings kept it so.
    """

    id: str
    store: str
    gpt: str
    publisher: str
    listing: str
    submission: str
    digest: str
    previous: str | None
    plan: tuple[Step, ...]
    phase: Phase
    since: datetime
    pack: str
    max_lateness_s: int
    pause_max_s: int
    seq: int = 0
    version: int = 1
    stage: int | None = None
    soaked_s: float = 0.0  # of this stage, before `clock_from`
    clock_from: datetime | None = None  # None while the soak clock stands still
    scheduled_at: datetime | None = None
    scheduled_local: Mapping[str, Any] | None = None
    paused_by: str | None = None
    paused_s: float = 0.0
    pause_until: datetime | None = None
    proposed_by: str | None = None  # first of the two who resume a halt
    why: tuple[str, ...] = ()
    launch: str | None = None
    wave: int | None = None
    importance: str | None = None
    requires: tuple[str, ...] = ()
    offset_s: int | None = None
    not_before: datetime | None = None
    bound_from: datetime | None = None
    bound_s: float = 0.0
    frozen_by: tuple[str, ...] = ()  # windows that keep back its start (blocked) or next stage
    frozen_until: datetime | None = None
    overridden: tuple[str, ...] = ()  # windows that whoever scheduled it got past
    chosen: Chosen | None = None

    @property
    def is_bound(self) -> bool:
        """Waits for its launch, also while blocked because the launch passed it over."""
        return self.bound_from is not None

    @property
    def is_withdrawn(self) -> bool:
        """Its developer took it out of its launch and has not said since that it may ship."""
        said = self.chosen is not None and self.chosen.choice is Choice.WITHDRAW
        return said and self.phase is Phase.READY

    def chose(self, launch: str, nth: int) -> Choice | None:
        """What its developer said of postponement `nth` of `launch`."""
        c = self.chosen
        return c.choice if c is not None and (c.launch, c.nth) == (launch, nth) else None

    @property
    def step(self) -> Step | None:
        return None if self.stage is None else self.plan[self.stage]

    @property
    def stage_over_at(self) -> datetime | None:
        """When the soak of the present stage is done, if its clock runs."""
        if self.clock_from is None or self.step is None:
            return None
        return self.clock_from + timedelta(seconds=max(0.0, self.step.soak_s - self.soaked_s))


def evolve(state: Release | None, event: Event) -> Release:
    body, at = event.body, event.occurred_at
    if event.type == "release:prepared":
        return Release(
            id=event.subject,
            store=event.store,
            gpt=body["gpt"],
            publisher=body["publisher"],
            listing=body["listing"],
            submission=body["submission"],
            digest=body["digest"],
            previous=body["previous"],
            plan=tuple(Step(**step) for step in body["plan"]),
            phase=Phase.READY,
            since=at,
            pack=event.pack,
            seq=event.seq,
            max_lateness_s=body["max_lateness_s"],
            pause_max_s=body["pause_max_s"],
        )
    if state is None:
        raise ValueError(f"{event.type} before release:prepared on {event.subject}")
    change = _CHANGES.get(event.type)
    if change is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    new: Release = change(state, event, body, at)
    if new.phase is not state.phase:
        if new.phase not in NEXT[state.phase]:
            raise ValueError(f"{event.type}: {state.phase} → {new.phase} is not a move")
        new = replace(_after_binding(_after_pause(state, new, at), at), since=at)
    return replace(_after_freeze(new, event), seq=event.seq, version=state.version + 1)


def _after_freeze(s: Release, event: Event) -> Release:
    """What comes next ends a freeze; an override lasts until the start it was given for."""
    if s.phase not in (Phase.SCHEDULED, Phase.BLOCKED):
        s = replace(s, overridden=())
    if event.type in ("release:frozen", "release:blocked"):
        return s
    return replace(s, frozen_by=(), frozen_until=None)


def _frozen(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    """It rolls on: who has it keeps it, and the soak clock runs."""
    return replace(
        s,
        frozen_by=tuple(b["windows"]),
        frozen_until=instant_or_none(b.get("until")),
        why=tuple(f"frozen:{window}" for window in b["windows"]),
    )


def _blocked(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return replace(
        s,
        phase=Phase.BLOCKED,
        why=tuple(b["why"]),
        scheduled_at=None,
        frozen_by=tuple(b.get("windows", ())),
        frozen_until=instant_or_none(b.get("until")),
    )


def _stop_clock(s: Release, at: datetime, **changes: Any) -> Release:
    ran = (at - s.clock_from).total_seconds() if s.clock_from else 0.0
    return replace(s, soaked_s=s.soaked_s + ran, clock_from=None, **changes)


def _after_pause(old: Release, new: Release, at: datetime) -> Release:
    """However a pause ends, its time counts towards what the policy allows in all."""
    if old.phase is not Phase.PAUSED:
        return new
    paused = old.paused_s + (at - old.since).total_seconds()
    return replace(new, paused_s=paused, paused_by=None, pause_until=None)


def _after_binding(s: Release, at: datetime) -> Release:
    """Bound or passed over, its approval's life stands still; in any other phase it goes on."""
    if s.bound_from is None or s.phase in (Phase.BOUND, Phase.BLOCKED):
        return s
    stood = (at - s.bound_from).total_seconds()
    return replace(s, bound_from=None, bound_s=s.bound_s + stood)


def _bound(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return replace(
        s,
        phase=Phase.BOUND,
        why=(),
        launch=b["launch"],
        wave=b["wave"],
        importance=b["importance"],
        requires=tuple(b["requires"]),
        offset_s=b["offset_s"],
        not_before=instant_or_none(b["not_before"]),
        bound_from=s.bound_from or at,
    )


def _unbound(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return replace(
        s,
        phase=Phase.READY,
        why=(),
        launch=None,
        wave=None,
        importance=None,
        requires=(),
        offset_s=None,
        not_before=None,
    )


def _chosen(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    by_default = e.type == "release:launch:defaulted"
    return replace(s, chosen=Chosen(b["launch"], b["nth"], Choice(b["choice"]), at, by_default))


def _cleared(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return replace(s, phase=Phase.BOUND if s.is_bound else Phase.READY, why=())


def _scheduled(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return replace(
        s,
        phase=Phase.SCHEDULED,
        scheduled_at=instant(b["at"]),
        why=(),
        scheduled_local=b.get("time"),
        overridden=tuple(b.get("override", {}).get("windows", ())),
    )


def _entered(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return replace(
        s,
        phase=Phase.ROLLING,
        stage=b["stage"],
        soaked_s=0.0,
        clock_from=at,
        why=(),
        scheduled_at=None,
        scheduled_local=None,
        proposed_by=None,
    )


def _paused(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return _stop_clock(
        s,
        at,
        phase=Phase.PAUSED,
        paused_by=e.actor_id,
        why=(b["reason"],),
        pause_until=instant_or_none(b.get("until")),
    )


def _resumed(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return replace(s, phase=Phase.ROLLING, clock_from=at, proposed_by=None, why=())


def _held(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
    return _stop_clock(
        s, at, phase=Phase.HELD, why=(b["cause"], *b.get("why", ())), scheduled_at=None
    )


def _ends(phase: Phase) -> Any:
    def change(s: Release, e: Event, b: dict[str, Any], at: datetime) -> Release:
        why = (b["reason"],) if b.get("reason") else ()
        return _stop_clock(s, at, phase=phase, why=why, scheduled_at=None, proposed_by=None)

    return change


_CHANGES: Mapping[str, Any] = {
    "release:scheduled": _scheduled,
    "release:time:resolved": lambda s, e, b, at: replace(
        s, scheduled_at=instant(b["at"]), scheduled_local=b["time"]
    ),
    "release:unscheduled": lambda s, e, b, at: replace(
        s, phase=Phase.READY, scheduled_at=None, scheduled_local=None
    ),
    "release:blocked": _blocked,
    "release:frozen": _frozen,
    "release:cleared": _cleared,
    "release:bound": _bound,
    "release:unbound": _unbound,
    "release:launch:chosen": _chosen,
    "release:launch:defaulted": _chosen,
    "release:stage:entered": _entered,
    "release:paused": _paused,
    "release:resumed": _resumed,
    "release:held": _held,
    "release:halted": lambda s, e, b, at: _stop_clock(
        s, at, phase=Phase.HALTED, why=(b["reason"],), proposed_by=None
    ),
    "release:resume:proposed": lambda s, e, b, at: replace(s, proposed_by=e.actor_id),
    "release:completed": _ends(Phase.COMPLETED),
    "release:rolled_back": _ends(Phase.ROLLED_BACK),
    "release:cancelled": _ends(Phase.CANCELLED),
    "release:superseded": _ends(Phase.SUPERSEDED),
}
