"""What of a launch stands in a calendar, from “early next year” to the last check."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from policies.lifecycle.launch_state import Held, Launch, Status, Terms
from policies.rules.launch_calendar import launch_entries
from policies.rules.target import Target, resolve
from policies.rules.target_text import parse

ZONE = ZoneInfo("America/Los_Angeles")
AT = datetime(2023, 11, 6, 18, tzinfo=UTC)
TERMS = Terms(
    pack="p",
    gates=(),
    poll_roles=(),
    tier_line="medium",
    risk_role="administrator",
    date_role="administrator",
    poll_open_before_s=172_800,
    silence_s=86_400,
    checks_s=(86_400, 3600, 300),
    max_lateness_s=900,
    hold_review_s=14_400,
    hold_review_early_s=172_800,
    remind_s=86_400,
    plan_within_s=86_400,
    minimum_notice_s=604_800,
    soak_s=604_800,
    votes_most=10,
    waves_most=20,
)


def on(text: str) -> Target:
    return resolve(parse(text), ZONE, name=ZONE.key, tzdata="test").target


def drafted(target: Target | None, status: Status = Status.PLANNED) -> Launch:
    return Launch(
        id="lch_1",
        store="default",
        name="The GPT Store",
        tz=ZONE.key,
        drafted_by="per_lea",
        terms=TERMS,
        mode="atomic",
        quorum=None,
        status=status,
        since=AT,
        seq=4,
        target=target,
    )


def keys(launch: Launch) -> dict[str, object]:
    return {one.key.removeprefix("lch_1-"): one.start for one in launch_entries(launch)}


def test_what_is_not_planned_is_in_no_calendar() -> None:
    assert launch_entries(drafted(None)) == ()


@pytest.mark.parametrize(
    ("said", "first", "after"),
    [
        ("2023-11", date(2023, 11, 1), date(2023, 12, 1)),
        ("early 2024", date(2024, 1, 1), date(2024, 4, 1)),
        ("week of 2024-01-08", date(2024, 1, 8), date(2024, 1, 15)),
        ("2024-01-10", date(2024, 1, 10), date(2024, 1, 11)),
    ],
)
def test_an_imprecise_date_is_whole_days(said: str, first: date, after: date) -> None:
    (one,) = launch_entries(drafted(on(said)))

    assert (one.start, one.end, one.standing) == (first, after, "tentative")
    assert not isinstance(one.start, datetime)


def test_an_instant_brings_the_poll_and_every_check() -> None:
    opens = datetime(2024, 1, 10, 18, tzinfo=UTC)

    assert keys(drafted(on("2024-01-10T10:00"))) == {
        "opening": opens,
        "poll": opens - timedelta(days=2),
        "check-86400": opens - timedelta(days=1),
        "check-3600": opens - timedelta(hours=1),
        "check-300": opens - timedelta(minutes=5),
    }


def test_what_is_to_be_decided_is_owed_by_a_day() -> None:
    (one,) = launch_entries(drafted(on("tbd by 2024-03-15"), Status.POSTPONED))

    assert (one.what, one.start) == ("todo", date(2024, 3, 15))
    assert launch_entries(drafted(on("tbd by 2024-03-15"), Status.CANCELLED)) == ()


def test_a_hold_is_looked_at_again() -> None:
    by = AT + timedelta(hours=4)
    held = Held("no_go", Status.GATING, "per_lea", AT, by)

    found = launch_entries(replace(drafted(on("2023-11"), Status.HOLD), held=held))

    assert [(one.what, one.start) for one in found if one.key.endswith("review")] == [("todo", by)]


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        (Status.GATING, "tentative"),
        (Status.ARMED, "confirmed"),
        (Status.COUNTDOWN, "confirmed"),
        (Status.LIVE, "confirmed"),
        (Status.CLOSED, "confirmed"),
        (Status.POSTPONED, "tentative"),
        (Status.CANCELLED, "cancelled"),
    ],
)
def test_a_date_is_as_sure_as_its_launch(status: Status, standing: str) -> None:
    found = {one.key: one for one in launch_entries(drafted(on("2024-01-10T10:00"), status))}

    assert found["lch_1-opening"].standing == standing
    assert found["lch_1-opening"].revision == 4
