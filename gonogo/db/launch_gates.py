"""What the system measures itself for the gates of launches, by the name of the measure.

`policies/rules/measures.py` says what each value counts; a test holds the two together. A gate that
nobody can look at does not hold, and its measurement says why (I7).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlmodel import Session, col, func, select

from gonogo.db import queries
from gonogo.db.launch_around import gather
from gonogo.db.launch_duties import asked_of, duties_left
from gonogo.db.launch_items import items_of_launch
from gonogo.db.tables import PackRow, StopPicture, SubmissionPicture
from policies.lifecycle.launch_state import Launch
from policies.pack import PolicyPack, pack_of
from policies.rules.gates import Gate
from policies.rules.launch_opening import Item
from policies.rules.launch_outlook import outlook
from policies.rules.measures import NOBODY_CAN, PROMETHEUS, Seen

_OURS = ("queued", "in_review", "held")  # stages whose clock is the store's


class Looking:
    """One look at one launch: what several measures need is read once, what none needs never.
    `now` in UTC; `in_force` are the policies that builders accept."""

    def __init__(
        self, session: Session, launch: Launch, now: datetime, in_force: PolicyPack
    ) -> None:
        self.session, self.launch, self.now, self.in_force = session, launch, now, in_force

    @cached_property
    def pack(self) -> PolicyPack | None:
        """The pack that the launch pins; None where this installation does not know it."""
        kept = self.session.get(PackRow, self.launch.terms.pack)
        return pack_of(kept.value) if kept else None

    @cached_property
    def items(self) -> list[Item]:
        """All that waits to be opened."""
        return items_of_launch(self.session, self.launch.store, self.launch.id).items

    @property
    def musts(self) -> list[Item]:
        return [one for one in self.items if one.importance == "must"]


def _stops(look: Looking) -> Seen:
    count = look.session.exec(
        select(func.count())
        .select_from(StopPicture)
        .where(
            StopPicture.store_id == look.launch.store,
            StopPicture.status == "active",
            col(StopPicture.scope).in_(("store", "category")),
        )
    ).one()
    return Seen(float(count))


def _late_reviews(look: Looking) -> Seen:
    count = look.session.exec(
        select(func.count())
        .select_from(SubmissionPicture)
        .where(
            SubmissionPicture.store_id == look.launch.store,
            col(SubmissionPicture.stage).in_(_OURS),
            col(SubmissionPicture.due_at) < look.now,
        )
    ).one()
    return Seen(float(count))


def _duties(look: Looking) -> Seen:
    if look.pack is None:
        return Seen(why="pack_unknown")
    asked = asked_of(look.pack, look.in_force)
    left = duties_left(look.session, look.launch.store, look.launch.id, asked)
    return Seen(float(sum(bool(left.get(one.release, asked.duties)) for one in look.musts)))


def _approved(look: Looking) -> Seen:
    """The clock of an approval stands still while its release is bound, as at the opening (I6)."""
    musts = look.musts
    if not musts:
        return Seen(1.0)
    return Seen(sum(_stands(one, look.now) for one in musts) / len(musts))


def _stands(item: Item, now: datetime) -> bool:
    one = item.standing
    is_given = one.approved_digest == one.digest and one.approval_settled
    return is_given and not one.is_approval_over(now) and not item.erased


def _findings(look: Looking) -> Seen:
    blocks = [one.standing.evidence_blocks for one in look.items]
    return Seen(float(sum(1 if codes is None else len(codes) for codes in blocks)))


def _capacity(look: Looking) -> Seen:
    """Of work that fits in sum but not in time, the part that does not fit counts above one."""
    target = look.launch.target
    if look.pack is None:
        return Seen(why="pack_unknown")
    if target is None or (target.start is None and target.replan_by is None):
        return Seen(why="no_date")
    found = gather(look.session, look.launch, look.pack, look.now, in_force=look.in_force)
    work = outlook(found.plan, target, found.around, look.now).capacity
    if work.needed_s <= 0:
        return Seen(0.0)
    if work.available_s <= 0:
        return Seen(why="no_hours")
    short = work.available_s + work.short_s if work.short_s > 0 else work.needed_s
    return Seen(short / work.available_s)


MEASURES: Mapping[str, Callable[[Looking], Seen]] = {
    "no_stop": _stops,
    "review_on_time": _late_reviews,
    "duties_done": _duties,
    "must_approved": _approved,
    "critical_findings": _findings,
    "review_capacity": _capacity,
}


@dataclass(frozen=True)
class Measured:
    """`gates`: gate → `Seen.observed`. `queries`: gate → what Prometheus is still to be asked."""

    gates: dict[str, dict[str, object]]
    queries: dict[str, str]


NOTHING = Measured({}, {})


def measure(
    session: Session, store: str, launch: str, now: datetime, in_force: PolicyPack
) -> Measured:
    """What every measured gate of `launch` shows at `now` (UTC)."""
    state = queries.launch(session, store, launch)
    return measure_of(session, state, now, in_force) if state else NOTHING


def measure_of(session: Session, launch: Launch, now: datetime, in_force: PolicyPack) -> Measured:
    """The same of a launch that was read already."""
    look = Looking(session, launch, now, in_force)
    gates = [gate for gate in look.launch.terms.gates if gate.kind == "measured"]
    queries = _queries(look) if any(gate.looks_at == PROMETHEUS for gate in gates) else {}
    seen = {gate.id: _seen(gate, look) for gate in gates if gate.id not in queries}
    return Measured({gate: one.observed(now) for gate, one in seen.items()}, queries)


def _seen(gate: Gate, look: Looking) -> Seen:
    found = MEASURES.get(gate.looks_at or "")
    return found(look) if found else Seen(why=NOBODY_CAN)


def _queries(look: Looking) -> dict[str, str]:
    gates = look.pack.launch.gates if look.pack else ()
    return {gate.id: gate.prometheus for gate in gates if gate.prometheus}
