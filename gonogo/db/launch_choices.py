"""What developers chose since a launch was postponed: counted, listed, and who has to be asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, and_, case, col, func, or_, select

from gonogo.db.launch_items import WAITING
from gonogo.db.launches import LaunchPicture
from gonogo.db.tables import ReleasePicture
from policies.rules.launch_plan import ITEMS_MOST, Item, falls_with, plan_of
from policies.rules.postponing_request import Choice


@dataclass(frozen=True)
class Tally:
    """How many releases by choice. `silent` said nothing yet; those who chose to leave are gone."""

    wait: int = 0
    ship_alone: int = 0
    withdraw: int = 0
    silent: int = 0
    started: int = 0  # of those that ship alone, whose own release was started


def tally(session: Session, store: str, launch: str, nth: int) -> Tally:
    """Of postponement `nth` of `launch`. Two queries, whatever its size."""
    begun = func.sum(case((_NOT_BEGUN, 0), else_=1))
    rows = session.execute(
        select(col(ReleasePicture.choice), func.count(), begun)
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.chosen_launch == launch,
            ReleasePicture.chosen_nth == nth,
        )
        .group_by(col(ReleasePicture.choice))
    )
    found = {str(choice): (count, int(begun or 0)) for choice, count, begun in rows}
    silent = session.execute(
        select(func.count()).where(*silent_about(store, launch, nth))
    ).scalar_one()
    alone = found.get(Choice.SHIP_ALONE.value, (0, 0))
    return Tally(
        wait=found.get(Choice.WAIT.value, (0, 0))[0],
        ship_alone=alone[0],
        withdraw=found.get(Choice.WITHDRAW.value, (0, 0))[0],
        silent=silent,
        started=alone[1],
    )


_NOT_BEGUN = col(ReleasePicture.phase).in_(("ready", "scheduled", "bound", "blocked", "cancelled"))


def silent_about(store: str, launch: str, nth: int) -> tuple[Any, ...]:
    """Waits for `launch`, and its developer said nothing of postponement `nth`."""
    said = and_(
        func.coalesce(ReleasePicture.chosen_launch, "") == launch,
        func.coalesce(ReleasePicture.chosen_nth, 0) == nth,
    )
    return (
        ReleasePicture.store_id == store,
        ReleasePicture.launch == launch,
        col(ReleasePicture.phase).in_(WAITING),
        ~said,
    )


@dataclass(frozen=True)
class Asking:
    """A launch that asks, and the releases of one publisher in it or that it lost."""

    launch: LaunchPicture
    asked: Mapping[str, Any]
    releases: list[ReleasePicture] = field(default_factory=list)


def askings(session: Session, store: str, publisher: str, limit: int) -> list[Asking]:
    """What launches ask of `publisher`, and what it said, by launch; at most `limit` releases.
    Two queries."""
    rows = session.exec(
        select(ReleasePicture)
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.publisher == publisher,
            or_(
                and_(
                    col(ReleasePicture.launch).is_not(None),
                    col(ReleasePicture.phase).in_(WAITING),
                ),
                and_(
                    col(ReleasePicture.chosen_launch).is_not(None),
                    col(ReleasePicture.phase).in_(("ready", "scheduled")),
                ),
            ),
        )
        .order_by(col(ReleasePicture.id))
        .limit(limit)
    ).all()
    mine: dict[str, list[ReleasePicture]] = {}
    for row in rows:
        its = row.launch if row.phase in WAITING else row.chosen_launch
        mine.setdefault(str(its), []).append(row)
    launches = session.exec(
        select(LaunchPicture)
        .where(LaunchPicture.store_id == store, col(LaunchPicture.id).in_(mine))
        .order_by(col(LaunchPicture.id))
    ).all()
    found = []
    for launch in launches:
        asked = launch.state.get("asked")
        if asked is not None:
            those = [row for row in mine[launch.id] if _concerns(row, launch.id, asked["nth"])]
            found += [Asking(launch, asked, those)] if those else []
    return found


def _concerns(row: ReleasePicture, launch: str, nth: int) -> bool:
    """Waits for it, or left it since it was postponed."""
    return row.launch == launch or (row.chosen_launch, row.chosen_nth) == (launch, nth)


def fallen(session: Session, store: str, launch: str, nth: int) -> dict[str, str]:
    """Release → GPT of what waits for `launch` and cannot open, because something it requires left
    since postponement `nth` and nobody is served it; also what hangs on those. Two queries."""
    gone = session.exec(
        select(ReleasePicture.id).where(
            ReleasePicture.store_id == store,
            ReleasePicture.chosen_launch == launch,
            ReleasePicture.chosen_nth == nth,
            ReleasePicture.choice != Choice.WAIT.value,
            _NOT_BEGUN,
        )
    ).all()
    if not gone:
        return {}
    rows = session.exec(
        select(ReleasePicture)
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            col(ReleasePicture.phase).in_(WAITING),
        )
        .limit(ITEMS_MOST)
    ).all()
    waiting = [Item(row.id, requires=tuple(row.state.get("requires") or ())) for row in rows]
    plan = plan_of([*(Item(one) for one in gone), *waiting][:ITEMS_MOST])
    gpts = {row.id: row.gpt for row in rows}
    return {one: gpts[one] for one in sorted(falls_with(plan, gone)) if one in gpts}


def publishers_in(
    session: Session, store: str, launch: str, publishers: Collection[str]
) -> list[str]:
    """Those of `publishers` with a release in `launch`, or with one that left it by a choice."""
    rows = session.exec(
        select(ReleasePicture.publisher)
        .where(
            ReleasePicture.store_id == store,
            col(ReleasePicture.publisher).in_(publishers),
            or_(ReleasePicture.launch == launch, ReleasePicture.chosen_launch == launch),
        )
        .distinct()
        .order_by(col(ReleasePicture.publisher))
    )
    return list(rows)
