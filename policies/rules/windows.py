"""When exposure may not start or grow: windows that deny and windows that allow.

Deny beats allow. Where a scope has allow windows, outside of all of them is closed. Windows bind
growth alone: monitoring, pausing, halting and rolling back never ask them; soak clocks run on.

    move       who makes it                                   stopped by `applies_to`
    start      the first stage                                start, increase
    increase   any stage, or the end of a halt                increase
    full       a stage that reaches everyone                  full
    complete   the end of the last stage: nobody more sees it increase or full, with overrun `hold`

Times are civil: 09:00 stays 09:00 over a clock change, and 68 hours from Friday noon end on Monday
at eight. In an hour that a clock change skips or repeats, what denies is as wide as it can be meant
and what allows is as narrow. The zones are handed in, as in `civil_time`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal

from policies.errors import Incomplete
from policies.lifecycle.kernel import Role
from policies.rules.recurrence import Rule, rule_of

Zones = Mapping[str, tzinfo]
Span = tuple[datetime, datetime]

SCOPES = ("store", "category", "publisher", "gpt")
MOVES = ("start", "increase", "full", "complete")
OVERRIDING = (Role.PRODUCT_LEAD, Role.SAFETY_ONCALL, Role.ADMINISTRATOR)
LEAST_S, MOST_S = 15 * 60, 31 * 86400  # how long one occurrence of a recurring window lasts
ONE_OFF_MOST = timedelta(days=366)
HORIZON = timedelta(days=2 * 366)  # a next legal time later than this is “never”
_LOOKS = (timedelta(days=10), timedelta(days=100), HORIZON)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Either one-off `[begins, ends)`, or `rrule` days from `begins` on, each `duration_s` long.

    `begins` and `ends` are ISO 8601 civil times in `tz`. `scope` is `store`, or
    `category:NAME`, `publisher:ID`, `gpt:ID`. Without `override_role` nobody gets past it.
    """

    id: str
    kind: Literal["deny", "allow"]
    tz: str
    begins: str
    ends: str | None = None
    rrule: str | None = None
    duration_s: int | None = None
    scope: str = "store"
    applies_to: Literal["start", "increase", "full"] = "increase"
    overrun: Literal["finish_step", "hold"] = "finish_step"
    override_role: str | None = None

    def stops(self, moves: Collection[str]) -> bool:
        if self.applies_to in moves:
            return True
        return "complete" in moves and self.overrun == "hold" and self.applies_to != "start"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Freeze:
    """Truthy when it is open. Otherwise `windows` are in the way and `until` is the next moment at
    which the move is legal, None when there is none within `HORIZON`. `roles` may override."""

    windows: tuple[str, ...] = ()
    until: datetime | None = None
    roles: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.windows


OPEN = Freeze()


def window_of(value: Mapping[str, Any], id_: str) -> Window:
    """A window from what people or a pack say. Raises `Incomplete` that names the field."""
    known = {key: value[key] for key in Window.__dataclass_fields__ if value.get(key) is not None}
    try:
        window = Window(**{**known, "id": id_})
    except TypeError as fault:
        raise Incomplete("a window needs kind, tz and begins", field="window") from fault
    choices = {
        "kind": ("deny", "allow"),
        "applies_to": ("start", "increase", "full"),
        "overrun": ("finish_step", "hold"),
        "override_role": (None, *(role.value for role in OVERRIDING)),
    }
    for field, allowed in choices.items():
        if getattr(window, field) not in allowed:
            told = ", ".join(str(one) for one in allowed if one)
            raise Incomplete(f"{field} is one of {told}", field=field)
    kind, stroke, target = window.scope.partition(":")
    if kind not in SCOPES or bool(target) != (kind != "store") or bool(stroke) != bool(target):
        raise Incomplete("scope is store, category:…, publisher:… or gpt:…", field="scope")
    if len(window.scope) > 120 or len(window.tz) > 64:
        raise Incomplete("that is too long", field="scope")
    _check_times(window)
    return window


def _check_times(w: Window) -> None:
    begins = _civil(w.begins, "begins")
    if w.rrule is None:
        if w.ends is None or w.duration_s is not None:
            raise Incomplete("give either `ends`, or `rrule` with `duration_s`", field="ends")
        ends = _civil(w.ends, "ends")
        if not begins < ends <= begins + ONE_OFF_MOST:
            raise Incomplete("it ends after it begins, and within a year", field="ends")
        return
    if w.ends is not None or w.duration_s is None:
        raise Incomplete("give either `ends`, or `rrule` with `duration_s`", field="duration_s")
    if type(w.duration_s) is not int or not LEAST_S <= w.duration_s <= MOST_S:
        raise Incomplete("one occurrence lasts 15 minutes to 31 days", field="duration_s")
    rule = rule_of(w.rrule, begins.date())
    if rule.until is not None and rule.until < begins:
        raise Incomplete("UNTIL lies before it begins", field="rrule")
    if next(rule.between(begins.date(), begins.date() + HORIZON), None) is None:
        raise Incomplete("it does not come within two years", field="rrule")


def _civil(text: Any, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError) as fault:
        raise Incomplete("a civil time is like 2026-12-24T12:00", field=field) from fault
    if at.tzinfo is not None or not 2000 <= at.year <= 2199:
        raise Incomplete("a civil time has no offset: its zone is `tz`", field=field)
    return at


def spans(window: Window, zone: tzinfo, first: datetime, last: datetime) -> list[Span]:
    """Its occurrences (UTC) that touch `[first, last)`, in order."""
    found = []
    for begins, ends in _civil_spans(window, zone, first, last):
        span = _resolved(window.kind, begins, ends, zone)
        if span[0] < span[1] and span[0] < last and span[1] > first:
            found.append(span)
    return sorted(found)


def _civil_spans(w: Window, zone: tzinfo, first: datetime, last: datetime) -> Iterable[Span]:
    begins = datetime.fromisoformat(w.begins)
    if w.rrule is None:
        assert w.ends is not None  # of a one-off
        return [(begins, datetime.fromisoformat(w.ends))]
    rule, length = _rule(w, begins), timedelta(seconds=w.duration_s or 0)
    early = (first.astimezone(zone).replace(tzinfo=None) - length).date() - _DAY
    late = last.astimezone(zone).date() + _DAY
    starts = (datetime.combine(day, begins.time()) for day in rule.between(early, late))
    return [(at, at + length) for at in starts if rule.until is None or at <= rule.until]


def _rule(w: Window, begins: datetime) -> Rule:
    return rule_of(w.rrule or "", begins.date())


def _resolved(kind: str, begins: datetime, ends: datetime, zone: tzinfo) -> Span:
    from_, to = _both(begins, zone), _both(ends, zone)
    return (min(from_), max(to)) if kind == "deny" else (max(from_), min(to))


def _both(local: datetime, zone: tzinfo) -> Span:
    """What a civil time can mean; the same twice but for skipped and repeated hours."""
    one, two = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return one, two


def over_at(window: Window, zone: tzinfo) -> datetime | None:
    """After which it never applies again, None if it never ends."""
    begins = datetime.fromisoformat(window.begins)
    if window.rrule is None:
        return max(_both(datetime.fromisoformat(window.ends or window.begins), zone))
    until = _rule(window, begins).until
    if until is None:
        return None
    return max(_both(until + timedelta(seconds=window.duration_s or 0), zone))


def _relevant(
    windows: Iterable[Window], scopes: Collection[str], moves: Collection[str]
) -> list[Window]:
    return [w for w in windows if w.scope in scopes and w.stops(moves)]


def _closed(
    windows: Sequence[Window], zones: Zones, first: datetime, last: datetime
) -> list[tuple[Span, tuple[str, ...]]]:
    """What is closed of `[first, last)`, each with the windows it is closed by; not merged."""
    found: list[tuple[Span, tuple[str, ...]]] = [
        (span, (w.id,))
        for w in windows
        if w.kind == "deny"
        for span in spans(w, zones[w.tz], first, last)
    ]
    allowing: dict[str, list[Window]] = {}
    for w in windows:
        if w.kind == "allow":
            allowing.setdefault(w.scope, []).append(w)
    for group in allowing.values():
        ids = tuple(sorted(w.id for w in group))
        opens = [span for w in group for span in spans(w, zones[w.tz], first, last)]
        found += [(gap, ids) for gap in gaps(sorted(opens), first, last)]
    return sorted(found)


def gaps(spans_: Iterable[Span], first: datetime, last: datetime) -> Iterable[Span]:
    """What of `[first, last)` no span covers; they come in order of their beginning."""
    at = first
    for begins, ends in spans_:
        if begins > at:
            yield at, begins
        at = max(at, ends)
    if at < last:
        yield at, last


def verdict(
    windows: Iterable[Window],
    zones: Zones,
    scopes: Collection[str],
    moves: Collection[str],
    at: datetime,
) -> Freeze:
    """May something covered by `scopes` make `moves` at `at` (UTC)? And if not, when?

    `zones` has the zone of every window by its name.
    """
    relevant = _relevant(windows, scopes, moves)
    now = _closed(relevant, zones, at, at + timedelta(microseconds=1))
    inside = {one for span, ids in now if span[0] <= at < span[1] for one in ids}
    if not inside:
        return OPEN
    by_id = {w.id: w.override_role for w in relevant}
    roles = {by_id[one] for one in inside}
    return Freeze(
        tuple(sorted(inside)),
        _opens(relevant, zones, at),
        tuple(sorted(str(role) for role in roles)) if None not in roles else (),
    )


def closed_spans(
    windows: Iterable[Window],
    zones: Zones,
    scopes: Collection[str],
    moves: Collection[str],
    first: datetime,
    last: datetime,
) -> list[tuple[Span, tuple[str, ...]]]:
    """What is closed of `[first, last)`, in order of its beginning, each with the windows it is
    closed by; not merged, and what denies may reach beyond both ends."""
    return _closed(_relevant(windows, scopes, moves), zones, first, last)


def next_legal(
    windows: Iterable[Window],
    zones: Zones,
    scopes: Collection[str],
    moves: Collection[str],
    at: datetime,
) -> datetime | None:
    """The first moment from `at` on when the moves are legal; None: not within `HORIZON`."""
    return _opens(_relevant(windows, scopes, moves), zones, at)


def _opens(relevant: Sequence[Window], zones: Zones, at: datetime) -> datetime | None:
    for ahead in _LOOKS:
        moment, end = at, at + ahead
        for (begins, ends), _ in _closed(relevant, zones, at, end):
            if begins > moment:
                break
            moment = max(moment, ends)
        if moment < end:
            return moment
    return None
