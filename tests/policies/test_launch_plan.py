"""A plan tells every fault by name, orders what is in order, and counts what is really ready."""

import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import Incomplete
from policies.rules.launch_path import critical_path
from policies.rules.launch_plan import (
    ITEMS_MOST,
    REQUIRES_MOST,
    Count,
    Importance,
    Item,
    Mode,
    Plan,
    counted,
    examine,
    falls_with,
    plan_of,
    quorum,
    waves,
)
from tests.builders import T0
from tests.policies.launch_plans import acyclic, any_graph

MUST, SHOULD, OPTIONAL = Importance.MUST, Importance.SHOULD, Importance.OPTIONAL


def test_a_circle_is_named_item_by_item() -> None:
    plan = plan_of(
        [
            Item("c", requires=("a",)),
            Item("a", requires=("b",)),
            Item("b", requires=("c",)),
            Item("behind", requires=("a",)),
        ]
    )

    examined = examine(plan)

    assert not examined
    assert [fault.cycle for fault in examined.faults] == [("a", "b", "c")]
    assert str(examined.faults[0]) == "a circle of requirements: a → b → c → a"
    with pytest.raises(Incomplete, match="a → b → c → a"):
        waves(plan)


def test_what_requires_itself_is_a_circle_of_one() -> None:
    assert examine(plan_of([Item("a", requires=("a",))])).faults[0].cycle == ("a",)


@given(any_graph())
def test_a_circle_that_is_named_is_one_and_none_is_named_in_vain(plan: Plan) -> None:
    examined = examine(plan)

    cycles = [fault.cycle for fault in examined.faults if fault.code == "cycle"]
    for cycle in cycles:
        for name, following in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            assert following in plan.items[name].requires
    assert bool(cycles) == (sorted(examined.order) != sorted(plan.items))


@given(acyclic())
def test_every_item_comes_after_all_it_requires(plan: Plan) -> None:
    order = examine(plan).order

    place = {name: at for at, name in enumerate(order)}
    assert sorted(order) == sorted(plan.items)
    for item in plan.items.values():
        assert all(place[one] < place[item.id] for one in item.requires)


@pytest.mark.parametrize(
    ("needed", "code"),
    [
        (Item("b", wave=2), "later_wave"),
        (Item("b", offset_s=60), "later_time"),
        (Item("b", not_before=T0 + timedelta(hours=1)), "later_time"),
        (Item("b", importance=SHOULD), "weaker"),
        (Item("other"), "missing"),
    ],
)
def test_a_requirement_that_cannot_be_there_in_time_is_told(needed: Item, code: str) -> None:
    plan = plan_of([Item("a", requires=("b",)), needed])

    examined = examine(plan, opening=T0)

    assert [(fault.code, fault.item, fault.other) for fault in examined.faults] == [
        (code, "a", "b")
    ]
    assert bool(examined) is (code == "weaker")
    assert str(examined.faults[0]).startswith("a requires b, which ")


def test_what_is_public_already_is_required_in_vain() -> None:
    assert examine(plan_of([Item("a", requires=("old",))], public=frozenset({"old"})))


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([Item("a"), Item("a")], "items"),
        ([Item("a", wave=0)], "wave"),
        ([Item("a", requires=tuple(map(str, range(REQUIRES_MOST + 1))))], "requires"),
        ([Item("a", offset_s=-1)], "offset_s"),
        ([Item("a", not_before=T0.replace(tzinfo=None))], "not_before"),
        ([Item(str(number)) for number in range(ITEMS_MOST + 1)], "items"),
    ],
)
def test_what_is_no_plan_is_refused(items: list[Item], field: str) -> None:
    with pytest.raises(Incomplete) as refused:
        plan_of(items)

    assert refused.value.detail["field"] == field


def test_waves_open_in_order_requirements_first() -> None:
    plan = plan_of(
        [
            Item("d", wave=2),
            Item("c", offset_s=60),
            Item("b", requires=("a",)),
            Item("a"),
        ]
    )

    assert waves(plan) == {1: ("a", "b", "c"), 2: ("d",)}


@given(acyclic(), st.sets(st.integers(0, 7)))
def test_what_hangs_on_a_missing_item_is_not_ready_either(plan: Plan, gone_at: set[int]) -> None:
    gone = {name for at, name in enumerate(plan.items) if at in gone_at}

    fallen = falls_with(plan, gone)

    def reaches(name: str) -> bool:
        item = plan.items[name]
        return any(one in gone or reaches(one) for one in item.requires)

    assert set(fallen) == {name for name in plan.items if name not in gone and reaches(name)}
    assert set(fallen.values()) <= gone
    counts = counted(plan, frozenset(plan.items) - gone)
    assert sum(count.planned for count in counts.values()) == len(plan)
    assert sum(count.ready for count in counts.values()) == len(plan) - len(gone) - len(fallen)


@pytest.mark.parametrize(
    ("mode", "needed", "counts", "short", "spare"),
    [
        (Mode.ATOMIC, None, {MUST: Count(2, 2)}, {}, 0),
        (Mode.ATOMIC, None, {MUST: Count(2, 1)}, {"must": 1, "all": 1}, 0),
        (Mode.ATOMIC, None, {MUST: Count(1, 1), SHOULD: Count(3, 2)}, {"all": 1}, 0),
        (Mode.ATOMIC, None, {}, {"quorum": 1}, 0),
        (Mode.QUORUM, 3, {MUST: Count(1, 1), OPTIONAL: Count(4, 2)}, {}, 0),
        (Mode.QUORUM, 3, {MUST: Count(1, 1), OPTIONAL: Count(4, 4)}, {}, 2),
        (Mode.QUORUM, 3, {MUST: Count(1, 0), OPTIONAL: Count(4, 4)}, {"must": 1}, 1),
        (Mode.QUORUM, 3, {MUST: Count(2, 1), SHOULD: Count(2, 0)}, {"must": 1, "quorum": 2}, 0),
        (Mode.INDEPENDENT, None, {MUST: Count(1, 1), SHOULD: Count(9, 1)}, {}, 1),
        (Mode.INDEPENDENT, None, {MUST: Count(9, 8)}, {"must": 1}, 0),
        (Mode.INDEPENDENT, None, {SHOULD: Count(9, 0)}, {"quorum": 1}, 0),
    ],
)
def test_a_quorum_says_how_many_are_short_and_of_what(
    mode: Mode,
    needed: int | None,
    counts: dict[Importance, Count],
    short: dict[str, int],
    spare: int,
) -> None:
    found = quorum(mode, needed, counts)

    assert (found.short, found.spare, bool(found)) == (short, spare, not short)


@pytest.mark.parametrize("needed", [None, 0, -1, 4])
def test_a_quorum_that_says_nothing_is_refused(needed: int | None) -> None:
    with pytest.raises(Incomplete, match="from 1 to 3"):
        quorum(Mode.QUORUM, needed, {MUST: Count(3, 3)})


@given(acyclic(), st.data())
def test_the_critical_path_is_the_longest_chain(plan: Plan, data: st.DataObject) -> None:
    remaining = {name: float(data.draw(st.integers(0, 50))) for name in plan.items}

    path = critical_path(plan, remaining)

    def longest(name: str) -> float:
        before = [longest(one) for one in plan.items[name].requires]
        return remaining[name] + max(before, default=0.0)

    assert path.total_s == max(longest(name) for name in plan.items)
    assert sum(remaining[name] for name in path.items) == path.total_s
    for earlier, later in zip(path.items, path.items[1:], strict=False):
        assert earlier in plan.items[later].requires
    assert all(path.slack_s[name] == 0 for name in path.items)


@given(acyclic(), st.data())
def test_slack_is_what_an_item_may_slip_without_moving_the_whole(
    plan: Plan, data: st.DataObject
) -> None:
    remaining = {name: float(data.draw(st.integers(0, 50))) for name in plan.items}
    name = data.draw(st.sampled_from(sorted(plan.items)))
    path = critical_path(plan, remaining)

    slipped = critical_path(plan, {**remaining, name: remaining[name] + path.slack_s[name]})
    further = critical_path(plan, {**remaining, name: remaining[name] + path.slack_s[name] + 1})

    assert slipped.total_s == path.total_s
    assert further.total_s == path.total_s + 1


def test_what_nobody_can_say_makes_a_lower_bound() -> None:
    path = critical_path(plan_of([Item("a"), Item("b")]), {"a": 5.0})

    assert (path.total_s, path.unknown) == (5.0, ("b",))


def test_the_longest_plan_is_looked_at_in_a_moment() -> None:
    """A line of 10 000, each of which requires the 50 before it: half a million edges."""
    ids = [f"rel_{number}" for number in range(ITEMS_MOST)]
    plan = plan_of(
        Item(name, requires=tuple(ids[max(0, at - REQUIRES_MOST) : at]))
        for at, name in enumerate(ids)
    )
    started = time.process_time()

    path = critical_path(plan, dict.fromkeys(ids, 1.0))
    fallen = falls_with(plan, [ids[0]])

    assert path.total_s == ITEMS_MOST
    assert len(fallen) == ITEMS_MOST - 1
    assert time.process_time() - started < 10
