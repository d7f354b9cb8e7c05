"""When a notice reaches a person: at once, after quiet hours, with the day's digest, or not."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.notice_topics import (
    NOTICES,
    PERSONS_CHANNELS,
    Channel,
    Preferences,
    Quiet,
    Slot,
    Topic,
    When,
    allowed,
    preferences_of,
    preferences_value,
    slot,
)

LONDON = ZoneInfo("Europe/London")
NIGHT = Quiet(time(22), time(7))
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Asia/Kathmandu", "UTC")]
)
MOMENTS = st.datetimes(
    datetime(2026, 1, 1),
    datetime(2027, 12, 31),
    timezones=st.just(UTC),  # clock changes included
)
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
CHOSEN = st.dictionaries(
    st.tuples(st.sampled_from(Topic), st.just(Channel.MAIL)), st.sampled_from(When)
)


def mail(notice: str, now: datetime, **given: Any) -> Slot | None:
    return slot(notice, Channel.MAIL, Preferences(**given), now, LONDON)


def test_a_decision_is_mailed_at_once_and_progress_with_the_digest_of_next_morning() -> None:
    assert mail("approved", NOON) == Slot(NOON)
    assert mail("tested", NOON) == Slot(datetime(2026, 4, 2, 7, tzinfo=UTC), "2026-04-02")


def test_quiet_hours_hold_mail_back_until_they_end() -> None:
    late, early = datetime(2026, 4, 1, 22, tzinfo=UTC), datetime(2026, 4, 2, 5, tzinfo=UTC)

    assert mail("approved", late, quiet=NIGHT) == Slot(datetime(2026, 4, 2, 6, tzinfo=UTC))
    assert mail("approved", early, quiet=NIGHT) == Slot(datetime(2026, 4, 2, 6, tzinfo=UTC))
    assert mail("approved", NOON, quiet=NIGHT) == Slot(NOON)


def test_what_is_urgent_waits_for_nobodys_morning() -> None:
    late = datetime(2026, 4, 1, 23, tzinfo=UTC)
    daily = {(Topic.SAFETY, Channel.MAIL): When.DAILY}

    assert mail("stop_placed", late, quiet=NIGHT, chosen=daily) == Slot(late)


def test_what_is_switched_off_does_not_come_not_even_when_urgent() -> None:
    assert mail("stop_placed", NOON, chosen={(Topic.SAFETY, Channel.MAIL): When.OFF}) is None


def test_the_inbox_knows_no_quiet_hours() -> None:
    late = datetime(2026, 4, 1, 23, tzinfo=UTC)

    assert slot("tested", Channel.INBOX, Preferences(quiet=NIGHT), late, LONDON) == Slot(late)


@given(st.sampled_from(sorted(NOTICES)), MOMENTS, CHOSEN, CLOCKS, CLOCKS, ZONES)
def test_a_slot_is_never_in_the_past_nor_more_than_a_day_away_nor_in_quiet_hours(
    notice: str,
    now: datetime,
    chosen: dict[tuple[Topic, Channel], When],
    start: time,
    end: time,
    zone: ZoneInfo,
) -> None:
    preferences = Preferences(chosen, Quiet(start, end))

    found = slot(notice, Channel.MAIL, preferences, now, zone)

    when = preferences.when(NOTICES[notice].topic, Channel.MAIL)
    assert (found is None) == (when is When.OFF)
    if found is None:
        return
    assert now <= found.at <= now + timedelta(hours=26)  # 25 h on the day clocks go back
    if NOTICES[notice].urgent:
        assert found == Slot(now)
    elif when is When.DAILY:
        assert found.digest is not None
        assert found.at > now
    elif found.at != now:
        assert found.at.astimezone(zone).time() >= end  # a time that a clock change skips is later


@given(CHOSEN, st.one_of(st.none(), st.builds(Quiet, CLOCKS, CLOCKS)))
def test_preferences_come_back_as_they_were_kept(
    chosen: dict[tuple[Topic, Channel], When], quiet: Quiet | None
) -> None:
    kept = Preferences(chosen, quiet)

    back = preferences_of(preferences_value(kept))

    assert back.quiet == quiet
    assert all(
        back.when(topic, channel) == kept.when(topic, channel)
        for topic in Topic
        for channel in PERSONS_CHANNELS
    )


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"topics": None},
        {"topics": {"my_gpts": "now"}, "quiet": "night"},
        {"topics": {"my_gpts": {"mail": "hourly", "inbox": "daily"}}},
        {"quiet": {"start": "25:00", "end": None}},
        {"topics": {"gone": {"mail": "off"}}},
    ],
)
def test_a_row_nobody_understands_any_more_means_the_default(value: dict[str, Any]) -> None:
    assert preferences_of(value) == Preferences()


def test_a_digest_of_the_inbox_is_not_offered() -> None:
    assert When.DAILY not in allowed(Channel.INBOX)
