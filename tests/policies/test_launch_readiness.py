"""I6, I7: an item is ready only if every check holds at the moment it opens; unknown never is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.launch_plan import Importance, Item, Plan, plan_of
from policies.rules.launch_readiness import (
    Check,
    Holds,
    Known,
    approval_clock,
    approval_lapses,
    matrix,
)
from tests.builders import T0
from tests.policies.launch_plans import acyclic

DAY = timedelta(days=1)
GOOD = Known(
    approved=True,
    approval_until=T0 + DAY,
    evidence_until=T0 + DAY,
    publisher_verified=True,
    duties_left=(),
    stops=(),
)
FAULTS: list[tuple[dict[str, Any], Check, Holds, str]] = [
    ({"approved": False}, Check.APPROVED, Holds.NO, "approval_missing"),
    ({"approved": None}, Check.APPROVED, Holds.UNKNOWN, "not_looked_up"),
    ({"approval_until": T0}, Check.APPROVAL_LASTS, Holds.NO, "approval_expired"),
    ({"approval_until": None}, Check.APPROVAL_LASTS, Holds.UNKNOWN, "not_looked_up"),
    ({"evidence_until": T0}, Check.EVIDENCE_LASTS, Holds.NO, "evidence_stale"),
    ({"evidence_until": None}, Check.EVIDENCE_LASTS, Holds.UNKNOWN, "not_looked_up"),
    ({"publisher_verified": False}, Check.PUBLISHER, Holds.NO, "publisher_unverified"),
    ({"publisher_verified": None}, Check.PUBLISHER, Holds.UNKNOWN, "not_looked_up"),
    ({"duties_left": ("profile",)}, Check.DUTIES, Holds.NO, "profile"),
    ({"duties_left": None}, Check.DUTIES, Holds.UNKNOWN, "not_looked_up"),
    ({"stops": ("store",)}, Check.NO_STOP, Holds.NO, "store"),
    ({"stops": None}, Check.NO_STOP, Holds.UNKNOWN, "not_looked_up"),
]
ONE = plan_of([Item("a")])


def test_i6_an_item_is_ready_when_every_check_holds() -> None:
    (row,) = matrix(ONE, {"a": GOOD}, T0).rows

    assert row.ready
    assert row.failing == ()


@pytest.mark.parametrize(("fault", "check", "holds", "why"), FAULTS)
def test_i7_one_check_that_fails_or_is_unknown_keeps_it_from_being_ready(
    fault: dict[str, Any], check: Check, holds: Holds, why: str
) -> None:
    found = matrix(ONE, {"a": replace(GOOD, **fault)}, T0)

    (row,) = found.rows
    assert row.failing == (check.value,)
    assert (row.cells[check].holds, row.cells[check].why) == (holds, why)
    assert found.failing_by[check] == 1
    assert found.counts[Importance.MUST].ready == 0


def test_i7_an_item_nobody_looked_up_is_unknown() -> None:
    (row,) = matrix(ONE, {}, T0).rows

    assert {row.cells[check].holds for check in Check} == {Holds.UNKNOWN, Holds.YES}
    assert row.cells[Check.REQUIREMENTS].holds is Holds.YES
    assert not row.ready


@given(acyclic(), st.sets(st.integers(0, 7)))
def test_a_row_is_ready_exactly_if_all_it_stands_on_is_good(plan: Plan, bad_at: set[int]) -> None:
    bad = {name for at, name in enumerate(plan.items) if at in bad_at}

    found = matrix(plan, {name: GOOD for name in plan.items if name not in bad}, T0 - DAY)

    def good(name: str) -> bool:
        return name not in bad and all(good(one) for one in plan.items[name].requires)

    assert {row.item for row in found.rows if row.ready} == {n for n in plan.items if good(n)}
    assert sum(count.ready for count in found.counts.values()) == sum(map(good, plan.items))
    for row in found.rows:
        cell = row.cells[Check.REQUIREMENTS]
        assert (cell.holds is Holds.YES) == all(map(good, plan.items[row.item].requires))
        assert cell.holds is Holds.YES or cell.why in plan.items


def test_a_requirement_outside_the_plan_is_not_ready() -> None:
    plan = plan_of([Item("a", requires=("nowhere",)), Item("b", requires=("a",))])

    rows = matrix(plan, {"a": GOOD, "b": GOOD}, T0).rows

    assert [row.cells[Check.REQUIREMENTS].why for row in rows] == ["nowhere", "a"]


def test_each_item_is_judged_when_it_opens() -> None:
    plan = plan_of([Item("now"), Item("late", offset_s=2 * 86_400)])

    found = matrix(plan, {"now": GOOD, "late": GOOD}, T0)

    assert found.failing() == {"late": ("approval_lasts", "evidence_lasts")}


def test_what_must_be_ready_is_told_first() -> None:
    plan = plan_of([Item("o", importance=Importance.OPTIONAL), Item("m")])

    assert list(matrix(plan, {}, T0).failing()) == ["m", "o"]


days = st.integers(-5, 400).map(lambda number: T0 + number * DAY)
caps = st.none() | st.integers(0, 200 * 86_400)


@given(until=days, bound=days, later=st.integers(0, 400), cap=caps)
def test_i6_a_bound_approvals_clock_stands_still_and_no_longer_than_allowed(
    until: Any, bound: Any, later: int, cap: int | None
) -> None:
    """While it is bound it holds exactly if, freed at that moment, it would still hold."""
    at = bound + later * DAY

    lapses = approval_lapses(until, bound, cap)
    freed = approval_clock(until, bound, at, cap)

    assert (lapses is None or at < lapses) == (at < freed)
    assert freed >= until
    if until <= bound:
        assert freed == until  # binding revives nothing
    elif cap is None:
        assert freed - at == until - bound  # what was left is left


def test_i6_evidence_ages_while_an_approval_stands_still() -> None:
    known = replace(GOOD, bound_at=T0)

    (row,) = matrix(ONE, {"a": known}, T0 + 30 * DAY).rows

    assert row.failing == ("evidence_lasts",)
