"""How much a launch was pressed: every cause shows, and none is averaged away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.pressure import Spent, hurry, level, pressure
from tests.builders import AMY, MAX, SOL
from tests.policies.launches import GATING, LIVE, POLLED, launched, walk

CALM = [Spent("rel_1", "testing", 3600, 3600), Spent("rel_1", "review", 9000, 7200)]


def test_a_launch_by_the_book_is_calm() -> None:
    told = pressure(launched(*LIVE)().state, CALM)

    assert (told.value, told.level) == (0.0, "calm")
    assert told.hurried == ()


def test_half_the_usual_review_is_half_a_hurry() -> None:
    told = pressure(launched(*LIVE)().state, [*CALM, Spent("rel_2", "review", 3600, 7200)])

    assert [(one.release, one.step, one.share) for one in told.hurried] == [
        ("rel_2", "review", 0.5)
    ]
    assert told.parts["haste"] == pytest.approx(0.5 / 3)


def test_i7_a_step_without_a_trace_counts_as_no_time_at_all() -> None:
    told = pressure(launched(*LIVE)().state, [Spent("rel_2", "testing", None, 3600)])

    assert told.parts["haste"] == 1.0
    assert told.level == "pressed"


def test_shortened_steps_weigh_more_the_more_there_are_and_never_all() -> None:
    state = launched(*LIVE)().state
    found = [pressure(state, CALM, shortened=count).parts["shortened"] for count in (0, 1, 4, 400)]

    assert found == [0.0, 0.2, 0.5, pytest.approx(0.99, abs=0.001)]


def test_what_has_no_usual_time_is_counted_not_judged() -> None:
    told = pressure(launched(*LIVE)().state, [Spent("rel_2", "testing", 5, None), *CALM])

    assert (told.unknown, told.value) == (1, 0.0)


def test_waivers_overrides_dissent_and_moved_dates_show() -> None:
    waived = launched(*GATING, ("waive", MAX))().state
    road = launched(*POLLED)()
    no = {"vote": "NO_GO", "statement": "prose:s"}
    walk(road, ("vote", MAX, no), ("override", AMY), ("vote", SOL, {"role": "safety_oncall"}))

    assert pressure(waived, CALM).waived == ("support_ready",)
    assert pressure(waived, CALM).parts["waived"] == pytest.approx(1 / 5)
    told = pressure(road.state, CALM)
    assert told.overridden == ("product_lead",)
    assert told.parts["overridden"] == pytest.approx(1 / 3)
    assert told.parts["dissent"] == pytest.approx(1 / 6)
    assert told.value == pytest.approx(1 - (2 / 3) * (5 / 6))


def test_a_waiver_that_stands_no_longer_is_still_told() -> None:
    assert pressure(launched(*LIVE)().state, CALM, ["support_ready"]).waived == ("support_ready",)


def test_only_the_worst_are_named_and_all_are_counted() -> None:
    many = [Spent(f"rel_{n:03}", "review", n, 200) for n in range(120)]

    told = pressure(launched(*LIVE)().state, many)

    assert (len(told.hurried), told.hurried_in_all) == (50, 120)
    assert told.hurried[0].release == "rel_000"


steps = st.builds(
    Spent, st.just("rel_1"), st.sampled_from(["testing", "review"]),
    st.none() | st.floats(-10, 1e6), st.none() | st.floats(-10, 1e6),
)  # fmt: skip


@given(st.lists(steps, max_size=6), st.lists(st.sampled_from("abcde"), max_size=5))
def test_the_value_is_a_share_and_every_cause_only_adds(
    spent: list[Spent], waivers: list[str]
) -> None:
    state = launched(*GATING)().state
    bare, whole = pressure(state, spent), pressure(state, spent, waivers)

    assert 0.0 <= bare.value <= whole.value <= 1.0
    assert whole.value >= max(whole.parts.values()) - 1e-9
    for one in spent:
        assert hurry(one) is None or 0.0 <= (hurry(one) or 0.0) <= 1.0


@pytest.mark.parametrize(
    ("value", "word"), [(0.0, "calm"), (0.15, "tense"), (0.39, "tense"), (0.4, "pressed")]
)
def test_a_value_has_a_word(value: float, word: str) -> None:
    assert level(value) == word
