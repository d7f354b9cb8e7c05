"""The picture of a rehearsal: who was waited for and what happened, on a scale around the opening.

Close to the opening minutes matter, far from it days: a moment stands at the logarithm of its
distance from the opening, in hours. Places are percentages of the width, so nothing is stretched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import copysign, log1p

from api.launch_rehearsal import Played
from api.launch_rehearsal_views import listed
from policies.lifecycle.kernel import SYSTEM
from policies.rules.rehearsal_cast import Away, Injection, Outage, Rejected, Stopped

LANE_PX, AXIS_PX = 46, 30
_MARGIN = 1.5  # per cent, left and right
_APART = 11.0  # per cent between two labels of the scale: what a phone has room for
_HOUR = timedelta(hours=1)
_TICKS = (
    (timedelta(days=365), "1 y"),
    (timedelta(days=90), "90 d"),
    (timedelta(days=30), "30 d"),
    (timedelta(days=7), "7 d"),
    (timedelta(days=2), "2 d"),
    (timedelta(days=1), "1 d"),
    (timedelta(hours=6), "6 h"),
    (timedelta(hours=1), "1 h"),
    (timedelta(minutes=10), "10 m"),
    (timedelta(minutes=2), "2 m"),
)
_KINDS = {"launch:wave:opened": "opens", "launch:held": "held", "launch:poll:closed": "poll"}


@dataclass(frozen=True)
class Bar:
    """`kind`: wait, wrong or blocked; `open`: it has no end."""

    kind: str
    x: float
    width: float
    of: str
    open: bool


@dataclass(frozen=True)
class Dot:
    kind: str
    x: float
    of: str


@dataclass(frozen=True)
class Lane:
    """`name` is a role, `system`, or `wrong` or `blocked`. `y` is its upper edge in pixels."""

    name: str
    y: int
    bars: tuple[Bar, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Chart:
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    opening: float
    height: int


class _Scale:
    def __init__(self, opening: datetime, first: datetime, last: datetime) -> None:
        self._opening, self._last = opening, last
        self._low, self._high = self._raw(first), self._raw(last)

    def _raw(self, at: datetime) -> float:
        hours = (at - self._opening) / _HOUR
        return copysign(log1p(abs(hours)), hours)

    def __call__(self, at: datetime) -> float:
        """Per cent from the left edge."""
        span = (self._high - self._low) or 1.0
        share = (self._raw(at) - self._low) / span
        return round(_MARGIN + min(1.0, max(0.0, share)) * (100 - 2 * _MARGIN), 2)

    def bar(self, kind: str, at: datetime, until: datetime | None, of: str) -> Bar:
        x = self(at)
        width = max(0.6, self(until or self._last) - x)
        return Bar(kind, x, round(width, 2), of, until is None)


def chart(done: Played) -> Chart:
    result, scenario = done.result, done.scenario
    ends = [one.at for one in result.moments] + [one.at for one in scenario.injections]
    ends += [w.until or w.at for w in result.waits]
    last = min(scenario.until, max([*ends, done.opening + _HOUR]))
    first = min(scenario.start, done.opening - _HOUR)
    scale = _Scale(done.opening, first, last)
    lanes: list[tuple[str, list[Bar], list[Dot]]] = []
    wrong = [scale.bar("wrong", one.at, _end(one), _of(one)) for one in scenario.injections]
    if wrong:
        lanes.append(("wrong", wrong, []))
    blocked = [scale.bar("blocked", one.at, one.until, one.what) for one in result.blocked]
    if blocked:
        lanes.append(("blocked", blocked, []))
    moments = listed(done)
    own = [_dot(scale, one.at, one.type) for one in moments if _is_own(one.by)]
    lanes.append(("system", [], own))
    for role in _roles(done):
        bars = [scale.bar("wait", w.at, w.until, w.what) for w in result.waits if w.who[0] == role]
        mine = [one for one in moments if one.by.startswith(f"rehearsal:{role}:")]
        lanes.append((role, bars, [_dot(scale, one.at, one.type) for one in mine]))
    placed = tuple(
        Lane(name, index * LANE_PX, tuple(bars), tuple(dots))
        for index, (name, bars, dots) in enumerate(lanes)
    )
    height = len(placed) * LANE_PX + AXIS_PX
    return Chart(placed, _ticks(scale, done.opening, first, last), scale(done.opening), height)


def _is_own(actor: str) -> bool:
    return not actor.startswith("rehearsal:")


def _dot(scale: _Scale, at: datetime, kind: str) -> Dot:
    return Dot(_KINDS.get(kind, "step"), scale(at), kind.partition(":")[2])


def _roles(done: Played) -> list[str]:
    """Those who are waited for, the longest wait first."""
    spent: dict[str, timedelta] = {}
    for one in done.result.waits:
        if one.who[0] != SYSTEM:
            end = one.until or done.scenario.until
            spent[one.who[0]] = spent.get(one.who[0], timedelta()) + (end - one.at)
    return sorted(spent, key=lambda role: -spent[role])


def _of(one: Injection) -> str:
    return type(one).__name__.lower()


def _end(one: Injection) -> datetime | None:
    match one:
        case Away() | Outage() | Stopped():
            return one.until
        case Rejected():
            return one.again_at
        case _:
            return one.at


def _ticks(
    scale: _Scale, opening: datetime, first: datetime, last: datetime
) -> tuple[tuple[float, str], ...]:
    """The opening, and around it as many as have room."""
    wanted = [(opening, "T")]
    wanted += _inside(((opening - away, f"−{text}") for away, text in _TICKS), first, last)
    wanted += _inside(((opening + away, f"+{text}") for away, text in _TICKS), first, last)
    found: list[tuple[float, str]] = []
    for at, text in wanted:
        x = scale(at)
        if all(abs(x - other) >= _APART for other, _ in found) and 4 <= x <= 96:
            found.append((x, text))
    return tuple(sorted(found))


def _inside(
    ticks: Iterable[tuple[datetime, str]], first: datetime, last: datetime
) -> Sequence[tuple[datetime, str]]:
    return [(at, text) for at, text in ticks if first <= at <= last]
