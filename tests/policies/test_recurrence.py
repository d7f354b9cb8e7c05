"""Recurring days: the same as dateutil's for every rule we read, and nothing hostile is read."""

import contextlib
import time
from datetime import date, datetime

import pytest
from dateutil.rrule import rrulestr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from policies.errors import Incomplete
from policies.rules.recurrence import LONGEST, rule_of

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 5))}")
    if draw(st.booleans()):
        months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6, unique=True))
        parts.append("BYMONTH=" + ",".join(map(str, months)))
    by_month_day = draw(st.booleans())
    if by_month_day:
        days = draw(st.lists(st.integers(-31, 31).filter(bool), min_size=1, max_size=5))
        parts.append("BYMONTHDAY=" + ",".join(map(str, days)))
    if draw(st.booleans()):
        numbered = frequency in ("MONTHLY", "YEARLY") and not by_month_day
        # All with a number or none: of mixed ones dateutil wants both, where RFC 5545 means either.
        counts = st.just("")
        if numbered and draw(st.booleans()):
            counts = st.sampled_from(("1", "2", "-1", "+4"))
        some = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True))
        parts.append("BYDAY=" + ",".join(draw(counts) + day for day in some))
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    if draw(st.booleans()):
        parts.append(f"UNTIL={draw(st.dates(date(2024, 1, 1), date(2027, 1, 1))):%Y%m%d}T120000")
    return ";".join(parts)


# The calendar repeats every 400 years. So late in it, dateutil ends its search after a moment:
# for a rule that never comes true it runs to the year 9999.
LATE = 7600


# Nothing is shrunk: each look at dateutil can take half a second.
@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(rules(), st.dates(date(2023, 1, 1), date(2024, 12, 31)))
def test_our_days_are_those_of_dateutil(text: str, start: date) -> None:
    rule = rule_of(text, start)
    late = text if rule.until is None else text.replace("UNTIL=20", f"UNTIL={(2000 + LATE) // 100}")
    begins = datetime(start.year + LATE, start.month, start.day, 9)

    ours = [
        day
        for day in rule.between(start, date(2026, 12, 31))
        if rule.until is None or datetime(day.year, day.month, day.day, 9) <= rule.until
    ]
    theirs = rrulestr(late, dtstart=begins).between(begins, datetime(2027 + LATE, 1, 1), inc=True)

    assert ours == [one.date().replace(year=one.year - LATE) for one in theirs]


def test_a_numbered_weekday_beside_a_plain_one_means_either() -> None:
    rule = rule_of("FREQ=MONTHLY;BYDAY=1MO,SU", date(2024, 1, 1))

    found = [day.day for day in rule.between(date(2024, 1, 1), date(2024, 1, 31))]

    assert found == [1, 7, 14, 21, 28]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";;;",
        "FREQ",
        "FREQ=",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=1",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=DAILY;COUNT=100000000",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=99999999999999999999",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=YEARLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=" + ",".join(["MO"] * 200),
        "FREQ=WEEKLY;UNTIL=20240101T000000Z",
        "FREQ=WEEKLY;UNTIL=20241301",
        "FREQ=WEEKLY;UNTIL=soon",
        "FREQ=WEEKLY;BYEASTER=0",
        "FREQ=WEEKLY;BYSETPOS=1",
        "FREQ=WEEKLY;DTSTART=20240101T000000",
        "FREQ=WEEKLY\nRRULE:FREQ=DAILY",
        "freq=weekly",
        "FREQ=WEEKLY;BYDAY=١MO",
        "x" * (LONGEST + 1),
    ],
)
def test_what_is_malformed_or_could_explode_is_refused(text: str) -> None:
    with pytest.raises(Incomplete) as refused:
        rule_of(text, date(2024, 1, 1))

    assert refused.value.detail["field"] == "rrule"


@given(st.text(max_size=LONGEST))
def test_no_text_makes_it_stumble(text: str) -> None:
    with contextlib.suppress(Incomplete):
        rule_of("FREQ=YEARLY;" + text, date(2024, 1, 1))


def test_a_rule_that_never_comes_true_costs_no_more_than_another() -> None:
    never = rule_of("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", date(2024, 1, 1))

    begun = time.process_time()
    found = list(never.between(date(2024, 1, 1), date(2026, 1, 1)))

    assert found == []
    assert time.process_time() - begun < 1
