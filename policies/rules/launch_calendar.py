"""What of a launch belongs in a calendar: dates people planned, and what is owed by when.

An instant is an instant, in UTC. Everything less precise is whole days, as civil days of the
target's zone: nobody's calendar shows an hour that nobody named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from policies.lifecycle.launch_state import AHEAD, Launch, Status
from policies.rules.announcements import Announcement
from policies.rules.target import Target
from policies.rules.target_days import days_of

Standing = Literal["tentative", "confirmed", "cancelled"]


@dataclass(frozen=True)
class Entry:
    """`start` and `end` are both instants in UTC or both days; of days, `end` is the day after the
    last. A `todo` has its due moment or day in `start`, and no `end`. `key` is stable, unique
    within the feed and printable; `revision` rises with every change."""

    key: str
    what: Literal["event", "todo"]
    title: str
    start: datetime | date
    end: datetime | date | None = None
    standing: Standing = "confirmed"
    revision: int = 0
    changed_at: datetime | None = None
    path: str = ""
    category: str = ""


@dataclass(frozen=True)
class Freeze:
    """A time in which nothing opens, `[start, end)` in UTC."""

    id: str
    start: datetime
    end: datetime


def launch_entries(launch: Launch) -> tuple[Entry, ...]:
    """All entries of one launch. One that is over keeps its date; a cancelled one says so."""
    if launch.target is None:
        return ()
    return tuple(_entries(launch, launch.target))


def _entries(launch: Launch, target: Target) -> Iterable[Entry]:
    name, path = launch.name, f"/launches/{launch.id}"

    def entry(
        key: str,
        what: Literal["event", "todo"],
        title: str,
        start: datetime | date,
        end: datetime | date | None = None,
        standing: Standing = "confirmed",
    ) -> Entry:
        return Entry(
            key=f"{launch.id}-{key}",
            what=what,
            title=title,
            start=start,
            end=end,
            standing=standing,
            revision=launch.seq,
            changed_at=launch.since,
            path=path,
            category="launch",
        )

    first, after = days_of(target.label)
    if target.precision == "tbd":
        if launch.status is not Status.CANCELLED:
            yield entry("replan", "todo", f"{name}: a new date is owed", first)
    elif target.is_instant and target.start is not None:
        yield entry("opening", "event", f"{name} opens", target.start, None, _standing(launch))
    else:
        yield entry("opening", "event", f"{name} opens", first, after, _standing(launch))
    if launch.held is not None and launch.status is Status.HOLD:
        by = launch.held.review_by
        yield entry("review", "todo", f"{name} is on hold: look at it again", by)
    if launch.status in AHEAD and target.is_instant and target.start is not None:
        opens = target.start
        poll = opens - timedelta(seconds=launch.terms.poll_open_before_s)
        yield entry("poll", "event", f"{name}: the poll opens", poll)
        for seconds in launch.terms.checks_s:
            at = opens - timedelta(seconds=seconds)
            yield entry(f"check-{seconds}", "event", f"{name}: gates are looked at again", at)


def _standing(launch: Launch) -> Standing:
    if launch.status is Status.CANCELLED:
        return "cancelled"
    sure = (Status.ARMED, Status.COUNTDOWN, Status.LAUNCHING, Status.PARTIAL, Status.LIVE)
    done = (Status.CLOSED, Status.SUSPENDED)
    return "confirmed" if launch.status in (*sure, *done) else "tentative"


def announced_entries(one: Announcement) -> tuple[Entry, ...]:
    """The opening of a launch as everybody was told of it, leading to the memo that said it last.
    `revision` counts minutes since 1970 of what was told or seen, never what happens inside."""
    if one.target is None or one.target.precision == "tbd":
        return ()
    at = max(one.told_at, one.open_since or one.told_at)
    days = days_of(one.target.label)
    exact = one.target.start if one.target.is_instant else None
    return (
        Entry(
            key=f"{one.launch}-opening",
            what="event",
            title=f"{one.title} opens" if one.name else one.title,
            start=exact or days[0],
            end=None if exact else days[1],
            standing=_TOLD.get(one.standing, "tentative"),
            revision=int(at.timestamp()) // 60,
            changed_at=at,
            path=f"/memos/{one.memos[0].memo}",
            category="launch",
        ),
    )


_TOLD: Mapping[str, Standing] = {"cancelled": "cancelled", "open": "confirmed"}


def freeze_entries(freezes: Iterable[Freeze]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            key=f"freeze-{one.id}-{one.start:%Y%m%dT%H%M%S}",
            what="event",
            title=f"Freeze: {one.id}",
            start=one.start,
            end=one.end,
            category="freeze",
        )
        for one in freezes
    )
