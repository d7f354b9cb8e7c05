"""I5: due dates count the opening hours of the store's own zone, and never run backwards."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonogo.packs import load_pack
from policies.pack import Calendar
from policies.rules.deadlines import (
    add_business,
    begin_business,
    business_between,
    ladder_at,
    review_due,
)

HOUR = 3600
LONDON = Calendar(
    zone="Europe/London",
    days=(0, 1, 2, 3, 4),
    open_from="09:00",
    open_until="17:00",
    holidays=("2026-12-25",),
)
CALENDARS = [
    LONDON,
    Calendar(zone="America/New_York", days=(0, 2, 4), open_from="08:30", open_until="12:15"),
    Calendar(zone="Asia/Kolkata", days=(6,), open_from="22:00", open_until="06:00"),
    Calendar(zone="America/Santiago", days=tuple(range(7)), open_from="00:00", open_until="00:00"),
    Calendar(zone="Australia/Lord_Howe", days=(1, 5), open_from="01:30", open_until="03:00"),
    Calendar(zone="UTC", days=tuple(range(7)), open_from="09:00", open_until="09:00"),
]
calendars = st.sampled_from(CALENDARS)
moments = st.datetimes(
    datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)
)  # fmt: skip
lengths = st.integers(min_value=0, max_value=60 * HOUR)


def local(zone: str, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type, misc]  # date parts only


@pytest.mark.parametrize(
    ("at", "hours", "due"),
    [
        ((2026, 11, 23, 10), 2, (2026, 11, 23, 12)),  # within a day
        ((2026, 11, 23, 16), 2, (2026, 11, 24, 10)),  # over night
        ((2026, 11, 27, 16), 2, (2026, 11, 30, 10)),  # over a weekend
        ((2026, 11, 28, 12), 0, (2026, 11, 30, 9)),  # nothing is due while closed
        ((2026, 11, 23, 9), 8, (2026, 11, 23, 17)),  # exactly until closing
        ((2026, 11, 23, 9), 16, (2026, 11, 24, 17)),
        ((2026, 12, 24, 16), 2, (2026, 12, 28, 10)),  # over a holiday and a weekend
        ((2026, 3, 27, 16), 2, (2026, 3, 30, 10)),  # the clocks go forward in between
        ((2026, 10, 23, 16), 2, (2026, 10, 26, 10)),  # and back
    ],
)
def test_i5_deadlines_in_london(at: tuple[int, ...], hours: int, due: tuple[int, ...]) -> None:
    zone = "Europe/London"

    assert add_business(LONDON, local(zone, *at), hours * HOUR) == local(zone, *due)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_i5_an_open_day_on_which_the_clocks_change_is_as_long_as_it_is(
    day: tuple[int, int, int], hours: int
) -> None:
    always = Calendar(
        zone="Europe/London", days=tuple(range(7)), open_from="00:00", open_until="00:00"
    )
    midnight = local("Europe/London", *day)

    due = add_business(always, midnight, hours * HOUR)

    assert due == datetime.combine(
        midnight.date() + timedelta(days=1), time(0), ZoneInfo("Europe/London")
    )


def test_i5_hours_that_pass_midnight_belong_to_the_day_they_began() -> None:
    nights = Calendar(zone="UTC", days=(0,), open_from="22:00", open_until="06:00")
    tuesday_at_one = datetime(2026, 11, 24, 1, tzinfo=UTC)

    assert add_business(nights, tuesday_at_one, HOUR) == tuesday_at_one + timedelta(hours=1)
    assert add_business(nights, tuesday_at_one, 6 * HOUR) == datetime(2026, 11, 30, 23, tzinfo=UTC)


@given(calendars, moments, lengths)
def test_i5_a_deadline_lies_ahead_in_opening_hours(
    calendar: Calendar, at: datetime, seconds: int
) -> None:
    due = add_business(calendar, at, seconds)

    assert due >= at + timedelta(seconds=seconds)
    assert due.tzinfo is UTC
    assert add_business(calendar, due, 0) >= due


@given(calendars, moments, lengths, lengths)
def test_i5_deadlines_add_up(calendar: Calendar, at: datetime, one: int, two: int) -> None:
    in_steps = add_business(calendar, add_business(calendar, at, one), two)

    # A step of nothing from a closing hour leads to the next opening; both are the same moment
    # of opening time.
    together = add_business(calendar, at, one + two)
    assert add_business(calendar, in_steps, 0) == add_business(calendar, together, 0)


@given(calendars, moments, lengths, lengths)
def test_i5_more_time_or_a_later_start_is_never_due_earlier(
    calendar: Calendar, at: datetime, one: int, more: int
) -> None:
    due = add_business(calendar, at, one)

    assert add_business(calendar, at, one + more) >= due
    assert add_business(calendar, at + timedelta(seconds=more), one) >= due


def test_a_calendar_that_never_opens_is_an_error_and_no_endless_search() -> None:
    closed = Calendar.model_construct(
        zone="UTC", days=(), open_from="09:00", open_until="17:00", holidays=()
    )

    with pytest.raises(ValueError, match="no 1 s of opening hours"):
        add_business(closed, datetime(2026, 1, 1, tzinfo=UTC), 1)


def test_a_deadline_in_the_past_is_an_error() -> None:
    with pytest.raises(ValueError, match="lies ahead"):
        add_business(LONDON, datetime(2026, 1, 1, tzinfo=UTC), -1)


@given(moments, st.integers(1, 10**7), st.floats(0.01, 3), st.floats(0.01, 3))
def test_the_steps_of_a_ladder_are_in_order(
    since: datetime, seconds: int, one: float, two: float
) -> None:
    due = since + timedelta(seconds=seconds)

    low, high = (ladder_at(since, due, share) for share in sorted((one, two)))

    assert since <= low <= high
    assert ladder_at(since, due, 1.0) == due


def test_i5_a_review_is_due_by_its_tier_and_an_unknown_tier_has_no_date() -> None:
    pack, at = load_pack("default"), datetime(2026, 11, 23, 10, tzinfo=UTC)

    for tier, review in pack.review.tiers.items():
        assert review_due(pack, tier, at) == add_business(pack.calendar, at, review.due_business_s)
    with pytest.raises(KeyError):
        review_due(pack, "none", at)


@given(calendar=calendars, at=moments, spent=st.integers(1, 60 * HOUR))
def test_i5_hours_between_are_those_that_a_deadline_counts(
    calendar: Calendar, at: datetime, spent: int
) -> None:
    due = add_business(calendar, at, spent)

    assert business_between(calendar, at, due) == spent
    assert business_between(calendar, due, at) == 0


@given(calendar=calendars, due=moments, spent=st.integers(1, 60 * HOUR))
def test_i5_work_that_begins_when_it_must_is_done_just_in_time(
    calendar: Calendar, due: datetime, spent: int
) -> None:
    begin = begin_business(calendar, due, spent)

    assert add_business(calendar, begin, spent) <= due
    assert business_between(calendar, begin, due) == spent
    second = timedelta(seconds=1)
    assert add_business(calendar, begin + second, spent) > due  # not a moment later


def test_i5_work_that_takes_less_than_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="takes time"):
        begin_business(LONDON, datetime(2026, 1, 1, tzinfo=UTC), -1)
