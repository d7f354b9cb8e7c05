"""A forecast says what calendar and past imply, repeats itself, and knows how little it knows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.pack import Calendar
from policies.rules.deadlines import add_business, business_between
from policies.stats.durations import Prior
from policies.stats.forecast import (
    CELLS_MOST,
    Forecast,
    Past,
    Pending,
    Question,
    Reviewing,
    affordable_runs,
    forecast,
    levers,
)
from policies.stats.hours import BusinessClock
from tests.policies.test_deadlines import LONDON, calendars, moments

HOUR = 3600.0
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)  # a Monday, one hour after opening in London
SURE = Prior(median_s=HOUR, spread=1e-9, weight=1e9)  # an hour, exactly
NEVER_BACK = Past(approved=10**9)
ASKED = Question(
    pending=(Pending("a", "queued"),),
    past=NEVER_BACK,
    reviewing=Reviewing(LONDON, {"rosa": 1.0}),
    wait_prior=SURE,
    work_prior=SURE,
    now=NOW,
    seed=1,
    runs=200,
)


def cases(number: int, stage: str = "queued") -> tuple[Pending, ...]:
    return tuple(Pending(f"c{at}", stage) for at in range(number))


def median_h(asked: Question) -> float:
    found = forecast(asked).date(0.5)
    assert found is not None
    return (found - NOW).total_seconds() / HOUR


@given(calendar=calendars, at=moments, seconds=st.integers(0, 40 * 3600))
def test_a_business_clock_tells_what_deadlines_tell(
    calendar: Calendar, at: datetime, seconds: int
) -> None:
    clock = BusinessClock(calendar, at, 120)
    due = add_business(calendar, at, seconds) if seconds else at

    found = clock.calendar(np.asarray([float(seconds)]))[0]

    if seconds > clock.total_s:
        assert np.isinf(found)
    else:
        assert found == pytest.approx((due - at).total_seconds(), abs=1e-3)
        passed = clock.business(np.asarray([found]))[0]
        assert passed == pytest.approx(business_between(calendar, at, due), abs=1e-3)


@pytest.mark.parametrize(
    ("asked", "hours"),
    [
        (ASKED, 1),  # one case, one hour of work
        (replace(ASKED, pending=cases(3)), 3),  # one after the other
        (replace(ASKED, pending=cases(8)), 24),  # the eighth is done on the next morning
        (replace(ASKED, pending=cases(3, "waiting")), 4),  # an hour of waiting first
        (replace(ASKED, pending=cases(2, "approved")), 0),
        (replace(ASKED, reviewing=Reviewing(LONDON, {"rosa": 0.5})), 2),
        (replace(ASKED, reviewing=Reviewing(LONDON, {"rosa": 1.0}, queued_s=2 * HOUR)), 3),
        (replace(ASKED, pending=cases(4), reviewing=Reviewing(LONDON, {"a": 1.0, "b": 1.0})), 2),
        (replace(ASKED, pending=cases(4), reviewing=Reviewing(LONDON, {"a": 1.0, "b": 0.0})), 4),
    ],
)
def test_where_nothing_is_uncertain_the_calendar_decides(asked: Question, hours: float) -> None:
    assert median_h(asked) == pytest.approx(hours, abs=0.01)


def test_a_quorum_is_there_before_everybody_is() -> None:
    pending = (*(replace(one, must=False) for one in cases(3)), Pending("must", "queued"))

    assert median_h(replace(ASKED, pending=pending, needed=2)) == pytest.approx(4, abs=0.01)
    loose = tuple(replace(one, must=False) for one in pending)
    assert median_h(replace(ASKED, pending=loose, needed=2)) == pytest.approx(2, abs=0.01)


def test_what_has_waited_longest_is_reviewed_first() -> None:
    pending = (Pending("young", "queued", must=False), Pending("old", "queued", age_s=99.0))

    assert median_h(replace(ASKED, pending=pending, needed=1)) == pytest.approx(1, abs=0.01)


def test_what_is_in_review_is_done_before_what_waits() -> None:
    """An hour of work, half of it spent: half an hour is left, whoever has waited."""
    pending = (Pending("old", "queued", 9e9, must=False), Pending("now", "in_review", HOUR / 2))

    assert median_h(replace(ASKED, pending=pending, needed=1)) == pytest.approx(0.5, abs=0.01)


def test_the_same_question_has_the_same_answer_and_another_seed_nearly_the_same() -> None:
    asked = replace(ASKED, pending=cases(5), work_prior=Prior(2 * HOUR), past=Past(), runs=2000)
    at = NOW + timedelta(days=4)

    first, again, other = (forecast(one) for one in (asked, asked, replace(asked, seed=2)))

    assert np.array_equal(first.ready_s, again.ready_s)
    assert not np.array_equal(first.ready_s, other.ready_s)
    assert first.by(at) == pytest.approx(other.by(at), abs=0.05)


def test_a_probability_is_the_share_of_past_waits_that_were_as_short() -> None:
    waits = [HOUR * hour for hour in (1, 2, 3, 4)] * 100
    asked = replace(
        ASKED,
        pending=(Pending("a", "waiting"),),
        past=replace(NEVER_BACK, waits_s=waits, work_s=[1.0] * 400),
        wait_prior=Prior(HOUR, weight=0.01),
        work_prior=Prior(HOUR, weight=0.01),
        runs=4000,
    )

    found = forecast(asked)

    assert found.by(NOW + timedelta(hours=2.5)) == pytest.approx(0.5, abs=0.03)
    assert found.by(NOW + timedelta(hours=3.5)) == pytest.approx(0.75, abs=0.03)


def test_cases_that_are_lost_make_it_uncertain_for_good() -> None:
    found = forecast(replace(ASKED, past=Past(approved=300, lost=100), runs=4000))

    assert found.by(NOW + timedelta(days=700)) == pytest.approx(0.75, abs=0.03)
    assert found.date(0.99) is None


def test_cases_that_come_back_take_longer() -> None:
    smooth = median_h(replace(ASKED, pending=cases(4)))

    assert median_h(replace(ASKED, pending=cases(4), past=Past(approved=10, again=30))) > smooth


def test_few_past_cases_make_a_wide_forecast() -> None:
    def width(past: Past) -> float:
        asked = replace(ASKED, past=past, work_prior=Prior(4 * HOUR, spread=1.0), runs=2000)
        early, late = forecast(asked).date(0.1), forecast(asked).date(0.9)
        assert early is not None
        assert late is not None
        return (late - early).total_seconds()

    many = Past(work_s=[4 * HOUR] * 500, approved=10**9)
    assert width(NEVER_BACK) > 5 * width(many)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1e6), st.floats(0, 1e6))
def test_later_is_never_less_probable_and_nothing_is_certain(
    ready: list[float], one: float, other: float
) -> None:
    found = Forecast(NOW, np.sort(np.asarray(ready)))
    sooner, later = (NOW + timedelta(seconds=at) for at in sorted((one, other)))

    assert 0 < found.by(sooner) <= found.by(later) < 1


def test_nobody_reviews_nothing_is_ready() -> None:
    found = forecast(replace(ASKED, reviewing=Reviewing(LONDON, {})))

    assert found.date(0.01) is None
    assert found.by(NOW + timedelta(days=900)) < 0.01


def test_the_hours_that_help_are_told_apart_from_those_that_do_not() -> None:
    """Everything is decided by Tuesday evening: longer Fridays change nothing."""
    asked = replace(
        ASKED,
        pending=cases(12),
        work_prior=Prior(HOUR, spread=0.3, weight=50),
        reviewing=Reviewing(LONDON, {"rosa": 0.8, "idle": 0.0}),
        runs=1000,
    )

    found = levers(asked, NOW + timedelta(days=1, hours=6))

    by = {lever.what: lever for lever in found}
    assert found == levers(asked, NOW + timedelta(days=1, hours=6))
    assert by["weekday:4"].gain == 0
    assert by["weekday:4"].earlier_s == 0
    assert by["weekday:0"].gain > 0
    assert by["reviewer:idle"].earlier_s is not None
    assert by["reviewer:rosa"].gain > 0
    assert found[0].gain == max(lever.gain for lever in found)


@pytest.mark.parametrize(
    "changed",
    [
        {"pending": ()},
        {"pending": (Pending("a", "nowhere"),)},
        {"needed": 2},
        {"needed": 0},
        {"runs": 0},
        {"horizon_days": 4000},
        {"reviewing": Reviewing(LONDON, {"a": 1.5})},
        {"pending": cases(10_001), "runs": 1},
        {"pending": cases(10_000), "runs": 201},
    ],
)
def test_what_cannot_be_answered_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        forecast(replace(ASKED, **changed))  # type: ignore[arg-type]  # one field each


def test_a_store_full_of_cases_is_forecast_in_some_seconds() -> None:
    runs = affordable_runs(10_000)

    found = forecast(replace(ASKED, pending=cases(10_000), runs=runs, horizon_days=3650))

    assert runs * 10_000 == CELLS_MOST
    assert found.date(0.5) is not None
