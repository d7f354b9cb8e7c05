"""Notices by topic, and when each reaches a person: preferences, daily digests, quiet hours.

A person chooses per topic and channel. What is urgent (something is taken out of service) waits for
nobody's morning; the inbox keeps everything unless a topic is switched off there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo


class Topic(StrEnum):
    MY_GPTS = "my_gpts"  # questions, decisions, what stops a release of mine
    PROGRESS = "progress"  # what goes its way
    DEADLINES = "deadlines"  # a time runs out
    REVIEWS = "reviews"  # work of reviewers
    RELEASES = "releases"  # work of product leads
    SAFETY = "safety"  # stops, quarantines, halts
    WEBHOOKS = "webhooks"  # endpoints that fail
    RECORD = "record"  # requests to erase, faults of the record


class Channel(StrEnum):
    INBOX = "inbox"
    MAIL = "mail"
    WEBHOOK = "webhook"  # to an endpoint, never to a person


class When(StrEnum):
    NOW = "now"
    DAILY = "daily"
    OFF = "off"


@dataclass(frozen=True)
class Notice:
    topic: Topic
    urgent: bool = False


NOTICES: Mapping[str, Notice] = {
    "needs_changes": Notice(Topic.MY_GPTS),
    "question": Notice(Topic.MY_GPTS),
    "approved": Notice(Topic.MY_GPTS),
    "rejected": Notice(Topic.MY_GPTS),
    "expired": Notice(Topic.MY_GPTS),
    "release_stopped": Notice(Topic.MY_GPTS),
    "release_ended": Notice(Topic.MY_GPTS),
    "publisher_verified": Notice(Topic.MY_GPTS),
    "verification_lapsing": Notice(Topic.DEADLINES),
    "verification_lost": Notice(Topic.MY_GPTS),
    "reinstated": Notice(Topic.MY_GPTS),
    "invited": Notice(Topic.MY_GPTS),
    "membership_changed": Notice(Topic.MY_GPTS),
    "transfer_offered": Notice(Topic.MY_GPTS),
    "transfer_ends": Notice(Topic.DEADLINES),
    "transfer_accepted": Notice(Topic.MY_GPTS),
    "transfer_over": Notice(Topic.MY_GPTS),
    "tested": Notice(Topic.PROGRESS),
    "release_scheduled": Notice(Topic.PROGRESS),
    "launch_moved": Notice(Topic.PROGRESS),
    "release_stage": Notice(Topic.PROGRESS),
    "release_done": Notice(Topic.PROGRESS),
    "listing_changed": Notice(Topic.PROGRESS),
    "duties_owed": Notice(Topic.DEADLINES),
    "reminder": Notice(Topic.DEADLINES),
    "delayed": Notice(Topic.DEADLINES),
    "review_late": Notice(Topic.DEADLINES),
    "case_waiting": Notice(Topic.REVIEWS),
    "answered": Notice(Topic.REVIEWS),
    "second_wanted": Notice(Topic.REVIEWS),
    "disagreed": Notice(Topic.REVIEWS),
    "undone": Notice(Topic.REVIEWS),
    "claim_over": Notice(Topic.REVIEWS),
    "case_withdrawn": Notice(Topic.REVIEWS),
    "new_round": Notice(Topic.REVIEWS),
    "release_ready": Notice(Topic.RELEASES),
    "release_stuck": Notice(Topic.RELEASES),
    "resume_wanted": Notice(Topic.RELEASES),
    "release_halted": Notice(Topic.SAFETY, urgent=True),
    "quarantined": Notice(Topic.SAFETY, urgent=True),
    "quarantine_lifted": Notice(Topic.SAFETY),
    "stop_placed": Notice(Topic.SAFETY, urgent=True),
    "stop_lifted": Notice(Topic.SAFETY),
    "choice_wanted": Notice(Topic.MY_GPTS),
    "choice_ends": Notice(Topic.DEADLINES),
    "choice_over": Notice(Topic.MY_GPTS),
    "choices_over": Notice(Topic.RELEASES),
    "release_frozen": Notice(Topic.PROGRESS),
    "release_bound": Notice(Topic.PROGRESS),
    "release_unbound": Notice(Topic.PROGRESS),
    "embargo_changed": Notice(Topic.MY_GPTS),
    "embargo_lift_wanted": Notice(Topic.RELEASES),
    "launch_replanned": Notice(Topic.MY_GPTS),
    "launch_sooner": Notice(Topic.MY_GPTS, urgent=True),  # notice is owed, at any hour
    "launch_closed": Notice(Topic.RELEASES),
    "memo": Notice(Topic.MY_GPTS),
    "memo_inside": Notice(Topic.RELEASES),
    "webhook_disabled": Notice(Topic.WEBHOOKS),
    "erasing_wanted": Notice(Topic.RECORD),
    "record_fault": Notice(Topic.RECORD, urgent=True),
}
_DAILY = frozenset({Topic.PROGRESS, Topic.REVIEWS, Topic.RELEASES})
PERSONS_CHANNELS = (Channel.INBOX, Channel.MAIL)
DIGEST_AT = time(8)  # in the store's zone


@dataclass(frozen=True)
class Quiet:
    """Hours without mail, civil times of the store's zone; over midnight when `start` > `end`."""

    start: time
    end: time


@dataclass(frozen=True)
class Preferences:
    """`chosen` holds what differs from the default, by topic and channel."""

    chosen: Mapping[tuple[Topic, Channel], When] = field(default_factory=dict)
    quiet: Quiet | None = None

    def when(self, topic: Topic, channel: Channel) -> When:
        return self.chosen.get((topic, channel), default_when(topic, channel))


def default_when(topic: Topic, channel: Channel) -> When:
    if channel is Channel.MAIL and topic in _DAILY:
        return When.DAILY
    return When.NOW


@dataclass(frozen=True)
class Slot:
    """When a notice goes out. `digest` is the day (ISO) of the digest it becomes a part of."""

    at: datetime
    digest: str | None = None


def slot(
    notice: str, channel: Channel, preferences: Preferences, now: datetime, zone: ZoneInfo
) -> Slot | None:
    """When `channel` carries `notice` to somebody with these preferences; None: not at all."""
    kind = NOTICES[notice]
    when = preferences.when(kind.topic, channel)
    if when is When.OFF:
        return None
    if channel is not Channel.MAIL or kind.urgent:
        return Slot(now)
    if when is When.DAILY:
        at = _next(DIGEST_AT, now, zone)
        return Slot(at, at.astimezone(zone).date().isoformat())
    return Slot(_after_quiet(preferences.quiet, now, zone))


def _next(at: time, now: datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) after `now` when clocks in `zone` show `at`."""
    day = now.astimezone(zone).date()
    found = datetime.combine(day, at, zone)
    if found <= now:
        found = datetime.combine(day + timedelta(days=1), at, zone)
    return found.astimezone(UTC)


def _after_quiet(quiet: Quiet | None, now: datetime, zone: ZoneInfo) -> datetime:
    if quiet is None or quiet.start == quiet.end:
        return now
    there = now.astimezone(zone).time()
    over_midnight = quiet.start > quiet.end
    inside = (
        there >= quiet.start or there < quiet.end
        if over_midnight
        else quiet.start <= there < quiet.end
    )
    return _next(quiet.end, now, zone) if inside else now


def preferences_of(value: Mapping[str, Any]) -> Preferences:
    """Read back `preferences_value`. What is no longer known is left out; nothing raises, so that
    an old row never keeps anybody from being told."""
    chosen: dict[tuple[Topic, Channel], When] = {}
    given = value.get("topics")
    for topic in Topic:
        row = given.get(topic.value) if isinstance(given, Mapping) else None
        for channel in PERSONS_CHANNELS:
            word = row.get(channel.value) if isinstance(row, Mapping) else None
            if word in {when.value for when in allowed(channel)}:
                chosen[topic, channel] = When(word)
    return Preferences(chosen, _quiet_of(value.get("quiet")))


def preferences_value(preferences: Preferences) -> dict[str, Any]:
    """The whole matrix as JSON, defaults included."""
    quiet = preferences.quiet
    return {
        "topics": {
            topic.value: {
                channel.value: preferences.when(topic, channel).value
                for channel in PERSONS_CHANNELS
            }
            for topic in Topic
        },
        "quiet": {"start": f"{quiet.start:%H:%M}", "end": f"{quiet.end:%H:%M}"} if quiet else None,
    }


def allowed(channel: Channel) -> tuple[When, ...]:
    """A digest of the inbox would be the inbox."""
    return tuple(When) if channel is Channel.MAIL else (When.NOW, When.OFF)


def _quiet_of(value: Any) -> Quiet | None:
    if not isinstance(value, Mapping):
        return None
    try:
        return Quiet(time.fromisoformat(value["start"]), time.fromisoformat(value["end"]))
    except (KeyError, TypeError, ValueError):
        return None
