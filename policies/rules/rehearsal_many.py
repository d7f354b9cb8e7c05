"""Many rehearsals of one scenario that differ by their seed alone: how often, and by when."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from policies.rules.rehearsal import rehearse
from policies.rules.rehearsal_cast import Scenario

MOST = 0.8


@dataclass(frozen=True)
class Spread:
    """Of `runs` rehearsals `opened` opened within the horizon, `in_time` of them in time. Half had
    opened by `half_by`, four fifths by `most_by`; None: fewer than that ever did."""

    runs: int
    opened: int
    in_time: int
    half_by: datetime | None
    most_by: datetime | None


def spread(scenario: Scenario, seeds: Iterable[str]) -> Spread:
    played = [rehearse(replace(scenario, seed=seed)) for seed in seeds]
    openings = sorted(one.opened_at for one in played if one.opened_at is not None)
    return Spread(
        runs=len(played),
        opened=len(openings),
        in_time=sum(one.in_time for one in played),
        half_by=_by(openings, len(played), 0.5),
        most_by=_by(openings, len(played), MOST),
    )


def _by(openings: list[datetime], runs: int, share: float) -> datetime | None:
    """The nearest rank: whoever never opened comes after all that did."""
    rank = max(1, -(-runs * share // 1))
    return openings[int(rank) - 1] if runs and rank <= len(openings) else None
