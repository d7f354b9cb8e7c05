"""A postponement is seen whole before it is made, loses nothing in vain, keeps nothing unsafe."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import Incomplete
from policies.rules.launch_around import Embargo, Hours, SignOff, Span
from policies.rules.launch_plan import Item, plan_of
from policies.rules.postponing import Preview
from policies.rules.postponing_request import Choice, Embargoed, Exposed, Mode
from policies.rules.postponing_times import civil_delta, civil_shift
from tests.policies.postponements import (
    AROUND,
    DAY,
    EARLY_2024,
    FRESH,
    NEW,
    NOW,
    OLD,
    TBD,
    ZONE,
    at,
    knowing,
    postponed,
)


def codes(seen: Preview) -> list[tuple[str, str]]:
    return [(one.code, one.id) for one in seen.conflicts]


def test_items_move_with_the_launch_and_keep_the_time_of_day() -> None:
    seen = postponed()

    moved = {one.item: (one.was, one.becomes) for one in seen.moved}
    assert moved["a"] == (OLD, NEW)
    assert moved["c"] == (OLD + DAY, NEW + DAY)
    assert seen.conflicts == ()
    assert seen.needs_role is None


zones = st.sampled_from(
    ["America/Los_Angeles", "Europe/Paris", "Australia/Lord_Howe", "America/St_Johns", "UTC"]
).map(ZoneInfo)
instants = st.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@given(zone=zones, start=instants, end=instants, offset=st.integers(0, 100 * 3600))
def test_a_civil_delta_keeps_what_clocks_show(
    zone: ZoneInfo, start: datetime, end: datetime, offset: int
) -> None:
    """Unless a clock change skips or repeats the very time, both sides show the same distance."""
    at = start + timedelta(seconds=offset)

    moved = civil_shift(at, civil_delta(start, end, zone), zone)

    def shown(moment: datetime) -> datetime:
        return moment.astimezone(zone).replace(tzinfo=None, fold=0)

    meant = shown(at) + (shown(end) - shown(start))
    exists = meant.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if exists.replace(fold=0) == meant:
        assert shown(moved) == meant
    else:
        assert shown(moved) > meant  # skipped: the later one


def test_a_relative_item_keeps_the_wall_clock_over_a_clock_change() -> None:
    """Opening on Saturday 9 March 2024 at 10:00, the item a day later: the clocks go forward in
    between, so that day has 23 hours."""
    seen = postponed(target=at(2024, 3, 9, 10))

    (item,) = [one for one in seen.moved if one.item == "c"]
    assert item.becomes is not None
    assert item.becomes.astimezone(ZONE).isoformat() == "2024-03-10T10:00:00-07:00"
    assert item.offset_s == 23 * 3600


def test_an_embargo_of_an_item_is_a_conflict_until_somebody_decides() -> None:
    embargo = datetime(2023, 12, 13, 12, tzinfo=UTC)
    plan = plan_of([Item("a", not_before=embargo)])

    undecided = postponed(plan)
    moved = postponed(plan, embargoes={"a": Embargoed.MOVE})
    kept = postponed(plan, embargoes={"a": Embargoed.KEEP})
    dropped = postponed(plan, embargoes={"a": Embargoed.DROP})

    assert codes(undecided) == [("embargo_undecided", "a")]
    assert undecided.stays.items["a"].not_before == embargo
    assert moved.stays.items["a"].not_before == embargo + 29 * DAY
    assert ("embargo_broken", "a") in codes(moved)  # a must item, and the launch opens before it
    assert (codes(kept), kept.stays.items["a"].not_before) == ([], embargo)
    assert (codes(dropped), dropped.stays.items["a"].not_before) == ([], None)


def test_a_developer_who_says_nothing_waits_and_one_who_chose_is_heard() -> None:
    seen = postponed(choices={"a": Choice.WAIT, "c": Choice.SHIP_ALONE})

    assert [(one.item, one.choice, one.source) for one in seen.answers] == [
        ("a", Choice.WAIT, "chosen"),
        ("b", Choice.WAIT, "default"),
        ("c", Choice.SHIP_ALONE, "chosen"),
    ]
    assert list(seen.stays.items) == ["a", "b"]


def test_who_depends_on_what_leaves_is_flagged() -> None:
    withdrawn = postponed(choices={"a": Choice.WITHDRAW})
    alone = postponed(choices={"b": Choice.SHIP_ALONE})
    both = postponed(choices={"a": Choice.SHIP_ALONE, "b": Choice.SHIP_ALONE})

    assert [(one.code, one.id, one.other) for one in withdrawn.conflicts] == [
        ("requires_withdrawn", "b", "a")
    ]
    assert [(one.code, one.id, one.other) for one in alone.conflicts] == [
        ("requires_waiting", "b", "a")
    ]
    assert both.conflicts == ()


def test_who_waits_for_what_ships_alone_waits_for_nothing() -> None:
    seen = postponed(choices={"a": Choice.SHIP_ALONE})

    assert seen.stays.items["b"].requires == ()


def test_detaching_lets_every_item_go_unless_its_developer_waits() -> None:
    seen = postponed(mode=Mode.DETACH, choices={"a": Choice.WAIT})

    assert list(seen.stays.items) == ["a"]
    assert {one.item: one.choice for one in seen.answers}["b"] is Choice.SHIP_ALONE
    assert codes(seen) == [("requires_waiting", "b")]


def test_held_at_current_nobody_gets_a_new_time() -> None:
    seen = postponed(mode=Mode.HOLD_AT_CURRENT)

    assert [one.becomes for one in seen.moved] == [None] * 3
    assert list(seen.stays.items) == ["a", "b", "c"]


def test_what_users_have_already_is_decided_by_a_person() -> None:
    assert codes(postponed(exposed={"a": None})) == [("exposed_undecided", "a")]
    assert codes(postponed(exposed={"a": Exposed.HOLD})) == []


def test_freezes_and_holidays_that_only_the_new_date_meets_are_told() -> None:
    freezes = [
        Span("december", OLD - DAY, OLD + DAY),
        Span("january", NEW, NEW + DAY),
        Span("over", NEW - DAY, NEW),
    ]

    seen = postponed(around=replace(AROUND, freezes=freezes))

    assert seen.newly["hits"] == ("freeze:january",)
    assert codes(seen) == [("freeze", "january")]
    holiday = postponed(target=at(2024, 1, 15, 10))
    assert holiday.newly["hits"] == ("holiday:2024-01-15",)
    assert postponed(target=at(2024, 1, 13, 10)).newly["hits"] == ("closed:2024-01-13",)


def test_a_freeze_that_an_interval_merely_touches_leaves_room() -> None:
    assert EARLY_2024.start is not None
    assert EARLY_2024.end is not None
    some = Span("some", EARLY_2024.start, EARLY_2024.start + DAY)
    all_of_it = Span("all", EARLY_2024.start, EARLY_2024.end)

    seen = postponed(target=EARLY_2024, around=replace(AROUND, freezes=[some, all_of_it]))

    assert [(hit.id, hit.wholly) for hit in seen.after.hits] == [("some", False), ("all", True)]


def test_an_embargo_outside_that_lifts_before_the_new_opening_is_broken() -> None:
    around = replace(AROUND, embargoes=[Embargo("press", OLD)])

    seen = postponed(around=around)

    assert seen.newly["broken"] == ("press",)
    assert codes(seen) == [("embargo_broken", "press")]


def test_evidence_that_ages_meanwhile_gets_a_review_dated_backwards() -> None:
    """Friday 22 December 2023 is the last working day before two holidays: 16 hours of work that
    are due on 10 January at 10:00 begin on the 8th at 10:00 Pacific time."""
    seen = postponed(around=knowing(a=replace(FRESH, evidence_until=NOW + 15 * DAY)))

    assert [(one.what, one.id) for one in seen.lapses] == [("evidence", "a")]
    (case,) = seen.after.cases
    assert case.why == ("evidence",)
    assert case.begin_by.astimezone(ZONE).isoformat() == "2024-01-08T10:00:00-08:00"
    assert case.begin_from == NEW - timedelta(days=90)
    assert not case.late
    assert seen.conflicts == ()


def test_a_sign_off_that_ages_meanwhile_is_told() -> None:
    seen = postponed(around=replace(AROUND, sign_offs=[SignOff("legal", NOW + 20 * DAY)]))

    assert seen.newly["lapses"] == ("sign_off:legal",)
    assert seen.after.cases == ()


def test_a_review_that_should_have_begun_is_told() -> None:
    stale = replace(FRESH, evidence_until=NOW)

    seen = postponed(target=at(2023, 12, 1, 12), around=knowing(a=stale))

    assert ("review_late", "a") in codes(seen)


def test_reviewers_who_are_too_few_are_told() -> None:
    stale = knowing(b=replace(FRESH, evidence_until=NOW))

    short = postponed(around=replace(stale, hours=Hours(reviewers=0.001)))
    queue = postponed(around=replace(stale, hours=Hours(reviewers=1.0, queued_s=10_000_000)))
    enough = postponed(around=stale)

    assert codes(short) == codes(queue) == [("no_capacity", "reviewers")]
    assert (enough.after.capacity.needed_s, bool(enough.after.capacity)) == (7200.0, True)
    # Two reviewers: Thursday 10:00 to 17:00 and 1 to 29 December and 2 to 9 January, and an hour.
    days = 20 + 6
    assert enough.after.capacity.available_s == 2 * 3600 * (7 + 8 * days + 1)


def test_what_is_to_be_decided_is_judged_at_the_day_a_new_date_is_owed() -> None:
    seen = postponed(target=TBD, around=knowing(a=replace(FRESH, evidence_until=NOW + 30 * DAY)))

    assert (seen.after.open_ended, seen.after.until) == (True, TBD.replan_by)
    assert [(one.what, one.id) for one in seen.lapses] == [("evidence", "a")]
    assert [one.becomes for one in seen.moved] == [None] * 3


def test_a_second_postponement_needs_a_higher_approval_of_its_date() -> None:
    assert postponed(nth=1).needs_role is None
    assert postponed(nth=2, higher_role="administrator").needs_role == "administrator"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"choices": {"nobody": Choice.WAIT}}, "choices"),
        ({"exposed": {"nobody": None}}, "exposed"),
        ({"embargoes": {"nobody": Embargoed.KEEP}}, "embargoes"),
        ({"decide_by": NOW}, "decide_by"),
        ({"target": at(2023, 11, 1, 10)}, "target"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Incomplete) as refused:
        postponed(**asked)

    assert refused.value.detail["field"] == field
