"""Which items are ready to open: nothing unknown is, nor what requires something that fails."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.lifecycle.launch_items import items_of
from policies.rules.launch_opening import FAILING_MOST, Item, observed, readiness
from tests.builders import T0
from tests.policies.test_approvals import DAY, GOOD

STALE = replace(GOOD, evidence_until=T0)
NAMES = [f"rel_{n}" for n in range(6)]


def item(name: str, **over: Any) -> Item:
    given: dict[str, Any] = {"release": name, "wave": 1, "importance": "must", "standing": GOOD}
    return Item(**given | over)


@st.composite
def launches(draw: st.DrawFn) -> list[Item]:
    """Up to six items that require each other in any way, circles too."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return [
        item(
            name,
            wave=draw(st.integers(1, 2)),
            importance=draw(st.sampled_from(["must", "should", "optional"])),
            standing=draw(st.sampled_from([GOOD, GOOD, STALE])),
            requires=tuple(draw(st.sets(st.sampled_from([*NAMES, "rel_x"]), max_size=2))),
        )
        for name in names
    ]


@given(launches(), st.booleans())
def test_i6_an_item_is_ready_exactly_when_it_and_all_it_requires_are(
    items: list[Item], is_there: bool
) -> None:
    visible = {"rel_x"} if is_there else set()

    failing = readiness(items, visible, T0, {}).failing

    by_name = {one.release: one for one in items}
    for one in items:
        alone = one.standing is GOOD
        met = all(
            (need in by_name and need not in failing) or need in visible for need in one.requires
        )
        assert (one.release not in failing) is (alone and met)
    assert all(failing.values())  # I10: it says why


@given(launches())
def test_the_counts_are_those_of_the_wave_and_the_decider_understands_them(
    items: list[Item],
) -> None:
    found = readiness(items, (), T0, {})

    seen = observed(items, found, wave=1, waves=2, position=7)

    of_wave = [one for one in items if one.wave == 1]
    told = items_of({"items": seen})
    assert told is not None
    assert (told.total, told.position, told.wave) == (len(of_wave), 7, 1)
    assert told.ready == len(of_wave) - len(told.failing)
    assert set(told.failing) == {one.release for one in of_wave} & set(found.failing)


def test_i6_an_embargo_and_an_offset_wait_for_a_later_wave() -> None:
    early = item("rel_1", not_before=T0 + DAY, importance="should")
    later = item("rel_2", offset_s=3600, importance="should")
    gone = item("rel_3", erased=True)

    failing = readiness([early, later, gone], (), T0, {}).failing

    assert failing == {
        "rel_1": ("embargo",), "rel_2": ("after_the_opening",), "rel_3": ("erased",),
    }  # fmt: skip
    assert readiness([early], (), T0 + 2 * DAY, {}).failing["rel_1"] != ("embargo",)


def test_the_look_holds_until_the_first_evidence_of_a_ready_item_ends() -> None:
    soon = item("rel_1", standing=replace(GOOD, evidence_until=T0 + timedelta(hours=1)))
    failing = item("rel_2", standing=STALE)

    assert readiness([soon, item("rel_3"), failing], (), T0, {}).holds_until == T0 + timedelta(
        hours=1
    )
    assert readiness([failing], (), T0, {}).holds_until is None


def test_of_many_that_fail_the_first_are_named_and_it_is_said_that_there_are_more() -> None:
    items = [item(f"rel_{n:04}", standing=STALE) for n in range(FAILING_MOST + 1)]

    seen = observed(items, readiness(items, (), T0, {}), wave=1, waves=1, position=1)

    assert len(seen["failing"]) == FAILING_MOST
    assert seen["failing_more"]


def test_the_tier_is_the_highest_and_an_unknown_one_is_the_highest_of_all() -> None:
    items = [item("rel_1", tier="low"), item("rel_2", tier="medium")]

    def tier(*more: Item) -> str:
        these = [*items, *more]
        seen = observed(these, readiness(these, (), T0, {}), wave=1, waves=1, position=1)
        return str(seen["tier"])

    assert tier() == "medium"
    assert tier(item("rel_3", tier="unheard-of")) == "high"
