"""What is left of a duration: from past ones that lasted longer, and from a prior where few did."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_1samp, lognorm

from policies.stats.durations import KEPT_MOST, Durations, Prior

HOUR = 3600.0
PRIOR = Prior(median_s=8 * HOUR, spread=0.7)
NEGLIGIBLE = Prior(median_s=1.0, weight=1e-9)


def left(past: list[float], age: float, prior: Prior = PRIOR, runs: int = 4000) -> np.ndarray:
    random = np.random.default_rng(7)
    source = Durations(past, prior, runs, random)
    return source.remaining(age, random.random(runs), random.random(runs))


@given(
    past=st.lists(st.floats(0, 1e7), max_size=30),
    age=st.floats(0, 1e8),
    weight=st.sampled_from([0.01, 5.0, 100.0]),
)
def test_nothing_ends_before_now(past: list[float], age: float, weight: float) -> None:
    drawn = left(past, age, Prior(HOUR, weight=weight), runs=50)

    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all()


@given(
    past=st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=300),
    age=st.integers(0, 999),
)
def test_with_a_prior_that_counts_nothing_what_lasted_longer_is_drawn(
    past: list[float], age: int
) -> None:
    longer = {one for one in past if one > age}
    drawn = left(past, float(age), NEGLIGIBLE, runs=50) + age

    if longer:
        assert set(drawn.round(6)) <= longer


def test_past_durations_are_drawn_as_often_as_they_were() -> None:
    drawn = left([1.0] * 30 + [9.0] * 10, 0.0, NEGLIGIBLE, runs=20_000)

    assert (drawn == 9.0).mean() == pytest.approx(0.25, abs=0.01)


def test_many_past_durations_keep_their_shape() -> None:
    past = [float(one) for one in range(1, 20 * KEPT_MOST)]

    drawn = left(past, 0.0, runs=20_000)

    assert np.median(drawn) == pytest.approx(10 * KEPT_MOST, rel=0.03)
    assert np.quantile(drawn, 0.9) == pytest.approx(18 * KEPT_MOST, rel=0.03)


@pytest.mark.parametrize("age", [0.0, HOUR, 20 * HOUR])
def test_without_past_durations_the_prior_speaks_conditional_on_the_age(age: float) -> None:
    drawn = left([], age) + age

    prior = lognorm(s=PRIOR.spread, scale=PRIOR.median_s)
    conditional = ks_1samp(drawn, lambda x: (prior.cdf(x) - prior.cdf(age)) / prior.sf(age))
    assert conditional.pvalue > 0.01


def test_what_lasts_longer_than_all_before_is_left_to_the_prior() -> None:
    drawn = left([HOUR, 2 * HOUR], 30 * HOUR)

    assert (drawn > 0).all()
    assert np.median(drawn) > HOUR


@pytest.mark.parametrize("past", [[-1.0], [float("nan")]])
def test_what_is_no_duration_is_refused(past: list[float]) -> None:
    with pytest.raises(ValueError, match="zero or more"):
        left(past, 0.0)


@pytest.mark.parametrize("given_", [(0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, -1.0)])
def test_a_prior_that_says_nothing_is_refused(given_: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Prior(*given_)
