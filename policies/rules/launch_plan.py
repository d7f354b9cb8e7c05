"""The plan of a launch: items, what each requires, waves, and how many must be ready.

Items form a directed graph by `requires` (an edge leads to what must be open before or with it).
Everything here is linear in items and edges, so a plan of ten thousand items is looked at whole.
A time of an item is relative to the opening (`offset_s`), or an embargo of its own (`not_before`).
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from policies.errors import Incomplete

ITEMS_MOST = 10_000
REQUIRES_MOST = 50


class Importance(StrEnum):
    """A failing `must` holds the launch; what else fails goes to the next wave (L7), if the mode
    lets the others go without it."""

    MUST = "must"
    SHOULD = "should"
    OPTIONAL = "optional"


class Mode(StrEnum):
    ATOMIC = "atomic"  # every item, of whatever importance
    QUORUM = "quorum"  # every must item, and so many in all
    INDEPENDENT = "independent"  # every must item; of the others whatever is ready


_RANK = {Importance.OPTIONAL: 0, Importance.SHOULD: 1, Importance.MUST: 2}


@dataclass(frozen=True)
class Item:
    """A bound release in a plan. `wave` counts from 1; `offset_s` is seconds after the opening of
    the launch, `not_before` (UTC) an embargo that does not move with it."""

    id: str
    wave: int = 1
    importance: Importance = Importance.MUST
    requires: tuple[str, ...] = ()
    offset_s: int = 0
    not_before: datetime | None = None

    def opens_at(self, opening: datetime) -> datetime:
        at = opening + timedelta(seconds=self.offset_s)
        return at if self.not_before is None else max(at, self.not_before)


@dataclass(frozen=True)
class Fault:
    """`code` is one of `cycle` (with the items around it, the first is not repeated), `missing`,
    `later_wave`, `later_time`, `weaker`. `item` requires `other`."""

    code: str
    item: str
    other: str | None = None
    cycle: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """A requirement that matters less than what needs it is worth a look, no more."""
        return self.code != "weaker"

    def __str__(self) -> str:
        if self.code == "cycle":
            return "a circle of requirements: " + " → ".join((*self.cycle, self.cycle[0]))
        says = {
            "missing": "which is not in the plan",
            "later_wave": "which opens in a later wave",
            "later_time": "which opens later in the same wave",
            "weaker": "which matters less",
        }[self.code]
        return f"{self.item} requires {self.other}, {says}"


@dataclass(frozen=True)
class Plan:
    """Items by id. Made by `plan_of`, which raises what makes it no plan at all."""

    items: Mapping[str, Item]

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Examined:
    """Falsy if a fault blocks. `order` holds every item after all that it requires, empty where
    there is a cycle."""

    faults: tuple[Fault, ...]
    order: tuple[str, ...]

    def __bool__(self) -> bool:
        return not any(fault.blocks for fault in self.faults)


def plan_of(items: Iterable[Item], public: frozenset[str] = frozenset()) -> Plan:
    """`public` are releases that are out already: whatever requires them has what it requires.

    Raises `Incomplete`: too many items, an id twice, a wave below 1, too many requirements,
    an offset below 0, an embargo without zone.
    """
    found: dict[str, Item] = {}
    for item in items:
        if item.id in found:
            raise Incomplete("an item is in the plan twice", field="items", item=item.id)
        if len(found) == ITEMS_MOST:
            raise Incomplete(f"a launch has at most {ITEMS_MOST} items", field="items")
        if item.wave < 1:
            raise Incomplete("waves count from 1", field="wave", item=item.id)
        if len(item.requires) > REQUIRES_MOST:
            raise Incomplete(
                f"an item requires at most {REQUIRES_MOST} others", field="requires", item=item.id
            )
        if item.offset_s < 0:
            raise Incomplete("nothing opens before its launch", field="offset_s", item=item.id)
        if item.not_before is not None and item.not_before.tzinfo is None:
            raise Incomplete("an embargo needs a zone", field="not_before", item=item.id)
        found[item.id] = replace(
            item, requires=tuple(one for one in item.requires if one not in public)
        )
    return Plan(found)


def examine(plan: Plan, opening: datetime | None = None) -> Examined:
    """Every fault at once, in the order of the items; `opening` (UTC) also judges embargoes."""
    faults: list[Fault] = []
    for item in plan.items.values():
        for name in dict.fromkeys(item.requires):
            other = plan.items.get(name)
            if other is None:
                faults.append(Fault("missing", item.id, name))
            elif other.wave > item.wave:
                faults.append(Fault("later_wave", item.id, name))
            elif other.wave == item.wave and _later(other, item, opening):
                faults.append(Fault("later_time", item.id, name))
            if other is not None and _RANK[other.importance] < _RANK[item.importance]:
                faults.append(Fault("weaker", item.id, name))
    order, left = _sorted(plan)
    cycles = [Fault("cycle", cycle[0], cycle=cycle) for cycle in _cycles(plan, left)]
    return Examined((*cycles, *faults), order if not cycles else ())


def _later(other: Item, item: Item, opening: datetime | None) -> bool:
    if opening is not None:
        return other.opens_at(opening) > item.opens_at(opening)
    return other.offset_s > item.offset_s


def _sorted(plan: Plan) -> tuple[tuple[str, ...], dict[str, int]]:
    """Topological order by A. B. Kahn, “Topological sorting of large networks”, CACM 5(11), 1962;
    and what is left: on a cycle, or behind one, with the number of its unmet requirements."""
    unmet = {
        name: sum(1 for one in set(item.requires) if one in plan.items)
        for name, item in plan.items.items()
    }
    needed = needed_by(plan)
    free = deque(name for name, count in unmet.items() if not count)
    order: list[str] = []
    while free:
        name = free.popleft()
        order.append(name)
        del unmet[name]
        for one in needed.get(name, ()):
            unmet[one] -= 1
            if not unmet[one]:
                free.append(one)
    return tuple(order), unmet


def _cycles(plan: Plan, left: Mapping[str, int]) -> Iterable[tuple[str, ...]]:
    """Cycles that share no item. Each of `left` requires another of `left`, so a walk along
    requirements ends on itself, or where an earlier walk was."""
    seen: set[str] = set()
    for start in left:
        walk: dict[str, int] = {}
        name = start
        while name not in seen:
            seen.add(name)
            walk[name] = len(walk)
            name = next(one for one in plan.items[name].requires if one in left)
        if name in walk:
            around = list(walk)[walk[name] :]
            first = around.index(min(around))
            yield (*around[first:], *around[:first])


def needed_by(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """Item → those that require it. Items nobody requires are absent."""
    found: dict[str, list[str]] = {}
    for item in plan.items.values():
        for one in dict.fromkeys(item.requires):
            if one in plan.items:
                found.setdefault(one, []).append(item.id)
    return {name: tuple(listed) for name, listed in found.items()}


def falls_with(plan: Plan, gone: Iterable[str]) -> Mapping[str, str]:
    """Items that cannot open because something they require is not there, each with the item of
    `gone` it hangs on. Those of `gone` are not among them."""
    needed = needed_by(plan)
    cause = {name: name for name in gone}
    waiting = deque(cause)
    while waiting:
        name = waiting.popleft()
        for one in needed.get(name, ()):
            if one not in cause:
                cause[one] = cause[name]
                waiting.append(one)
    return {name: why for name, why in cause.items() if name != why}


def waves(plan: Plan) -> Mapping[int, tuple[str, ...]]:
    """Wave → items in the order in which they open; requirements first. Raises `Incomplete` on a
    cycle."""
    examined = examine(plan)
    if len(examined.order) != len(plan):
        raise Incomplete(str(examined.faults[0]), field="requires")
    found: dict[int, list[str]] = {}
    for name in sorted(examined.order, key=lambda one: plan.items[one].offset_s):
        found.setdefault(plan.items[name].wave, []).append(name)
    return {wave: tuple(found[wave]) for wave in sorted(found)}


@dataclass(frozen=True)
class Count:
    """How many of a kind are planned, and how many of them are ready."""

    planned: int = 0
    ready: int = 0


@dataclass(frozen=True)
class Quorum:
    """Truthy if as many are ready as the mode needs. `short` says how many more, by cause: `must`,
    `all` (where all open or none), or `quorum` (of any importance); `spare` is how many that are
    no must may still fall out."""

    short: Mapping[str, int]
    spare: int

    def __bool__(self) -> bool:
        return not self.short


def quorum(mode: Mode, needed: int | None, counts: Mapping[Importance, Count]) -> Quorum:
    """A launch that would open nothing is never met. Raises `Incomplete` where a quorum is not a
    number from 1 up to the items planned: it could never be met, or would be met by nothing."""
    planned = sum(count.planned for count in counts.values())
    ready = sum(count.ready for count in counts.values())
    if mode is Mode.QUORUM and (needed is None or not 1 <= needed <= max(planned, 1)):
        raise Incomplete(f"the quorum is a number from 1 to {max(planned, 1)}", field="quorum")
    must = counts.get(Importance.MUST, Count())
    short = {}
    if must.ready < must.planned:
        short[Importance.MUST.value] = must.planned - must.ready
    if mode is Mode.ATOMIC and ready < planned:
        short["all"] = planned - ready
    least = {Mode.ATOMIC: planned, Mode.QUORUM: needed or 1}.get(mode, 1)
    if (mode is not Mode.ATOMIC and ready < least) or not ready:
        short["quorum"] = max(1, least) - ready
    return Quorum(short, max(0, min(ready - least, ready - must.ready)))


def counted(
    plan: Plan, ready: frozenset[str], wave: int | None = None
) -> Mapping[Importance, Count]:
    """Items by importance. One is ready only if all it requires, however far, is ready too."""
    fallen = falls_with(plan, [name for name in plan.items if name not in ready])
    found = dict.fromkeys(Importance, Count())
    for name, item in plan.items.items():
        if wave is None or item.wave == wave:
            count = found[item.importance]
            stands = name in ready and name not in fallen
            found[item.importance] = Count(count.planned + 1, count.ready + stands)
    return found
