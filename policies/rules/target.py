"""A target with precision: when something is meant to happen, as exactly as people know by now.

instant | day | window | month | quarter | season | tbd (“to be decided”, with a day by which a new
date is due). What people meant stays as the label (`month:2023-12`, `season:2024-early`) and as the
civil time of an instant; the interval in UTC follows from it and a zone. The caller hands in the
zone, as in `civil_time`: nothing here reads zone data, so nothing here may run in workflow code
that would have to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal, get_args

from policies.errors import Incomplete
from policies.lifecycle.kernel import instant_or_none, iso
from policies.rules.civil_time import CivilTime, Resolved
from policies.rules.civil_time import resolve as resolve_local
from policies.rules.target_days import days_of

Precision = Literal["instant", "day", "window", "month", "quarter", "season", "tbd"]
Change = Literal["same", "narrowed", "postponed", "brought_forward"]
PRECISIONS: tuple[str, ...] = get_args(Precision)


@dataclass(frozen=True)
class Target:
    """`[start, end)` in UTC; of an instant both are that instant, of `tbd` both are None.

    `label` says what was meant. `replan_by` belongs to `tbd` alone: the end of the day by which
    people owe a new date.
    """

    precision: Precision
    tz: str
    start: datetime | None
    end: datetime | None
    label: str
    local: CivilTime | None = None
    replan_by: datetime | None = None

    @property
    def is_instant(self) -> bool:
        return self.precision == "instant"

    def as_json(self) -> dict[str, Any]:
        return {
            "precision": self.precision,
            "tz": self.tz,
            "start": iso(self.start) if self.start else None,
            "end": iso(self.end) if self.end else None,
            "label": self.label,
            "local": self.local.as_json() if self.local else None,
            "replan_by": iso(self.replan_by) if self.replan_by else None,
        }


def of_json(value: Mapping[str, Any]) -> Target:
    """Read back `as_json`. Raises `Incomplete` for anything that is no target."""
    try:
        local = value.get("local")
        target = Target(
            precision=value["precision"],
            tz=value["tz"],
            start=instant_or_none(value.get("start")),
            end=instant_or_none(value.get("end")),
            label=value["label"],
            local=CivilTime(**local) if local else None,
            replan_by=instant_or_none(value.get("replan_by")),
        )
        first_day(target), last_day(target)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Incomplete("that is no target", field="target") from fault
    if not _is_whole(target):
        raise Incomplete("that is no target", field="target")
    return target


def _is_whole(t: Target) -> bool:
    kind = t.label.partition(":")[0]
    if t.precision not in PRECISIONS or kind != t.precision or not isinstance(t.tz, str):
        return False
    if t.precision == "tbd":
        return t.start is None and t.end is None and t.replan_by is not None
    if t.start is None or t.end is None or t.replan_by is not None:
        return False
    return (t.start == t.end and t.local is not None) if t.is_instant else t.start < t.end


@dataclass(frozen=True)
class Wish:
    """What a person said, before a zone turned it into an interval. `at` is an instant that came
    with its offset, `local` a civil time without one; otherwise `label` says it all."""

    precision: Precision
    label: str
    local: datetime | None = None
    at: datetime | None = None
    tz: str | None = None


@dataclass(frozen=True)
class Placed:
    """A target and, where a clock change skips or repeats its time, what a person must be told."""

    target: Target
    notice: dict[str, str] | None = None


def resolve(wish: Wish, zone: tzinfo, *, name: str, tzdata: str, strict: bool = False) -> Placed:
    """Turn `wish` into an interval in `zone` (IANA `name`, zone data of release `tzdata`).

    Raises `Incomplete` for a day that the zone never had and, if `strict`, for a time that a clock
    change skips or repeats.
    """
    if wish.precision == "instant":
        return _resolve_instant(wish, zone, name, tzdata, strict)
    first, after = days_of(wish.label)
    start, end = _midnight(first, zone, name, tzdata), _midnight(after, zone, name, tzdata)
    if wish.precision == "tbd":
        return Placed(Target("tbd", name, None, None, wish.label, replan_by=end.at))
    if start.at >= end.at:
        raise Incomplete(f"{name} never had a {first.isoformat()}", field="target")
    return Placed(Target(wish.precision, name, start.at, end.at, wish.label))


def _resolve_instant(wish: Wish, zone: tzinfo, name: str, tzdata: str, strict: bool) -> Placed:
    if wish.at is not None:
        # The offset told which one is meant: no doubt, so no notice.
        at = wish.at.astimezone(UTC)
        local = at.astimezone(zone).replace(tzinfo=None)
        time = CivilTime(
            local=local.replace(fold=0).isoformat(), iana_tz=name, utc=iso(at), tzdata=tzdata
        )
        notice = None
    else:
        if wish.local is None:
            raise Incomplete("an instant needs its time", field="target")
        resolved = resolve_local(wish.local, zone, name=name, tzdata=tzdata, strict=strict)
        at, time, notice = resolved.at, resolved.time, resolved.notice
    return Placed(Target("instant", name, at, at, f"instant:{time.local}", local=time), notice)


def _midnight(day: date, zone: tzinfo, name: str, tzdata: str) -> Resolved:
    """The first instant of `day`: where a clock change skips midnight, the first time after it."""
    midnight = datetime(day.year, day.month, day.day)
    return resolve_local(midnight, zone, name=name, tzdata=tzdata)


def again(target: Target, zone: tzinfo, tzdata: str) -> Target:
    """The same civil target under other zone data. Equal to `target` when nothing moved.

    An instant that lies in an hour that comes twice keeps its own side of it.
    """
    if target.local is None:
        wish = Wish(target.precision, target.label)
        return resolve(wish, zone, name=target.tz, tzdata=tzdata).target
    assert target.start is not None  # an instant
    local = datetime.fromisoformat(target.local.local)
    for fold in (0, 1):
        at = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if at == target.start:
            return target
    wish = Wish("instant", target.label, local=local)
    moved = resolve(wish, zone, name=target.tz, tzdata=tzdata).target
    return moved if moved.start != target.start else target


def first_day(target: Target) -> date:
    """Of `tbd`: the day by which a new date is owed."""
    return days_of(target.label)[0]


def last_day(target: Target) -> date:
    return days_of(target.label)[1] - timedelta(days=1)


# How targets relate to each other and to a moment.


def within(narrow: Target, wide: Target) -> bool:
    """Does `narrow` keep what `wide` announced? Everything does that was never announced."""
    if wide.start is None or wide.end is None:
        return True
    if narrow.start is None or narrow.end is None:
        return False
    if narrow.is_instant and not wide.is_instant:
        return wide.start <= narrow.start < wide.end
    return wide.start <= narrow.start and narrow.end <= wide.end


def compare(new: Target, old: Target) -> Change:
    """What replacing `old` by `new` is. Exactly one holds; a later end is always a postponement."""
    if (new.start, new.end, new.replan_by) == (old.start, old.end, old.replan_by):
        return "same"
    if old.start is None and new.start is None:
        assert new.replan_by is not None
        assert old.replan_by is not None
        return "postponed" if new.replan_by > old.replan_by else "narrowed"
    if within(new, old):
        return "narrowed"
    if new.end is None or old.end is None or new.end > old.end:
        return "postponed"
    if new.is_instant and new.end == old.end:
        return "postponed"  # the announced interval ends before that very instant
    return "brought_forward"


def deadline(target: Target) -> datetime:
    """When the word is broken: the instant, the end of the interval, the day a date is owed."""
    by = target.replan_by or target.end
    assert by is not None  # a whole target has one of both
    return by


def is_overdue(target: Target, now: datetime) -> bool:
    """Its time has come and gone, or a new date is owed and nobody gave one: this nags."""
    return now > deadline(target) if target.is_instant else now >= deadline(target)


def countdown(target: Target, now: datetime) -> timedelta | None:
    """Time left; None before an instant is known, for nobody counts down to a month."""
    if not target.is_instant or target.start is None:
        return None
    return max(target.start - now, timedelta())
