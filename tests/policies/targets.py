"""Targets for tests: what people type, placed in a zone of the test machine's own zone data."""

from zoneinfo import ZoneInfo

from policies.rules.target import Placed, Target, resolve
from policies.rules.target_text import parse

LOS_ANGELES = "America/Los_Angeles"


def placed(text: str, zone: str = LOS_ANGELES, *, strict: bool = False) -> Placed:
    wish = parse(text)
    name = wish.tz or zone
    return resolve(wish, ZoneInfo(name), name=name, tzdata="x", strict=strict)


def target(text: str, zone: str = LOS_ANGELES) -> Target:
    return placed(text, zone).target
