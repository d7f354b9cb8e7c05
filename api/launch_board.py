"""A launch's board as values: its items against what must hold, what is in the way, what remains.

Everything is read in one snapshot. A developer's board knows their own items only; how many there
are in all, and how the others do, is the store's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from api.deps import Services
from api.errors import Problem
from api.launch_shown import judged_at
from api.subjects import is_staff
from gonogo.db import launch_board as board_db
from gonogo.db import launch_lists
from gonogo.db.codec import state_of
from gonogo.db.launch_board import Bound, Judged
from gonogo.db.launch_duties import asked_of
from gonogo.db.launch_items import served_among
from gonogo.db.session import reading
from policies.errors import Incomplete, PackFault
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.release_launch import is_open
from policies.pack import PolicyPack
from policies.rules.launch_path import CriticalPath, critical_path
from policies.rules.launch_plan import Count, Importance, Plan, plan_of
from policies.rules.launch_readiness import Check, Holds, Known, Matrix, Row, matrix

ON_A_PAGE = 25
SHOWS = ("all", "blocked", "ready", "must", "should", "optional", "out")
_RANK = {Importance.MUST: 0, Importance.SHOULD: 1, Importance.OPTIONAL: 2}
_SHARES_MOST = 2_000  # items that a list of launches judges; more are counted on their own page
# Checks that another review settles, and those that another run of the tests does.
_BY_REVIEW = (Check.APPROVED, Check.APPROVAL_LASTS)
_BY_HAND = (Check.PUBLISHER, Check.DUTIES, Check.NO_STOP)


@dataclass(frozen=True)
class Board:
    """`rows` are of items that are not out yet, `out` of those that are. `path` is None where
    requirements make no plan. `owed`: release → ids of duties that its builders have not done.
    `position` is the store's at which all this was read, `plan` and `known` what it was judged
    by."""

    launch: Launch
    position: int
    items: Mapping[str, Bound]
    judged: Matrix
    out: tuple[Bound, ...]
    path: CriticalPath | None
    plan: Plan
    known: Mapping[str, Known]
    owed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[Importance, Count]:
        return counts_of(self.judged, self.out)


def counts_of(judged: Matrix, out: Collection[Bound]) -> Mapping[Importance, Count]:
    """What is out counts as ready: nothing is in its way any more."""
    found = dict(judged.counts)
    for one in out:
        had = found.get(one.item.importance, Count())
        found[one.item.importance] = Count(had.planned + 1, had.ready + 1)
    return found


def launch_of(svc: Services, session: Session, who: Actor, subject: str) -> tuple[Launch, int]:
    """The launch, if `who` may see it: staff all, developers those with an item of theirs; and the
    position of the store. One query, for developers two. Raises `not-found`."""
    found = launch_lists.launch_at(session, svc.store, subject)
    mine = is_staff(who) or (
        found is not None
        and subject in launch_lists.launches_of(session, svc.store, who.publishers)
    )
    if found is None or not mine:
        raise Problem("not-found", f"there is no launch {subject} that you may see")
    row, position = found
    state: Launch = state_of("launch", row.state)
    return state, position


def visible_launch(svc: Services, who: Actor, subject: str) -> Launch:
    return standing(svc, who, subject)[0]


def standing(svc: Services, who: Actor, subject: str) -> tuple[Launch, int]:
    """Without a look at its items. Nothing of a board changes while both stay the same, the clock
    aside. Raises `not-found`."""
    with reading(svc.engine) as session:
        return launch_of(svc, session, who, subject)


def board(svc: Services, who: Actor, subject: str, now: datetime) -> Board:
    """Raises `not-found`."""
    with reading(svc.engine) as session:
        launch, position = launch_of(svc, session, who, subject)
        return _board(svc, session, launch, position, now)


def _board(svc: Services, session: Session, launch: Launch, position: int, now: datetime) -> Board:
    pack = svc.packs(launch.terms.pack)
    found = board_db.items(session, svc.store, (launch.id,))
    out = tuple(one for one in found if _is_out(launch, one))
    waiting = [one for one in found if not _is_out(launch, one)]
    known = board_db.known_of(session, svc.store, {launch.id: _judged(svc, pack)}, waiting)
    plan = _plan(svc, session, waiting, out)
    judged = matrix(plan, known, judged_at(launch, now))
    items = {one.item.id: one for one in found}
    owed = {release: one.duties_left or () for release, one in known.items()}
    path = _path(plan, judged, items, pack)
    return Board(launch, position, items, judged, out, path, plan, known, owed)


def _judged(svc: Services, pack: PolicyPack) -> Judged:
    def life_s(digest: str) -> float | None:
        try:
            return svc.packs(digest).testing.evidence_life_s
        except PackFault:
            return None  # nobody knows, so it is not ready (I7)

    return Judged(life_s, asked_of(pack, svc.pack))


def _plan(svc: Services, session: Session, waiting: list[Bound], out: Collection[Bound]) -> Plan:
    """What is served already is there for whoever requires it, of another launch, too."""
    mine = frozenset(one.item.id for one in out)
    asked = {other for one in waiting for other in one.item.requires}
    elsewhere = asked - mine - {one.item.id for one in waiting}
    served = served_among(session, svc.store, elsewhere) if elsewhere else set()
    return plan_of((one.item for one in waiting), mine | served)


def _is_out(launch: Launch, one: Bound) -> bool:
    """Served by its own listing, or already by the row of its launch."""
    passed_over = launch.excluded.get(one.item.id, 0) >= one.item.wave
    by_row = is_open(launch.status.value, launch.wave, one.item.wave) and not passed_over
    return one.is_out or (one.phase == "bound" and by_row)


def _path(
    plan: Plan, judged: Matrix, items: Mapping[str, Bound], pack: PolicyPack
) -> CriticalPath | None:
    """What the launch waits for. A review may take as long as its tier allows, tests as long as
    they may run; what a person has to mend takes nobody knows how long."""
    remaining: dict[str, float | None] = {}
    for row in judged.rows:
        failing = {check for check, cell in row.cells.items() if cell.holds is not Holds.YES}
        tier = pack.review.tiers[items[row.item].tier or "high"]  # type: ignore[index]  # a tier
        if failing & set(_BY_HAND):
            remaining[row.item] = None
        elif failing & {*_BY_REVIEW, Check.EVIDENCE_LASTS}:
            remaining[row.item] = float(tier.due_business_s)
        else:
            remaining[row.item] = 0.0
    try:
        return critical_path(plan, remaining)
    except Incomplete:
        return None


def shares(
    svc: Services, session: Session, launches: Collection[Launch], now: datetime
) -> dict[str, Mapping[Importance, Count] | int]:
    """Launch → how many of its items are ready; for very many items only how many there are."""
    sizes = launch_lists.sizes(session, svc.store, [one.id for one in launches])
    found: dict[str, Mapping[Importance, Count] | int] = {}
    judged: list[Launch] = []
    left = _SHARES_MOST
    for launch in launches:
        found[launch.id] = size = sizes.get(launch.id, 0)
        if 0 < size <= left:
            left -= size
            judged.append(launch)
    by = {one.id: _judged(svc, svc.packs(one.terms.pack)) for one in judged}
    items = board_db.items(session, svc.store, tuple(by)) if by else []
    known = board_db.known_of(session, svc.store, by, items)
    for launch in judged:
        mine = [one for one in items if one.launch == launch.id]
        out = tuple(one for one in mine if _is_out(launch, one))
        waiting = [one for one in mine if not _is_out(launch, one)]
        plan = _plan(svc, session, waiting, out)
        seen = matrix(plan, known, judged_at(launch, now))
        found[launch.id] = counts_of(seen, out)
    return found


@dataclass(frozen=True)
class Line:
    """One item as a board lists it. `row` is None for what is out."""

    bound: Bound
    row: Row | None

    @property
    def is_ready(self) -> bool:
        return self.row is None or self.row.ready


def lines(seen: Board, show: str, publishers: Collection[str] | None) -> list[Line]:
    """Items that `show` names, what is in the way first; of `publishers`, None: of everybody."""
    found = [Line(seen.items[row.item], row) for row in seen.judged.rows]
    found += [Line(one, None) for one in seen.out]
    if publishers is not None:
        found = [one for one in found if one.bound.publisher in publishers]
    keep = {
        "blocked": lambda one: not one.is_ready,
        "ready": lambda one: one.is_ready and one.row is not None,
        "out": lambda one: one.row is None,
    }.get(show, lambda one: show == "all" or one.bound.item.importance.value == show)
    return sorted(
        filter(keep, found),
        key=lambda one: (
            one.row is None,
            one.is_ready,
            _RANK[one.bound.item.importance],
            one.bound.item.wave,
            one.bound.name.casefold(),
            one.bound.item.id,
        ),
    )


@dataclass(frozen=True)
class Owing:
    """What one publisher has still to do for `items` of its releases, `musts` of which must open.
    `duties` in the order of the pack."""

    publisher: str
    duties: tuple[str, ...]
    items: int
    musts: int


def owing(seen: Board, publishers: Collection[str] | None) -> list[Owing]:
    """Publishers that owe a duty, those with most that must open first; of `publishers`, None: of
    everybody."""
    by: dict[str, list[Bound]] = {}
    for release, left in seen.owed.items():
        one = seen.items[release]
        if left and (publishers is None or one.publisher in publishers):
            by.setdefault(one.publisher, []).append(one)
    found = [
        Owing(
            publisher,
            tuple(dict.fromkeys(duty for one in mine for duty in seen.owed[one.item.id])),
            len(mine),
            sum(one.item.importance is Importance.MUST for one in mine),
        )
        for publisher, mine in by.items()
    ]
    return sorted(found, key=lambda one: (-one.musts, -one.items, one.publisher))


def line_view(line: Line, seen: Board) -> dict[str, Any]:
    """A line as values. `cells` hold check → yes | no | unknown, with the code or id that says
    why."""
    one = line.bound
    cells = line.row.cells if line.row else {}
    slack = seen.path.slack_s.get(one.item.id) if seen.path else None
    return {
        "release": one.item.id,
        "gpt": one.gpt,
        "name": one.name,
        "publisher": one.publisher,
        "phase": one.phase,
        "tier": one.tier,
        "wave": one.item.wave,
        "importance": one.item.importance.value,
        "requires": [
            {"id": other, "name": seen.items[other].name if other in seen.items else other}
            for other in one.item.requires
        ],
        "offset_s": one.item.offset_s,
        "not_before": one.item.not_before.isoformat() if one.item.not_before else None,
        "is_out": line.row is None,
        "is_ready": line.is_ready,
        "excluded": one.item.id in seen.launch.excluded,
        "slack_s": slack,
        "duties": list(seen.owed.get(one.item.id, ())),
        "cells": [
            {"check": check.value, "holds": cell.holds.value, "why": _named(cell.why, seen)}
            for check, cell in cells.items()
        ],
    }


def _named(why: str, seen: Board) -> str:
    """An item that is named as a reason has a name."""
    return seen.items[why].name if why in seen.items else why
