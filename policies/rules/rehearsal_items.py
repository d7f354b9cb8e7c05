"""The items of a launch as a rehearsal takes them: what is ready, what may become so, in groups.

What a review or another run of the tests settles is ready when the tier's own limit is over; what a
person has to mend takes nobody knows how long, so it stays as it is (I7). A launch of ten thousand
items is a few hundred groups, for most do not differ in anything that a rehearsal looks at.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from policies.rules.launch_plan import Plan
from policies.rules.launch_readiness import (
    Check,
    Holds,
    Known,
    Matrix,
    Row,
    approval_lapses,
)
from policies.rules.rehearsal_cast import Item

GROUPS_MOST = 500
NAMED_MOST = 100  # failing items that keep their own name
_SETTLED_BY_WORK = frozenset({Check.APPROVED, Check.APPROVAL_LASTS, Check.EVIDENCE_LASTS})
# Requirements are followed here; what builders owe keeps no item from opening (`launch_opening`),
# but a gate that counts it may keep the launch.
_NOT_ITS_OWN = frozenset({Check.REQUIREMENTS, Check.DUTIES})
_LATE = datetime.max.replace(tzinfo=UTC)


def items_for(
    plan: Plan,
    judged: Matrix,
    known: Mapping[str, Known],
    tiers: Mapping[str, str],
    settled: Mapping[str, datetime],
    *,
    named: Collection[str],
    horizon: datetime,
    scopes: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Item, ...]:
    """`judged` is about now; `settled` says by tier when a review that begins now is over (UTC).
    Items in `named` are on their own, whatever they are like. `scopes`: item → those of its scopes
    that a window knows."""
    rows = {row.item: row for row in judged.rows}
    ready = {name: _alone(row, judged.at, settled[tiers[name]]) for name, row in rows.items()}
    _wait_for_requirements(plan, ready)
    items = [
        _item(plan, rows[name], known.get(name, Known()), at, tiers[name], judged.at, horizon)
        for name, at in ready.items()
    ]
    if scopes:
        items = [replace(one, scopes=scopes.get(one.id, ())) for one in items]
    return grouped(items, frozenset(named))


def _alone(row: Row, now: datetime, settled: datetime) -> datetime:
    """When its own checks hold; `_LATE`: never. Requirements are looked at afterwards."""
    failing = {
        check
        for check, cell in row.cells.items()
        if cell.holds is not Holds.YES and check not in _NOT_ITS_OWN
    }
    if not failing:
        return now
    return settled if failing <= _SETTLED_BY_WORK else _LATE


def _wait_for_requirements(plan: Plan, ready: dict[str, datetime]) -> None:
    """Nothing is ready before what it requires; what is missing, or of a later wave, never is."""
    needed_by: dict[str, list[str]] = {}
    for name, item in plan.items.items():
        for one in item.requires:
            needed_by.setdefault(one, []).append(name)
        if any(one not in ready or plan.items[one].wave > item.wave for one in item.requires):
            ready[name] = _LATE
    changed = list(ready)
    while changed:
        one = changed.pop()
        for name in needed_by.get(one, ()):
            if ready[name] < ready[one]:
                ready[name] = ready[one]
                changed.append(name)


def _item(
    plan: Plan,
    row: Row,
    known: Known,
    at: datetime,
    tier: str,
    now: datetime,
    horizon: datetime,
) -> Item:
    planned = plan.items[row.item]
    if planned.not_before is not None:
        at = max(at, planned.not_before)
    if planned.offset_s > 0:
        at = _LATE  # as `launch_opening`: it does not open with its wave
    ends = []
    if at <= now:  # what is tested anew lasts anew
        if known.evidence_until is not None:
            ends.append(known.evidence_until)
        if known.approval_until is not None:
            ends.append(approval_lapses(known.approval_until, known.bound_at, None) or _LATE)
    until = min((end for end in ends if end <= horizon), default=None)
    whys = (
        cell.why
        for check, cell in row.cells.items()
        if check is not Check.DUTIES and cell.holds is not Holds.YES
    )
    failing = next(whys, "")
    return Item(
        row.item,
        row.importance.value,
        row.wave,
        tier,
        ready_at=None if at == _LATE else at,
        until=until,
        why=failing or ("embargo" if planned.not_before else "after_the_opening"),
    )


def grouped(items: Iterable[Item], named: Collection[str] = ()) -> tuple[Item, ...]:
    """Equal items as one. Where evidence ends is rounded down, an hour or else a day, so that
    groups stay few: a rehearsal would rather see it end too early."""
    found = list(items)
    for step in (timedelta(0), timedelta(hours=1), timedelta(days=1)):
        groups = _grouped(found, named, step)
        if len(groups) <= GROUPS_MOST:
            break
    return groups


def _grouped(items: list[Item], named: Collection[str], step: timedelta) -> tuple[Item, ...]:
    alone = 0
    groups: dict[object, Item] = {}
    for item in items:
        one = replace(item, until=_down(item.until, step))
        late = item.ready_at is None and alone < NAMED_MOST
        alone += late
        key = item.id if late or item.id in named else replace(one, id="", count=1)
        had = groups.get(key)
        groups[key] = replace(had, count=had.count + one.count) if had else one
    return tuple(groups.values())


def _down(at: datetime | None, step: timedelta) -> datetime | None:
    if at is None or not step:
        return at
    return at - timedelta(seconds=at.timestamp() % step.total_seconds())
