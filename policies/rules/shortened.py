"""Steps of a launch that were made shorter than its rules meant: what was looked at late or not at
all, what went past a freeze, a date that came closer. For looking; it decides nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.lifecycle.kernel import Event
from policies.lifecycle.launch_fold import evolve
from policies.lifecycle.launch_state import Launch

LATE = timedelta(minutes=1)  # a clock that wakes so late is not late


@dataclass(frozen=True)
class Shortened:
    """`code`: check_late, check_skipped, brought_forward, past_a_freeze, tests_incomplete,
    expedited, suite_waived. `of`: what it was done to; `by`: who did it, where somebody did."""

    code: str
    of: str
    at: datetime | None = None
    by: str | None = None


def shortened(events: Sequence[Event]) -> list[Shortened]:
    """What the launch's own events, all of them in order, tell.

    Getting past a freeze counts for one date: once, from the moment somebody did it, unless that
    date is given up before anything opened in spite of the freeze.
    """
    return sorted(_found(events), key=_when)


def _when(one: Shortened) -> datetime:
    assert one.at is not None  # it was found in an event
    return one.at


def _found(events: Iterable[Event]) -> Iterable[Shortened]:
    state: Launch | None = None
    passed: list[Shortened] = []  # freezes, for the opening ahead
    for event in events:
        before, state = state, evolve(state, event)
        if event.type == "launch:countdown:checked" and before is not None:
            yield from _checks(before, event)
        elif event.type == "launch:brought_forward":
            yield Shortened("brought_forward", "date", event.occurred_at, event.actor_id)
        elif event.type == "launch:freeze:overridden":
            passed.append(_past_a_freeze(event))
        elif event.body.get("override"):  # what was suspended came back in one
            yield _past_a_freeze(event)
        if passed and not state.overridden:
            if event.type == "launch:wave:opened":
                yield from passed
            passed = []
    if state is not None and state.is_open:
        yield from passed


def _past_a_freeze(event: Event) -> Shortened:
    return Shortened("past_a_freeze", event.subject, event.occurred_at, event.actor_id)


def _checks(before: Launch, event: Event) -> Iterable[Shortened]:
    """One look stands for all that were due: the others were skipped."""
    done = int(event.body["at_before_s"])
    for passed in before.terms.checks_s:
        if passed > done and passed not in before.checked:
            yield Shortened("check_skipped", str(passed), event.occurred_at)
    opening = before.opens_at
    if opening is not None and event.occurred_at > opening - timedelta(seconds=done) + LATE:
        yield Shortened("check_late", str(done), event.occurred_at)
