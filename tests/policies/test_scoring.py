"""Scores: by hand, by identity, and proper: nobody gains by saying what they do not believe."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.stats.scoring import Bin, brier, calibration, log_score, parts

SAID = [(0.9, True), (0.8, True), (0.7, False), (0.2, False)]
probabilities = st.floats(0.01, 0.99)


def test_scores_by_hand() -> None:
    assert brier(SAID) == pytest.approx((0.01 + 0.04 + 0.49 + 0.04) / 4)
    assert log_score(SAID) == pytest.approx(-math.log(0.9 * 0.8 * 0.3 * 0.8) / 4)


def test_what_was_said_to_be_impossible_and_came_is_infinitely_bad() -> None:
    assert log_score([(0.0, True)]) == math.inf
    assert log_score([(1.0, True), (0.0, False)]) == 0.0


def test_a_calibration_table_says_how_often_it_came_to_be() -> None:
    said = [(0.85, True), (0.85, False), (1.0, True), (0.0, False)]

    low, high = calibration(said, bins=5)

    assert low == Bin(0.0, 0.2, 1, 0.0, 0.0)
    assert (high.low, high.high, high.count) == (0.8, 1.0, 3)
    assert [high.said, high.came] == pytest.approx([0.9, 2 / 3])


@given(truth=probabilities, told=probabilities)
def test_saying_what_one_believes_scores_best(truth: float, told: float) -> None:
    def expected(score: object, p: float) -> float:
        assert callable(score)
        return float(truth * score([(p, True)]) + (1 - truth) * score([(p, False)]))

    assert expected(brier, truth) <= expected(brier, told) + 1e-12
    assert expected(log_score, truth) <= expected(log_score, told) + 1e-12


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_the_parts_of_murphy_add_up(drawn: list[tuple[int, bool]]) -> None:
    said = [((number + 0.5) / 10, came) for number, came in drawn]

    found = parts(said)

    whole = found.reliability - found.resolution + found.uncertainty
    assert brier(said) == pytest.approx(whole, abs=1e-12)
    assert sum(one.count for one in calibration(said)) == len(said)


@pytest.mark.parametrize("score", [brier, log_score, calibration, parts])
@pytest.mark.parametrize("said", [[], [(1.1, True)], [(float("nan"), False)]])
def test_what_is_no_forecast_is_refused(score: object, said: list[tuple[float, bool]]) -> None:
    assert callable(score)
    with pytest.raises(ValueError):
        score(said)
