"""What a forecast of a launch is asked, as the record knows it; and those that the store keeps."""

import hashlib
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from gonogo.db import forecasts, queries
from gonogo.db.forecasts import KEPT_MOST, ForecastRow
from gonogo.db.launch_around import REVIEWER_SHARE, Gathered, gather, opening_of
from gonogo.db.launch_cases import pending_of
from gonogo.db.review_times import WAIT_PRIOR, WORK_PRIOR
from gonogo.db.session import reading, writing
from policies.lifecycle.launch_state import Launch
from policies.pack import PolicyPack
from policies.rules.forecast_points import forecast_point
from policies.rules.launch_outlook import outlook
from policies.stats.forecast import Question, Reviewing, affordable_runs, forecast

SYSTEM = "system"


def question(
    session: Session,
    launch: Launch,
    pack: PolicyPack,
    now: datetime,
    share: float = REVIEWER_SHARE,
) -> Question | None:
    """What is to be answered at `now` (UTC); None where nothing is bound, so nothing is to tell.
    The same draws as long as nothing happened in the launch."""
    # A duty is no approval: which policies builders accept changes nothing here.
    found = gather(session, launch, pack, now, in_force=pack, share=share)
    pending = pending_of(session, launch.store, launch.id, _lapsing(launch, found, now), now)
    if not pending:
        return None
    return Question(
        pending=pending,
        past=found.times.past,
        reviewing=Reviewing(
            found.around.calendar,
            dict.fromkeys(found.reviewers, share),
            found.around.hours.queued_s,
        ),
        wait_prior=WAIT_PRIOR,
        work_prior=WORK_PRIOR,
        now=now,
        seed=_seed(launch),
        needed=None,
        runs=affordable_runs(len(pending)),
    )


def keep_at(
    engine: Engine, store: str, launch: str, pack: PolicyPack, point: str, now: datetime
) -> bool:
    """Keep the forecast of `point`, once however often it is asked for. False: there was nothing
    to forecast, the launch is elsewhere by now, or it keeps as many as it may."""
    id = "fct_" + hashlib.sha256(f"{store}:{launch}:{point}".encode()).hexdigest()[:26]
    with reading(engine) as session:
        state = queries.launch(session, store, launch)
        if state is None or forecast_point(state) != point:
            return False
        if session.get(ForecastRow, (store, id)) is not None:
            return True
        full = forecasts.count(session, store, launch) >= KEPT_MOST
        asked = None if full else question(session, state, pack, now)
    at = opening_of(state)
    if asked is None or at is None:
        return False
    made = ForecastRow(
        store_id=store,
        id=id,
        launch=launch,
        made_at=now,
        due=at,
        probability=forecast(asked).by(at),
        seed=str(asked.seed),
        runs=asked.runs,
        by=SYSTEM,
    )
    with writing(engine, beside=True) as session:
        if session.get(ForecastRow, (store, id)) is None:  # a slower attempt comes second
            session.add(made)
    return True


def _lapsing(launch: Launch, found: Gathered, now: datetime) -> frozenset[str]:
    """Items that are reviewed again before the target."""
    if launch.target is None:
        return frozenset()
    ahead = outlook(found.plan, launch.target, found.around, now)
    return frozenset(case.item for case in ahead.cases)


def _seed(launch: Launch) -> int:
    text = f"{launch.id}:{launch.seq}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
