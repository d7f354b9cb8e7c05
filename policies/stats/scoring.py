"""How good forecasts were: what was said with which probability, against what came to be.

Brier: G. W. Brier, “Verification of forecasts expressed in terms of probability”, Monthly Weather
Review 78(1), 1950, in the form for yes or no: the mean of (p − o)², 0 is best, 0.25 is what “half”
for everything scores. Its parts: A. H. Murphy, Journal of Applied Meteorology 12(4), 1973. Log
score: I. J. Good, “Rational decisions”, J. R. Stat. Soc. B 14(1), 1952: the mean of −ln of the
probability given to what happened, 0 is best.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Said = tuple[float, bool]  # probability, and whether it came to be


@dataclass(frozen=True)
class Bin:
    """Forecasts with a probability in [low, high): said on average, and how often it came to be."""

    low: float
    high: float
    count: int
    said: float
    came: float


@dataclass(frozen=True)
class Parts:
    """Brier = reliability − resolution + uncertainty, where a bin's forecasts are all alike."""

    reliability: float
    resolution: float
    uncertainty: float


def brier(said: Sequence[Said]) -> float:
    _check(said)
    return math.fsum((p - came) ** 2 for p, came in said) / len(said)


def log_score(said: Sequence[Said]) -> float:
    """Infinite if something happened that was said to be impossible."""
    _check(said)
    given = [p if came else 1 - p for p, came in said]
    return math.inf if 0.0 in given else -math.fsum(map(math.log, given)) / len(said)


def calibration(said: Sequence[Said], bins: int = 10) -> tuple[Bin, ...]:
    """Bins of equal width that hold a forecast, the last one with 1.0 in it."""
    _check(said)
    found: dict[int, list[Said]] = {}
    for one in said:
        found.setdefault(min(bins - 1, int(one[0] * bins)), []).append(one)
    return tuple(
        Bin(
            number / bins,
            (number + 1) / bins,
            len(held),
            math.fsum(p for p, _ in held) / len(held),
            sum(came for _, came in held) / len(held),
        )
        for number, held in sorted(found.items())
    )


def parts(said: Sequence[Said], bins: int = 10) -> Parts:
    _check(said)
    rate = sum(came for _, came in said) / len(said)
    table = calibration(said, bins)
    reliability = math.fsum(one.count * (one.said - one.came) ** 2 for one in table) / len(said)
    resolution = math.fsum(one.count * (one.came - rate) ** 2 for one in table) / len(said)
    return Parts(reliability, resolution, rate * (1 - rate))


def _check(said: Sequence[Said]) -> None:
    if not said:
        raise ValueError("nothing was forecast")
    if any(not 0 <= p <= 1 for p, _ in said):
        raise ValueError("a probability lies between 0 and 1")
