"""The readiness matrix: every item against every check at the opening. A value pages render.

Unknown is never yes (I7). An approval's clock stands still while its release is bound (I6), for at
most `still_most_s` (I4: every suspension is capped); the clock of evidence always runs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policies.rules.launch_plan import Count, Importance, Plan, counted, falls_with

FAILING_MOST = 500  # how many failing items an event or an answer names


class Check(StrEnum):
    """In the order in which a person can do something about them."""

    APPROVED = "approved"
    APPROVAL_LASTS = "approval_lasts"
    EVIDENCE_LASTS = "evidence_lasts"
    PUBLISHER = "publisher_verified"
    DUTIES = "duties_done"
    NO_STOP = "no_stop"
    REQUIREMENTS = "requirements_ready"


class Holds(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Known:
    """What was looked up about one item. None means unknown. Times are UTC.

    `approval_until` is what the approval said when it was given; `bound_at` is when the clock
    stopped, None while it is not bound.
    """

    approved: bool | None = None
    approval_until: datetime | None = None
    bound_at: datetime | None = None
    evidence_until: datetime | None = None
    publisher_verified: bool | None = None
    duties_left: tuple[str, ...] | None = None
    stops: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Cell:
    """`why` is a code or an id, for a cell that is not `yes`."""

    holds: Holds
    why: str = ""


@dataclass(frozen=True)
class Row:
    item: str
    wave: int
    importance: Importance
    cells: Mapping[Check, Cell]

    @property
    def ready(self) -> bool:
        return all(cell.holds is Holds.YES for cell in self.cells.values())

    @property
    def failing(self) -> tuple[str, ...]:
        return tuple(
            check.value for check, cell in self.cells.items() if cell.holds is not Holds.YES
        )


@dataclass(frozen=True)
class Matrix:
    """Rows in the order of the plan. `failing_by` counts rows per check that does not hold."""

    at: datetime
    rows: tuple[Row, ...]
    counts: Mapping[Importance, Count]
    failing_by: Mapping[Check, int]

    def failing(self) -> Mapping[str, tuple[str, ...]]:
        """Item → its failing checks; must items come first, so that a cut shows what matters."""
        order = list(Importance)
        rows = sorted(
            (row for row in self.rows if not row.ready), key=lambda row: order.index(row.importance)
        )
        return {row.item: row.failing for row in rows}


def approval_lapses(
    until: datetime, bound_at: datetime | None, still_most_s: int | None
) -> datetime | None:
    """When an approval with the life `until` lapses if its release stays bound from `bound_at` on;
    None: never while it is bound. One that was over when it was bound was not saved by it."""
    if bound_at is None or until <= bound_at:
        return until
    return None if still_most_s is None else until + timedelta(seconds=still_most_s)


def approval_clock(
    until: datetime, bound_at: datetime | None, freed_at: datetime, still_most_s: int | None
) -> datetime:
    """The approval's life once its release leaves the launch at `freed_at`: what stood still is
    added, no more than the cap."""
    if bound_at is None or until <= bound_at or freed_at <= bound_at:
        return until
    still = freed_at - bound_at
    if still_most_s is not None:
        still = min(still, timedelta(seconds=still_most_s))
    return until + still


def matrix(
    plan: Plan,
    known: Mapping[str, Known],
    opening: datetime,
    still_most_s: int | None = None,
) -> Matrix:
    """Judge every item at the moment it opens. An item nobody looked up is unknown throughout."""
    rows: dict[str, dict[Check, Cell]] = {}
    for name, item in plan.items.items():
        at = item.opens_at(opening)
        rows[name] = dict(_cells(known.get(name, Known()), at, still_most_s))
    ready = {
        name
        for name, cells in rows.items()
        if all(cell.holds is Holds.YES for cell in cells.values())
    }
    outside = {
        name: next(one for one in item.requires if one not in plan.items)
        for name, item in plan.items.items()
        if any(one not in plan.items for one in item.requires)
    }
    fallen = falls_with(plan, [name for name in plan.items if name not in ready or name in outside])
    for name, cells in rows.items():
        why = outside.get(name) or fallen.get(name) or _direct(plan, name, ready, fallen)
        cells[Check.REQUIREMENTS] = Cell(Holds.NO, why) if why else Cell(Holds.YES)
    listed = tuple(
        Row(name, item.wave, item.importance, rows[name]) for name, item in plan.items.items()
    )
    return Matrix(
        opening,
        listed,
        counted(plan, frozenset(row.item for row in listed if row.ready)),
        {
            check: sum(1 for row in listed if row.cells[check].holds is not Holds.YES)
            for check in Check
        },
    )


def _direct(plan: Plan, name: str, ready: set[str], fallen: Mapping[str, str]) -> str | None:
    """What is in the way of an item that is not ready on its own account: `falls_with` leaves
    those out."""
    for one in plan.items[name].requires:
        if one not in ready or one in fallen:
            return fallen.get(one, one)
    return None


def _cells(known: Known, at: datetime, still_most_s: int | None) -> Iterable[tuple[Check, Cell]]:
    yield Check.APPROVED, _truth(known.approved, "approval_missing")
    if known.approval_until is None:
        yield Check.APPROVAL_LASTS, Cell(Holds.UNKNOWN, "not_looked_up")
    else:
        lapses = approval_lapses(known.approval_until, known.bound_at, still_most_s)
        lasts = lapses is None or at < lapses
        yield Check.APPROVAL_LASTS, Cell(Holds.YES) if lasts else Cell(Holds.NO, "approval_expired")
    if known.evidence_until is None:
        yield Check.EVIDENCE_LASTS, Cell(Holds.UNKNOWN, "not_looked_up")
    else:
        fresh = at < known.evidence_until
        yield Check.EVIDENCE_LASTS, Cell(Holds.YES) if fresh else Cell(Holds.NO, "evidence_stale")
    yield Check.PUBLISHER, _truth(known.publisher_verified, "publisher_unverified")
    yield Check.DUTIES, _none_of(known.duties_left)
    yield Check.NO_STOP, _none_of(known.stops)


def _truth(value: bool | None, why: str) -> Cell:
    if value is None:
        return Cell(Holds.UNKNOWN, "not_looked_up")
    return Cell(Holds.YES) if value else Cell(Holds.NO, why)


def _none_of(listed: tuple[str, ...] | None) -> Cell:
    if listed is None:
        return Cell(Holds.UNKNOWN, "not_looked_up")
    return Cell(Holds.NO, listed[0]) if listed else Cell(Holds.YES)
