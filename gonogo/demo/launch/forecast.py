"""After one day of reviews: when are approvals enough? And, at the end: how good was that?

The forecast sees what the record held at that moment and nothing later, although the story has
been played further by then: the clock is data.
"""

from dataclasses import dataclass
from datetime import datetime

from gonogo.demo.launch.lane import Item
from gonogo.demo.launch.lines import QUORUM
from gonogo.demo.launch.stage import Stage, clock, moment
from policies.lifecycle.kernel import Event
from policies.stats.durations import Prior
from policies.stats.forecast import Past, Pending, Question, Reviewing, forecast

SEED = 2023
DATES = ("2023-11-09 17:00", "2023-11-10 17:00", "2023-11-17 17:00", "2023-11-30 17:00")
SHARES = {"per_rui": 0.5, "per_sena": 0.5}  # of the opening hours
WAIT, WORK = Prior(median_s=86_400.0), Prior(median_s=2_700.0)
_APPROVED, _LOST = "submission:review:approved", "submission:review:rejected"
_AGAIN = frozenset({"submission:static:blocked", "submission:review:changes_requested"})


@dataclass(frozen=True)
class Said:
    """The probability, as it was said, that approvals suffice by `by`; and whether they did."""

    by: datetime
    p: float
    came: bool
    said_at: datetime
    done_at: datetime  # when approvals did suffice


def foretold(
    stage: Stage, cases: list[Item], must: set[str], others: list[Item], now: datetime
) -> list[Said]:
    """Forecast at `now` for `cases`, of which `must` (submissions) and a quorum are needed;
    `others` are cases that ended otherwise."""
    histories = {item.submission: _events(stage, item) for item in (*cases, *others)}
    seen = {one: [e for e in all_ if e.occurred_at <= now] for one, all_ in histories.items()}
    types = [event.type for events in seen.values() for event in events]
    past = Past(
        work_s=[spent for events in seen.values() if (spent := _spent(events))],
        approved=types.count(_APPROVED),
        again=sum(kind in _AGAIN for kind in types),
        lost=types.count(_LOST),
    )
    pending = [_pending(item, seen[item.submission], must, now) for item in cases]
    reviewing = Reviewing(stage.pack.calendar, SHARES)
    told = forecast(Question(pending, past, reviewing, WAIT, WORK, now, SEED, needed=QUORUM))
    ends = {item.submission: _at(histories[item.submission], _APPROVED) for item in cases}
    done = max(sorted(ends.values())[QUORUM - 1], *(ends[one] for one in must))
    return [Said(at, told.by(at), done <= at, now, done) for at in map(moment, DATES)]


def _pending(item: Item, seen: list[Event], must: set[str], now: datetime) -> Pending:
    approved = any(event.type == _APPROVED for event in seen)
    age = 0.0 if approved else (now - seen[-1].occurred_at).total_seconds()
    stage = "approved" if approved else "queued"
    return Pending(item.submission, stage, age, must=item.submission in must)


def told(said: list[Said]) -> tuple[str, ...]:
    return tuple(f"approvals suffice by {clock(one.by, '%-d %B')}: {one.p:.0%}" for one in said)


def _events(stage: Stage, item: Item) -> tuple[Event, ...]:
    return stage.ledger.events(stage.store, item.submission)


def _at(events: tuple[Event, ...], kind: str) -> datetime:
    return next(event.occurred_at for event in events if event.type == kind)


def _spent(events: list[Event]) -> float:
    """Seconds from the claim to the decision; 0 while there is none."""
    begun = [event.occurred_at for event in events if event.type == "submission:review:claimed"]
    ended = [event.occurred_at for event in events if event.type in (_APPROVED, _LOST)]
    return (ended[0] - begun[0]).total_seconds() if begun and ended else 0.0
