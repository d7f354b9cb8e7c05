"""When a launch will have its approvals, asked of the record and answered by simulation: for the
route, for its page, for what is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from api.deps import Services
from api.errors import Problem
from api.subjects import launch_in
from api.views import time_text
from gonogo.db import forecasts
from gonogo.db.forecasts import ForecastRow
from gonogo.db.launch_around import REVIEWER_SHARE, opening_of
from gonogo.db.launch_forecasts import question
from gonogo.db.session import reading
from policies.lifecycle.launch_state import Launch
from policies.stats.forecast import Forecast, Lever, Question, forecast, levers

LEVERS_MOST = 200  # pending cases up to which every hour is tried
QUANTILES = (0.1, 0.5, 0.8, 0.9)


@dataclass(frozen=True)
class Foreseen:
    """`asked` is None where nothing is bound, so nothing is to tell. `at`: the moment it is about,
    None while there is no date. `kept`: what was said before, the oldest first."""

    launch: Launch
    asked: Question | None
    at: datetime | None
    kept: tuple[ForecastRow, ...]

    @cached_property
    def told(self) -> Forecast:
        assert self.asked is not None
        return forecast(self.asked)

    @property
    def pending(self) -> int:
        return sum(one.stage != "approved" for one in self.asked.pending) if self.asked else 0

    def levers(self) -> tuple[Lever, ...]:
        """Each hour a week that could be added, unless there are too many cases to try them all."""
        few = self.asked and len(self.asked.pending) <= LEVERS_MOST
        if self.asked is None or self.at is None or not few or not self.asked.reviewing.shares:
            return ()
        return levers(self.asked, self.at)


def foreseen(
    svc: Services, launch: str, by: datetime | None = None, share: float = REVIEWER_SHARE
) -> Foreseen:
    """`by`: the moment it is about, without one the end of the target. Raises `not-found`."""
    now = datetime.now(UTC)
    with reading(svc.engine) as session:
        state = launch_in(svc, session, launch)
        asked = question(session, state, svc.packs(state.terms.pack), now, share)
        kept = forecasts.kept(session, svc.store, launch)
    return Foreseen(state, asked, by or opening_of(state), tuple(kept))


def told_by(
    svc: Services, launch: str, by: datetime | None, share: float = REVIEWER_SHARE
) -> Foreseen:
    """The same for those who need an answer. Raises a problem where nothing is bound."""
    seen = foreseen(svc, launch, by, share)
    if seen.asked is None:
        raise Problem("bad-request", "nothing is bound to this launch, so there is nothing to tell")
    return seen


def forecast_view(seen: Foreseen) -> dict[str, Any]:
    asked, told, at = seen.asked, seen.told, seen.at
    assert asked is not None
    past = asked.past
    return {
        "by": time_text(at),
        "probability": told.by(at) if at else None,
        "quantiles": {f"{p:g}": time_text(told.date(p)) for p in QUANTILES},
        "cases": len(asked.pending),
        "pending": seen.pending,
        "runs": asked.runs,
        "seed": str(asked.seed),
        "past": {
            "waits": len(past.waits_s),
            "work": len(past.work_s),
            "approved": past.approved,
            "again": past.again,
            "lost": past.lost,
        },
        "levers": [
            {"what": one.what, "gain": one.gain, "earlier_s": one.earlier_s}
            for one in seen.levers()
        ],
    }
