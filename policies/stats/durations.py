"""How long something still takes: past durations where there are many, a stated prior where few.

Posterior of a Dirichlet process with a log-normal base (T. S. Ferguson, “A Bayesian analysis of
some nonparametric problems”, Annals of Statistics 1(2), 1973). Each run of a simulation draws one
distribution of durations, weights Dirichlet(1, …, 1, α) over the n past ones and the prior (the
Bayesian bootstrap of D. B. Rubin, Annals of Statistics 9(1), 1981, with the prior as one part of
weight α), so that what is not known about durations is shared by all cases of the run. What has
lasted `age` already is drawn from what lasted longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
KEPT_MOST = 256  # past durations that are told apart; more are thinned at equal steps of rank


@dataclass(frozen=True)
class Prior:
    """Log-normal: half of all take less than `median_s`, two thirds lie within a factor of
    e^`spread` of it. It counts as much as `weight` past durations."""

    median_s: float
    spread: float = 1.0
    weight: float = 5.0

    def __post_init__(self) -> None:
        if not (self.median_s > 0 and self.spread > 0 and self.weight > 0):
            raise ValueError("a prior has a positive median, spread and weight")


class Durations:
    """One drawn distribution per run. `past` in seconds, not negative, in any order."""

    def __init__(
        self, past: Sequence[float], prior: Prior, runs: int, random: np.random.Generator
    ) -> None:
        if any(not value >= 0 for value in past):
            raise ValueError("a duration is zero or more seconds")
        known = np.sort(np.asarray(past, dtype=np.float64))
        share = 1.0
        if known.size > KEPT_MOST:
            share = known.size / KEPT_MOST
            known = known[np.linspace(0, known.size - 1, KEPT_MOST).round().astype(int)]
        self._known, self._prior = known, prior
        weights = random.gamma(
            np.append(np.full(known.size, share), prior.weight), size=(runs, known.size + 1)
        )
        self._prior_weight = weights[:, -1]
        # Entry i of a row: the weight of everything before i in ascending order.
        self._before = np.zeros((runs, known.size + 1))
        np.cumsum(weights[:, :-1], axis=1, out=self._before[:, 1:])

    def remaining(self, age: float, choice: Floats, within: Floats) -> Floats:
        """Seconds that are left after `age`, one per run. `choice` and `within`, uniform in (0, 1),
        choose the part and the place in the prior."""
        first = int(np.searchsorted(self._known, age, side="right"))
        start, end = self._before[:, first], self._before[:, -1]
        survives, beyond = self._of_prior(age, within)
        mass = end - start
        place = choice * (mass + self._prior_weight * survives)
        if first == self._known.size:
            return beyond - age
        index = _row_search(self._before, start + place, first)
        drawn = self._known[np.minimum(index, self._known.size - 1)]
        left: Floats = np.where(place < mass, drawn, beyond) - age
        return left

    def _of_prior(self, age: float, within: Floats) -> tuple[float, Floats]:
        """Its mass beyond `age` and a draw from there, by survival: far tails stay exact."""
        centre, spread = np.log(self._prior.median_s), self._prior.spread
        survives = float(ndtr((centre - np.log(age)) / spread)) if age > 0 else 1.0
        # Further out than floats reach something lasts as long again as it did.
        if survives < 1e-300:
            return 0.0, 2 * age + 0 * within
        drawn = np.exp(centre - spread * ndtri(np.clip(within * survives, 1e-300, 1.0)))
        return survives, np.maximum(drawn, age)


def _row_search(rows: Floats, values: Floats, first: int) -> NDArray[Any]:
    """Per row the last index i ≥ `first` with rows[i] ≤ value: the duration whose piece it is."""
    low = np.full(values.size, first)
    high = np.full(values.size, rows.shape[1] - 1)
    every = np.arange(values.size)
    while True:
        open_ = high - low > 1
        if not open_.any():
            return low
        middle = (low + high) // 2
        right = open_ & (rows[every, middle] <= values)
        low = np.where(right, middle, low)
        high = np.where(open_ & ~right, middle, high)
