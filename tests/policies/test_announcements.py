"""What everybody knows of a launch: by the memos they were sent, in whatever order these came."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from policies.rules.announcements import (
    Announcement,
    Standing,
    Telling,
    day_of,
    holds,
    standing,
    told_target,
    words,
)
from policies.rules.launch_calendar import announced_entries
from policies.rules.memo_facts import KINDS
from policies.rules.target import Target, resolve
from policies.rules.target_text import parse

ZONE = ZoneInfo("America/Los_Angeles")
AT = datetime(2023, 11, 6, 18, tzinfo=UTC)
MAY, JUNE = (
    resolve(parse(text), ZONE, name=ZONE.key, tzdata="test").target
    for text in ("2031-05", "2031-06-10T10:00")
)


def told(
    kind: str, about: int, *, after: int = 0, dated: int | None = None, target: Target | None = None
) -> Telling:
    """A memo that was sent `after` so many hours."""
    return Telling(
        f"mem_{kind}_{about}", kind, about, AT + timedelta(hours=after), dated=dated, target=target
    )


def announced(
    *, status: Standing = "announced", target: Target | None = MAY, name: str | None = "The Store",
    open_since: datetime | None = None,
) -> Announcement:  # fmt: skip
    return Announcement("lch_1", name, status, target, open_since, (told("planned", 2),))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_open", [True, False])
def test_only_what_is_served_is_open_and_a_cancellation_is_never_hidden_by_it(
    kind: str, is_open: bool
) -> None:
    stands = standing([told("planned", 2), told(kind, 9)], is_open)

    assert (stands == "open") == (is_open and kind != "cancelled")
    if not is_open:
        assert stands == {
            "postponed": "postponed",
            "held": "on_hold",
            "cancelled": "cancelled",
            "suspended": "suspended",
        }.get(kind, "announced")


def test_the_order_of_the_record_decides_not_the_order_of_sending() -> None:
    tellings = [
        told("planned", 2, after=9, dated=2, target=MAY),
        told("postponed", 8, after=1, dated=8, target=JUNE),
        told("held", 11, after=3),
        told("corrected", 2, after=12),
    ]

    for some in permutations(tellings):
        assert told_target(some) == JUNE
        assert standing(some, False) == "on_hold"


def test_without_a_date_in_any_memo_there_is_none() -> None:
    assert told_target([]) is None
    assert told_target([told("held", 4), told("opened", 9)]) is None
    assert standing([], False) == "announced"


def test_of_two_memos_about_one_date_the_later_sent_counts() -> None:
    tellings = [
        told("corrected", 2, after=5, dated=6, target=JUNE),
        told("postponed", 6, after=2, dated=6, target=MAY),
    ]

    assert told_target(tellings) == JUNE


def test_a_text_that_was_wrapped_anew_still_holds_what_it_said() -> None:
    assert holds("It opens\n  in May\n2031.", "in May 2031")
    assert not holds("It opens soon.", "in May 2031")


def test_words_are_those_of_the_reader_s_day_in_both_languages() -> None:
    assert words(MAY, date(2031, 5, 3)) == {"en": "later this month", "fr": "courant mai"}
    assert day_of(MAY, datetime(2031, 5, 1, 3, tzinfo=UTC)) == date(2031, 4, 30)


def test_a_name_that_nobody_was_told_is_replaced_by_a_heading_or_by_nothing() -> None:
    headed = Announcement(
        "lch_1", None, "announced", None, None,
        (told("held", 9), Telling("mem_1", "planned", 2, AT, title="Something opens")),
    )  # fmt: skip

    assert headed.title == "Something opens"
    assert announced(name=None).title == "(erased)"


@pytest.mark.parametrize(
    ("one", "start", "how"),
    [
        (announced(), date(2031, 5, 1), "tentative"),
        (announced(target=JUNE, status="postponed"), JUNE.start, "tentative"),
        (announced(status="cancelled"), date(2031, 5, 1), "cancelled"),
        (
            announced(status="open", open_since=AT + timedelta(days=1)),
            date(2031, 5, 1),
            "confirmed",
        ),
    ],
)
def test_a_calendar_outside_has_what_was_told(
    one: Announcement, start: date | datetime, how: str
) -> None:
    (entry,) = announced_entries(one)

    assert (entry.start, entry.standing) == (start, how)
    assert (entry.key, entry.title) == ("lch_1-opening", "The Store opens")
    assert entry.path == "/memos/mem_planned_2"
    assert entry.changed_at == max(AT, one.open_since or AT)
    assert entry.revision == int(entry.changed_at.timestamp()) // 60


def test_a_date_that_is_to_be_decided_is_in_no_calendar() -> None:
    tbd = resolve(parse("tbd by 2031-03-15"), ZONE, name=ZONE.key, tzdata="test").target

    assert announced_entries(announced(target=tbd)) == ()
    assert announced_entries(announced(target=None)) == ()
