"""A feed that every calendar reads: whole days stay days, instants are UTC, names stay names."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from gonogo.calendars import ENTRIES_MOST, feed
from policies.rules.launch_calendar import Entry, Freeze, freeze_entries, launch_entries
from policies.rules.target import resolve
from policies.rules.target_text import parse
from tests.policies.test_launch_calendar import drafted

NOW = datetime(2023, 11, 30, 18, tzinfo=UTC)
OPENS = datetime(2024, 1, 10, 18, tzinfo=UTC)
PLAIN = Entry(
    "lch_1-opening", "event", "The GPT Store opens", OPENS, revision=7, path="/launches/1"
)


def written(*entries: Entry) -> bytes:
    return feed(entries, name="Store", base="https://store.example/", host="store.example", now=NOW)


def read(*entries: Entry) -> list[Any]:
    return list(Calendar.from_ical(written(*entries)).walk())[1:]


def test_an_instant_is_written_in_utc_and_read_back() -> None:
    there = OPENS.astimezone(ZoneInfo("America/Los_Angeles"))

    (one,) = read(replace(PLAIN, start=there))

    assert one.name == "VEVENT"
    assert one.decoded("dtstart") == OPENS
    assert b"DTSTART:20240110T180000Z\r\n" in written(replace(PLAIN, start=there))
    assert str(one["uid"]) == "lch_1-opening@store.example"
    assert (one["sequence"], str(one["status"])) == (7, "CONFIRMED")
    assert str(one["url"]) == "https://store.example/launches/1"


def test_days_are_days_and_end_after_the_last() -> None:
    (one,) = read(replace(PLAIN, start=date(2023, 12, 1), end=date(2024, 1, 1)))

    assert one.decoded("dtstart") == date(2023, 12, 1)
    assert one.decoded("dtend") == date(2024, 1, 1)
    assert b"DTSTART;VALUE=DATE:20231201" in written(
        replace(PLAIN, start=date(2023, 12, 1), end=date(2024, 1, 1))
    )


def test_what_is_owed_is_a_task_with_a_due_day() -> None:
    (one,) = read(replace(PLAIN, what="todo", start=date(2024, 3, 15)))

    assert (one.name, one.decoded("due")) == ("VTODO", date(2024, 3, 15))
    assert str(one["status"]) == "NEEDS-ACTION"


def test_a_time_that_would_float_is_refused() -> None:
    with pytest.raises(ValueError, match="without zone"):
        written(replace(PLAIN, start=OPENS.replace(tzinfo=None)))


HOSTILE = st.text(max_size=300) | st.sampled_from(
    [
        "Store\r\nEND:VEVENT\r\nBEGIN:VALARM\r\nACTION:EMAIL",
        "a\nATTENDEE:mailto:x@example.org",
        "semi;colon,comma\\n backslash\\",
        "\u2028BEGIN:VEVENT\u0085x",
        "émoji 🚀" * 60,
        'DQUOTE":VALUE=URI:x',
    ]
)


@given(title=HOSTILE, key=HOSTILE, name=HOSTILE)
def test_a_hostile_name_adds_no_line_and_no_component(title: str, key: str, name: str) -> None:
    entry = replace(PLAIN, title=title, key=key)

    made = feed([entry], name=name, base="https://s.example", host="s.example", now=NOW)

    lines = made.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)  # RFC 5545, section 3.1: octets, by folding
    assert b"\n" not in b"".join(lines)
    unfolded = made.replace(b"\r\n ", b"").split(b"\r\n")
    heads = [line.partition(b":")[0].partition(b";")[0] for line in unfolded if line]
    assert heads.count(b"BEGIN") == heads.count(b"END") == 2
    assert not {b"ATTENDEE", b"ACTION"} & set(heads)
    (one,) = list(Calendar.from_ical(made).walk())[1:]
    shown = " ".join(str(one["summary"]).split())
    assert shown == str(one["summary"])


def test_a_feed_is_bounded() -> None:
    many = [replace(PLAIN, key=f"k{number}") for number in range(ENTRIES_MOST + 5)]

    assert len(read(*many)) == ENTRIES_MOST


def test_a_whole_launch_is_read_back_and_every_key_is_used_once() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    target = resolve(parse("2024-01-10T10:00"), zone, name=zone.key, tzdata="test").target
    entries = (
        *launch_entries(drafted(target)),
        *freeze_entries([Freeze("holidays", NOW, NOW + timedelta(days=30))]),
    )

    found = read(*entries)

    assert len({str(one["uid"]) for one in found}) == len(found) == len(entries)
    assert {one.decoded("dtstart").utcoffset() for one in found} == {timedelta()}
