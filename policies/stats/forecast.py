"""When a launch will have its approvals: a seeded simulation, and what would move the date.

Every pending case waits for what is outside reviewers' hands (tests, its developer's turns), then
takes reviewers' work. Work is done in opening hours, by whoever is free first, in the order in
which cases arrive, behind the work that is queued already. A case may come back with changes
requested, or not be approved at all; how often is drawn per run from a beta posterior with
Jeffreys' prior (H. Jeffreys, Proc. R. Soc. A 186, 1946), so that few past cases make a wide
forecast. A case that comes back is counted as one longer wait and one longer piece of work.

What an hour more would change is a finite difference with common random numbers (P. Glasserman,
“Monte Carlo Methods in Financial Engineering”, 2003, section 7.1): both sides see the same cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from policies.pack import Calendar
from policies.stats.durations import Durations, Floats, Prior
from policies.stats.hours import BusinessClock

RUNS, RUNS_MOST = 1_000, 20_000
ROUNDS_MOST = 4  # a case that comes back more often is as late as one that came back so often
PENDING_MOST = 10_000
CELLS_MOST = 2_000_000  # cases times runs that are held in memory: some 100 MB
_HOUR = 3600.0
_AGES = 1e12


@dataclass(frozen=True)
class Pending:
    """A case of the launch. `waiting`: outside reviewers' hands for `age_s` (calendar seconds);
    `queued`: waiting for a reviewer for `age_s`; `in_review`: `age_s` of work are spent;
    `approved`: nothing is left."""

    id: str
    stage: str
    age_s: float = 0.0
    must: bool = True


@dataclass(frozen=True)
class Past:
    """What earlier cases took: waits (calendar seconds), work (seconds of a reviewer); how many
    rounds ended with an approval, came back for changes, or ended otherwise."""

    waits_s: Sequence[float] = ()
    work_s: Sequence[float] = ()
    approved: int = 0
    again: int = 0
    lost: int = 0


@dataclass(frozen=True)
class Reviewing:
    """`shares`: reviewer → the part of the opening hours that they review. `queued_s` is other
    work, in front of ours."""

    calendar: Calendar
    shares: dict[str, float]
    queued_s: float = 0.0


@dataclass(frozen=True)
class Question:
    """`needed` items of any kind and every must item have to be approved (None: every item)."""

    pending: Sequence[Pending]
    past: Past
    reviewing: Reviewing
    wait_prior: Prior
    work_prior: Prior
    now: datetime
    seed: int
    needed: int | None = None
    runs: int = RUNS
    horizon_days: int = 730


@dataclass(frozen=True)
class Forecast:
    """`ready_s`: per run, ascending, seconds after `now` until approvals suffice; infinity where
    they never do within the horizon."""

    now: datetime
    ready_s: Floats

    def by(self, at: datetime) -> float:
        """Probability that it is ready by `at`. Never 0 or 1: a simulation has seen so many runs
        and no more (the mean of Jeffreys' posterior)."""
        known = np.searchsorted(self.ready_s, (at - self.now).total_seconds(), side="right")
        return float((known + 0.5) / (self.ready_s.size + 1))

    def date(self, probability: float) -> datetime | None:
        """The first moment by which it is ready in that share of runs; None: not in the horizon."""
        index = min(self.ready_s.size - 1, int(np.ceil(probability * self.ready_s.size)) - 1)
        seconds = self.ready_s[max(0, index)]
        return self.now + timedelta(seconds=float(seconds)) if np.isfinite(seconds) else None


@dataclass(frozen=True)
class Lever:
    """What one hour a week more changes. `what` is `reviewer:<id>` or `weekday:<0–6>` (everybody,
    longer on that day): probability at the date asked for, and seconds of the median earlier."""

    what: str
    gain: float
    earlier_s: float | None


def forecast(question: Question) -> Forecast:
    """The same question and seed give the same answer. Raises `ValueError` for one that cannot be
    answered: nothing pending, too much, shares outside 0–1."""
    _check(question)
    return _ready(question, _Draws(question), question.reviewing.shares, {})


def levers(question: Question, at: datetime) -> tuple[Lever, ...]:
    """Each hour a week that could be added, the one that helps most first."""
    _check(question)
    draws, shares = _Draws(question), question.reviewing.shares
    base = _ready(question, draws, shares, {})
    weekly = BusinessClock(question.reviewing.calendar, question.now, 28).total_s / 4
    found = []
    for name, share in shares.items():
        more = {**shares, name: min(1.0, share + _HOUR / max(weekly, _HOUR))}
        found.append(_lever(f"reviewer:{name}", base, _ready(question, draws, more, {}), at))
    for day in question.reviewing.calendar.days:
        longer = {day: _HOUR / max(1e-9, sum(shares.values()))}
        found.append(_lever(f"weekday:{day}", base, _ready(question, draws, shares, longer), at))
    return tuple(sorted(found, key=lambda one: (-one.gain, -(one.earlier_s or 0.0), one.what)))


def _lever(what: str, base: Forecast, more: Forecast, at: datetime) -> Lever:
    before, after = base.date(0.5), more.date(0.5)
    earlier = (before - after).total_seconds() if before and after else None
    return Lever(what, more.by(at) - base.by(at), earlier)


def affordable_runs(pending: int) -> int:
    """As many runs as fit for so many cases."""
    return max(1, min(RUNS, CELLS_MOST // max(1, pending)))


def _check(question: Question) -> None:
    if len(question.pending) * question.runs > CELLS_MOST:
        raise ValueError(f"cases times runs are at most {CELLS_MOST}")
    if not question.pending or len(question.pending) > PENDING_MOST:
        raise ValueError(f"a forecast is about 1 to {PENDING_MOST} cases")
    if not 1 <= question.runs <= RUNS_MOST or not 1 <= question.horizon_days <= 3650:
        raise ValueError(f"1 to {RUNS_MOST} runs over 1 to 3650 days")
    if question.needed is not None and not 1 <= question.needed <= len(question.pending):
        raise ValueError("more are needed than there are")
    if any(not 0 <= share <= 1 for share in question.reviewing.shares.values()):
        raise ValueError("a reviewer reviews 0 to 1 of the opening hours")
    strange = {one.stage for one in question.pending} - set(_STAGES)
    if strange:
        raise ValueError(f"no such stage: {sorted(strange)[0]}")


_STAGES = ("waiting", "queued", "in_review", "approved")


class _Draws:
    """Per case and run: when it reaches reviewers, how much work it is, whether it is lost."""

    def __init__(self, question: Question) -> None:
        random, runs = np.random.default_rng(question.seed), question.runs
        past = question.past
        waits = Durations(past.waits_s, question.wait_prior, runs, random)
        work = Durations(past.work_s, question.work_prior, runs, random)
        back = random.beta(past.again + 0.5, past.approved + past.lost + 0.5, runs)
        lost = random.beta(past.lost + 0.5, past.approved + 0.5, runs)
        shape = (len(question.pending), runs)
        self.arrival, self.effort = np.zeros(shape), np.zeros(shape)
        self.lost = np.zeros(shape, dtype=bool)
        for row, case in enumerate(question.pending):
            if case.stage == "approved":
                continue
            rounds = np.minimum(ROUNDS_MOST, random.geometric(np.clip(1 - back, 1e-6, 1)) - 1)
            self.lost[row] = random.random(runs) < lost

            def draw(source: Durations, age: float) -> Floats:
                return source.remaining(age, random.random(runs), random.random(runs))

            first = draw(waits, case.age_s) if case.stage == "waiting" else np.zeros(runs)
            # What is being worked on was first, then what has waited longest.
            came = {"queued": -case.age_s, "in_review": -_AGES}.get(case.stage, 0.0)
            self.arrival[row] = first + came
            self.effort[row] = draw(work, case.age_s if case.stage == "in_review" else 0.0)
            for number in range(1, ROUNDS_MOST + 1):
                waited, worked = draw(waits, 0.0), draw(work, 0.0)
                again = rounds >= number
                back_at = np.maximum(self.arrival[row], 0.0) + waited
                self.arrival[row] = np.where(again, back_at, self.arrival[row])
                self.effort[row] = np.where(again, self.effort[row] + worked, self.effort[row])


def _ready(
    question: Question, draws: _Draws, shares: dict[str, float], longer_s: dict[int, float]
) -> Forecast:
    """Who is free first takes who came first; in business seconds, then back to the calendar."""
    clock = BusinessClock(
        question.reviewing.calendar, question.now, question.horizon_days, longer_s
    )
    speeds = np.asarray([share for share in shares.values() if share > 0])
    done = _served(question, draws, clock, speeds)
    done[draws.lost] = np.inf
    for row, case in enumerate(question.pending):
        if case.stage == "approved":
            done[row] = 0.0
    needed = question.needed or len(question.pending)
    ready = np.partition(done, needed - 1, axis=0)[needed - 1]
    musts = [row for row, case in enumerate(question.pending) if case.must]
    if musts:
        ready = np.maximum(ready, done[musts].max(axis=0))
    return Forecast(question.now, np.sort(ready))


def _served(question: Question, draws: _Draws, clock: BusinessClock, speeds: Floats) -> Floats:
    arrival = clock.business(np.maximum(draws.arrival, 0.0))
    done = np.full(arrival.shape, np.inf)
    if not speeds.size:
        return done
    # Work in front of ours keeps everybody busy for the same time.
    free = np.full((speeds.size, question.runs), question.reviewing.queued_s / speeds.sum())
    every = np.arange(question.runs)
    skipped = [row for row, case in enumerate(question.pending) if case.stage == "approved"]
    for rows in np.argsort(draws.arrival, axis=0, kind="stable"):
        came, work = arrival[rows, every], draws.effort[rows, every]
        begins = np.maximum(free, came)
        ends = begins + work / speeds[:, None]
        who = np.argmin(ends, axis=0)
        end = ends[who, every]
        real = ~np.isin(rows, skipped)
        free[who, every] = np.where(real, end, free[who, every])
        done[rows, every] = end
    return np.asarray(clock.calendar(done.ravel())).reshape(done.shape)
