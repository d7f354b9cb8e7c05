"""The report on a launch: what happened, who said no, how late it was, what was forecast. A value.

Made of the launch's own events, in order, and of what others brought: incidents of the soak,
forecasts and lessons. It holds ids, codes, times and digests, so it may be kept as JSON beside the
record; names and prose are looked up when it is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeGuard

from policies.lifecycle.kernel import Event, iso
from policies.lifecycle.launch_fold import evolve
from policies.lifecycle.launch_state import Launch
from policies.rules.pressure import Pressure, level
from policies.rules.target import Target, deadline
from policies.stats.scoring import brier, calibration, log_score

SCHEMA = 2  # since 2 it holds the pressure
# Looks of the system: wherever a timeline is told they are counted, not listed.
LOOKS = frozenset({"launch:gate:measured", "launch:items:counted"})
# What a check before the opening found, the next event tells: a hold, a freeze, the opening. A
# rehearsal lists checks, since when they look and at how many items is what it is asked for.
_QUIET = LOOKS | {"launch:countdown:checked"}
_DATES = {
    "launch:planned": "planned",
    "launch:target:narrowed": "narrowed",
    "launch:postponed": "postponed",
    "launch:replanned": "planned",
    "launch:brought_forward": "brought_forward",
}


@dataclass(frozen=True)
class Incident:
    """Something that went wrong between opening and closing: a stop, a halt, a suspension."""

    kind: str
    subject: str
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Foretold:
    """A forecast as it was made: the probability that approvals suffice by `by`."""

    at: datetime
    by: datetime
    probability: float


@dataclass(frozen=True)
class Moment:
    seq: int
    at: datetime
    what: str
    by: str
    code: str | None = None


@dataclass(frozen=True)
class Date:
    """One change of the date. `label` is what was meant, such as `season:2024-early`."""

    at: datetime
    what: str
    label: str
    by: str
    reason: str | None = None


@dataclass(frozen=True)
class GateStory:
    """How often a gate was answered, refused, waived and lapsed, and how it stood at the end."""

    gate: str
    answers: int
    refusals: int
    waivers: int
    lapses: int
    last_by: str | None = None


@dataclass(frozen=True)
class Dissent:
    """A NO-GO. `overridden_by`: who accepted the risk, None: nobody did, and it held."""

    round: int
    role: str
    by: str
    at: datetime
    statement: str | None = None
    overridden_by: str | None = None


@dataclass(frozen=True)
class Opened:
    wave: int
    at: datetime
    ready: int
    excluded: int


@dataclass(frozen=True)
class Score:
    """Of forecasts whose date has come. None where there was none; then `unscored` says why:
    no_forecast (none was kept), not_due (the date of none has come)."""

    forecasts: int
    brier: float | None
    log: float | None
    bins: tuple[Mapping[str, float], ...] = ()
    unscored: str | None = None


@dataclass(frozen=True)
class Index:
    """How much it was pressed, as `pressure.py` counts it: `value` and every part from 0 to 1."""

    value: float
    level: str
    parts: Mapping[str, float]


@dataclass(frozen=True)
class LaunchReport:
    """`late_s`: seconds from the end of the first announced date to the opening; below zero it was
    early, None if it never opened or had no date. `held_s`: how long it was on hold in all.
    `pressure` is None where nobody looked, as in what was filed before reports held it."""

    launch: str
    name: str
    status: str
    dates: tuple[Date, ...]
    postponements: int
    late_s: float | None
    held_s: float
    suspended_s: float
    timeline: tuple[Moment, ...]
    quiet: int
    gates: tuple[GateStory, ...]
    rounds: int
    dissent: tuple[Dissent, ...]
    opened: tuple[Opened, ...]
    score: Score
    incidents: tuple[Incident, ...]
    lessons: tuple[str, ...]
    pressure: Index | None = None


def report(
    events: Sequence[Event],
    *,
    incidents: Iterable[Incident] = (),
    foretold: Iterable[Foretold] = (),
    approved_at: datetime | None = None,
    lessons: Iterable[str] = (),
    pressure: Index | None = None,
    now: datetime,
) -> LaunchReport:
    """`events` are all of one launch, in order. `approved_at` is when its approvals sufficed, None
    if they never did: what forecasts are scored against. Raises `ValueError` without events."""
    if not events:
        raise ValueError("a report is about a launch that has a record")
    state: Launch | None = None
    states: list[Launch] = []
    for event in events:
        state = evolve(state, event)
        states.append(state)
    last = states[-1]
    dates = tuple(_dates(events, states))
    return LaunchReport(
        launch=last.id,
        name=last.name,
        status=last.status.value,
        dates=dates,
        postponements=last.postponements,
        late_s=_late(states),
        held_s=_spent(states, events, "hold", now),
        suspended_s=_spent(states, events, "suspended", now),
        timeline=tuple(_moment(one) for one in events if one.type not in _QUIET),
        quiet=sum(one.type in _QUIET for one in events),
        gates=tuple(_gates(events, last)),
        rounds=last.rounds,
        dissent=tuple(
            Dissent(v.round, v.role, v.by, v.at, v.statement, v.override)
            for v in last.votes
            if v.vote == "NO_GO"
        ),
        opened=tuple(_opened(events)),
        score=_score(list(foretold), approved_at, now),
        incidents=tuple(
            sorted((*incidents, *_suspensions(events)), key=lambda one: (one.at, one.subject))
        ),
        lessons=tuple(lessons),
        pressure=pressure,
    )


def as_json(made: LaunchReport) -> dict[str, Any]:
    """RFC 3339 times, plain numbers: what is exported and hashed."""
    return {"schema": SCHEMA, **_plain(asdict(made))}


def index_of(told: Pressure) -> Index:
    """What a report keeps of it."""
    return Index(told.value, told.level, dict(told.parts))


def index_in(filed: Any) -> Index | None:
    """The index in a report as it was filed; None where there is none that can be read."""
    found = filed.get("pressure") if isinstance(filed, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("parts"), dict):
        return None
    value, parts = found.get("value"), found["parts"]
    if not _is_share(value) or not all(map(_is_share, parts.values())):
        return None
    return Index(value, level(value), parts)


def _is_share(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return iso(value) if isinstance(value, datetime) else value


def _moment(event: Event) -> Moment:
    what, code = event.type.partition(":")[2], code_of(event.body)
    return Moment(event.seq, event.occurred_at, what, event.actor_id, code)


def code_of(body: Mapping[str, Any]) -> str | None:
    """The code in an event's body that says most about it."""
    named = (body.get(name) for name in ("cause", "reason", "outcome", "gate", "vote", "to"))
    return next((one for one in named if isinstance(one, str)), None)


def _dates(events: Sequence[Event], states: Sequence[Launch]) -> Iterable[Date]:
    for event, state in zip(events, states, strict=True):
        what = _DATES.get(event.type)
        if what is not None and state.target is not None:
            reason = event.body.get("reason")
            yield Date(event.occurred_at, what, state.target.label, event.actor_id, reason)


def _late(states: Sequence[Launch]) -> float | None:
    first: Target | None = next((one.target for one in states if one.target is not None), None)
    opened = states[-1].opened_at
    if first is None or opened is None:
        return None
    return (opened - deadline(first)).total_seconds()


def _spent(states: Sequence[Launch], events: Sequence[Event], status: str, now: datetime) -> float:
    total, since = 0.0, None
    for state, event in zip(states, events, strict=True):
        if since is None and state.status == status:
            since = event.occurred_at
        elif since is not None and state.status != status:
            total += (event.occurred_at - since).total_seconds()
            since = None
    return total + ((now - since).total_seconds() if since is not None else 0.0)


def _gates(events: Sequence[Event], last: Launch) -> Iterable[GateStory]:
    """In the order of the pack; the system's own looks are no answers of a person."""
    for gate in last.terms.gates:
        mine = [one for one in events if one.body.get("gate") == gate.id]
        said = [one for one in mine if one.type in ("launch:gate:attested", "launch:gate:signed")]
        mark = last.marks.get(gate.id)
        yield GateStory(
            gate=gate.id,
            answers=len(said),
            refusals=sum(
                one.body.get("verdict") == "no" or one.body.get("holds") is False for one in mine
            ),
            waivers=sum(one.type == "launch:gate:waived" for one in mine),
            lapses=sum(one.type == "launch:gate:lapsed" for one in mine),
            last_by=mark.by if mark else None,
        )


def _opened(events: Sequence[Event]) -> Iterable[Opened]:
    for event in events:
        if event.type == "launch:wave:opened":
            body = event.body
            yield Opened(body["wave"], event.occurred_at, body["ready"], len(body["excluded"]))


def _suspensions(events: Sequence[Event]) -> Iterable[Incident]:
    begun: Event | None = None
    for event in events:
        if event.type == "launch:suspended":
            begun = event
        elif event.type == "launch:restored" and begun is not None:
            yield Incident("suspension", event.subject, begun.occurred_at, event.occurred_at)
            begun = None
    if begun is not None:
        yield Incident("suspension", begun.subject, begun.occurred_at)


def _score(foretold: list[Foretold], approved_at: datetime | None, now: datetime) -> Score:
    """A forecast whose date lies ahead, and was not met early, says nothing yet."""
    said = [
        (one.probability, approved_at is not None and approved_at <= one.by)
        for one in foretold
        if one.by <= now or (approved_at is not None and approved_at <= one.by)
    ]
    if not said:
        return Score(0, None, None, unscored="not_due" if foretold else "no_forecast")
    return Score(
        len(said), brier(said), log_score(said), tuple(asdict(b) for b in calibration(said))
    )
