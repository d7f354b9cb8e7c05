"""Targets with precision: what people type becomes an interval, and intervals can be compared."""

import contextlib
import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import Incomplete
from policies.rules.target import (
    Target,
    Wish,
    again,
    compare,
    countdown,
    deadline,
    first_day,
    is_overdue,
    last_day,
    of_json,
    resolve,
    within,
)
from policies.rules.target_days import SEASONS, days_of
from policies.rules.target_text import FORMS, LONGEST, parse
from tests.policies.targets import placed, target

ZONES = (
    "America/Los_Angeles",
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Havana",
    "Pacific/Apia",
    "UTC",
)
DAYS = st.dates(date(2001, 1, 1), date(2098, 12, 31))


@st.composite
def texts(draw: st.DrawFn) -> str:
    day = draw(DAYS)
    kind = draw(st.sampled_from(("instant", "day", "window", "week", "month", "quarter", "season")))
    match kind:
        case "instant":
            return f"{day}T{draw(st.times()).strftime('%H:%M')}"
        case "day":
            return f"{day}"
        case "window":
            return f"{day}/{day + timedelta(days=draw(st.integers(0, 365)))}"
        case "week":
            return f"week of {day}"
        case "month":
            return f"{day:%Y-%m}"
        case "quarter":
            return f"{day.year}-Q{draw(st.integers(1, 4))}"
        case _:
            name = draw(st.sampled_from(sorted(SEASONS)))
            south = "southern " if name.endswith("-south") else ""
            return f"{south}{name.removesuffix('-south')} {day.year}"


def everything() -> st.SearchStrategy[str]:
    return st.one_of(texts(), DAYS.map(lambda day: f"tbd by {day}"))


def placeable(text: str, zone: str) -> Target | None:
    """Samoa never had a 30 December 2011; everywhere else every day exists."""
    try:
        return target(text, zone)
    except Incomplete:
        return None


@pytest.mark.parametrize(
    ("text", "precision", "start", "end"),
    [
        ("2024-01-10T10:00 America/Los_Angeles", "instant", "2024-01-10T18:00", "2024-01-10T18:00"),
        ("2024-01-10 10:00:30", "instant", "2024-01-10T18:00:30", "2024-01-10T18:00:30"),
        ("2024-01-10T18:00Z", "instant", "2024-01-10T18:00", "2024-01-10T18:00"),
        ("2024-01-10T10:00+05:45", "instant", "2024-01-10T04:15", "2024-01-10T04:15"),
        ("2024-01-10", "day", "2024-01-10T08:00", "2024-01-11T08:00"),
        ("2024-03-10", "day", "2024-03-10T08:00", "2024-03-11T07:00"),  # 23 hours
        ("2024-11-03", "day", "2024-11-03T07:00", "2024-11-04T08:00"),  # 25 hours
        ("2024-01-08/2024-01-12", "window", "2024-01-08T08:00", "2024-01-13T08:00"),
        ("week of 2024-01-10", "window", "2024-01-08T08:00", "2024-01-15T08:00"),
        ("2024-W02", "window", "2024-01-08T08:00", "2024-01-15T08:00"),
        ("2023-11", "month", "2023-11-01T07:00", "2023-12-01T08:00"),
        ("2024-Q1", "quarter", "2024-01-01T08:00", "2024-04-01T07:00"),
        ("early 2024", "season", "2024-01-01T08:00", "2024-04-01T07:00"),
        ("mid 2024", "season", "2024-05-01T07:00", "2024-09-01T07:00"),
        ("late 2024", "season", "2024-10-01T07:00", "2025-01-01T08:00"),
        ("winter 2024", "season", "2024-12-01T08:00", "2025-03-01T08:00"),
        ("southern summer 2024", "season", "2024-12-01T08:00", "2025-03-01T08:00"),
        ("fall 2024", "season", "2024-09-01T07:00", "2024-12-01T08:00"),
        ("2024-02-29", "day", "2024-02-29T08:00", "2024-03-01T08:00"),
        ("2024-01-10T00:00 UTC", "instant", "2024-01-10T00:00", "2024-01-10T00:00"),
        ("2024-01-10 Asia/Kathmandu", "day", "2024-01-09T18:15", "2024-01-10T18:15"),
        ("2026-10-04 Australia/Lord_Howe", "day", "2026-10-03T13:30", "2026-10-04T13:00"),
        # Midnight is skipped there: the day begins at one.
        ("2024-03-10 America/Havana", "day", "2024-03-10T05:00", "2024-03-11T04:00"),
    ],
)
def test_what_people_type_becomes_an_interval(
    text: str, precision: str, start: str, end: str
) -> None:
    found = target(text)

    assert found.precision == precision
    assert found.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert found.end == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_to_be_decided_has_no_time_but_a_day_that_nags() -> None:
    found = target("tbd by 2024-03-15")

    assert (found.start, found.end) == (None, None)
    assert found.replan_by == datetime(2024, 3, 16, 7, tzinfo=UTC)
    assert not is_overdue(found, datetime(2024, 3, 16, 6, 59, tzinfo=UTC))
    assert is_overdue(found, datetime(2024, 3, 16, 7, tzinfo=UTC))
    assert countdown(found, datetime(2024, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "tbd",
        "tbd by soon",
        "2024",
        "2024-13",
        "2024-1",
        "2024-02-30",
        "2023-02-29",
        "2024-Q5",
        "early",
        "early 99999",
        "southern early 2024",
        "1999-12-31",
        "2300-01",
        "2024-01-12/2024-01-08",
        "2024-01-01/2026-01-01",
        "2024-01-10T25:00",
        "2024-01-10T10:00+99:00",
        "2024-W60",
        "2024-01-10T10:00 America/Los_Angeles Europe/Paris",
        "٢٠٢٤-01-10",
        "2024-01-10\u202e",
        "<script>alert(1)</script>",
        "a" * 101,
        "2024-01-10" + " " * 5000,
        "9999-12-31",
        "0000-00-00",
    ],
)
def test_what_nobody_can_read_is_answered_with_the_forms_that_can_be(text: str) -> None:
    with pytest.raises(Incomplete) as refused:
        parse(text)

    assert refused.value.detail["forms"] == list(FORMS)
    assert len(refused.value.because) < 2 * LONGEST


@given(st.text(max_size=200))
def test_no_text_makes_the_parser_stumble(text: str) -> None:
    with contextlib.suppress(Incomplete):
        days_of(parse(text).label)


def test_every_form_that_is_offered_can_be_read() -> None:
    for form in FORMS:
        assert of_json(target(form).as_json()) == target(form)


def test_a_skipped_and_a_repeated_time_are_told_and_can_be_refused() -> None:
    gap, fold = placed("2024-03-10T02:30"), placed("2024-11-03T01:30")

    assert gap.notice is not None
    assert gap.notice["means"] == "2024-03-10T03:30:00-07:00"
    assert fold.notice is not None
    assert fold.notice["means"] == "2024-11-03T01:30:00-07:00"
    assert placed("2024-11-03T01:30-08:00").notice is None  # the offset said which
    for text in ("2024-03-10T02:30", "2024-11-03T01:30"):
        with pytest.raises(Incomplete):
            placed(text, strict=True)


def test_a_day_that_a_zone_never_had_is_refused() -> None:
    with pytest.raises(Incomplete, match="never had"):
        target("2011-12-30", "Pacific/Apia")


@given(DAYS, st.times(), st.sampled_from(ZONES))
def test_an_instant_inside_a_month_is_within_it(day: date, time: datetime, zone: str) -> None:
    at = target(f"{day}T{time:%H:%M}", zone)

    for wide in (f"{day:%Y-%m}", f"{day.year}-Q{(day.month + 2) // 3}", f"week of {day}"):
        assert within(at, target(wide, zone))
    other = date(day.year + 1, day.month, 1)
    assert not within(at, target(f"{other:%Y-%m}", zone))


@given(everything(), everything(), everything(), st.sampled_from(ZONES))
def test_narrowing_is_transitive(a: str, b: str, c: str, zone: str) -> None:
    one, two, three = placeable(a, zone), placeable(b, zone), placeable(c, zone)
    if one and two and three and within(one, two) and within(two, three):
        assert within(one, three)


@given(everything(), everything(), st.sampled_from(ZONES))
def test_a_change_is_one_thing_and_narrowing_never_moves_the_deadline(
    a: str, b: str, zone: str
) -> None:
    new, old = placeable(a, zone), placeable(b, zone)
    if new is None or old is None:
        return

    change = compare(new, old)

    assert compare(old, old) == "same"
    if change == "narrowed" and new.end and old.end:
        assert within(new, old)
        assert deadline(new) <= deadline(old)
    if change == "postponed":
        assert new.end is None or old.end is None or new.end >= old.end
    if new.end and old.end and new.end > old.end:
        assert change == "postponed"


@given(everything(), st.sampled_from(ZONES))
def test_a_target_survives_its_json_and_the_same_zone_data(text: str, zone: str) -> None:
    found = placeable(text, zone)
    if found is None:
        return

    read_back = of_json(json.loads(json.dumps(found.as_json())))

    assert read_back == found
    assert again(found, ZoneInfo(zone), "x") == found
    assert first_day(found) <= last_day(found)
    if found.start and found.end and not found.is_instant:
        # Both ends are the first moment of their day, whatever the clocks did there.
        for end in (found.start, found.end):
            here = end.astimezone(ZoneInfo(zone))
            before = (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
            assert before.date() < here.date()


def test_an_instant_on_the_second_side_of_a_repeated_hour_stays_there() -> None:
    second = target("2024-11-03T01:30-08:00")

    assert second.start == datetime(2024, 11, 3, 9, 30, tzinfo=UTC)
    assert again(second, ZoneInfo("America/Los_Angeles"), "y") == second


def test_new_zone_data_moves_the_instant_and_keeps_the_civil_time() -> None:
    found = target("2024-07-01T09:00", "Europe/Paris")
    london = ZoneInfo("Europe/London")  # stands for a Paris that changed its offset

    moved = again(found, london, "y")

    assert moved.start == datetime(2024, 7, 1, 8, tzinfo=UTC)
    assert moved.local is not None
    assert (moved.local.local, moved.local.tzdata) == ("2024-07-01T09:00:00", "y")
    assert moved.tz == "Europe/Paris"


@pytest.mark.parametrize(
    ("new", "old", "change"),
    [
        ("2023-12", "2023-12", "same"),
        ("2023-11-20/2023-11-24", "2023-11", "narrowed"),
        ("2023-12", "2023-11", "postponed"),
        ("early 2024", "2023-12", "postponed"),
        ("2024-01-08/2024-01-12", "early 2024", "narrowed"),
        ("2024-01-10T10:00", "2024-01-08/2024-01-12", "narrowed"),
        ("2024-01-13T00:00", "2024-01-08/2024-01-12", "postponed"),
        ("2024-01-10T11:00", "2024-01-10T10:00", "postponed"),
        ("2024-01-10T09:00", "2024-01-10T10:00", "brought_forward"),
        ("2024-Q1", "2024-01", "postponed"),
        ("2023-12", "2024-01", "brought_forward"),
        ("tbd by 2024-03-15", "2023-11", "postponed"),
        ("2024-05", "tbd by 2024-03-15", "narrowed"),
        ("tbd by 2024-04-15", "tbd by 2024-03-15", "postponed"),
        ("tbd by 2024-02-15", "tbd by 2024-03-15", "narrowed"),
    ],
)
def test_what_a_change_of_date_is_called(new: str, old: str, change: str) -> None:
    assert compare(target(new), target(old)) == change


def test_nobody_counts_down_to_a_month() -> None:
    now = datetime(2024, 1, 10, 17, tzinfo=UTC)

    assert countdown(target("2024-01"), now) is None
    assert countdown(target("2024-01-10T10:00"), now) == timedelta(hours=1)
    assert countdown(target("2024-01-10T08:00"), now) == timedelta()


@pytest.mark.parametrize(
    "change",
    [
        {"precision": "year"},
        {"precision": "day"},
        {"label": "month:2024-99"},
        {"label": "month:2024-01" + "0" * 200},
        {"label": 7},
        {"start": None},
        {"start": "2024-01-01"},
        {"end": "2023-01-01T00:00:00Z"},
        {"replan_by": "2024-01-01T00:00:00Z"},
        {"tz": None},
        {"local": {"hour": 3}},
    ],
)
def test_json_that_is_no_target_is_refused(change: dict[str, object]) -> None:
    good = target("2024-01").as_json()
    assert of_json(good)

    with pytest.raises(Incomplete):
        of_json({**good, **change})


def test_an_instant_needs_its_time() -> None:
    with pytest.raises(Incomplete):
        resolve(Wish("instant", "instant:2024-01-01"), ZoneInfo("UTC"), name="UTC", tzdata="x")
