"""Zones are resolved at the edge, from one known release of the zone data: package `tzdata`."""

import functools
import importlib
import importlib.resources
from datetime import date, datetime
from zoneinfo import ZoneInfo

from policies.errors import Incomplete
from policies.rules import target, target_text
from policies.rules.civil_time import Resolved, resolve


def resolve_local(local: datetime, zone: str, *, strict: bool = False) -> Resolved:
    """The instant a civil time means. Raises `Incomplete` for an unknown zone and, if `strict`,
    for a time that a clock change skips or repeats."""
    return resolve(local, zone_named(zone), name=zone, tzdata=release(), strict=strict)


def place_target(text: str, zone: str, *, strict: bool = False) -> target.Placed:
    """What people typed as a target, `zone` standing in where they named none. Raises `Incomplete`
    with the forms that can be read, for an unknown zone, and for a day the zone never had."""
    wish = target_text.parse(text)
    name = wish.tz or zone
    return target.resolve(wish, zone_named(name), name=name, tzdata=release(), strict=strict)


def today_in(zone: str, now: datetime) -> date:
    """The day it is in `zone` at `now`: what `target_words.says` wants to know."""
    return now.astimezone(zone_named(zone)).date()


@functools.cache
def release() -> str:
    """The release of the zone data that everything here is resolved with, like `2026b`."""
    return str(importlib.import_module("tzdata").IANA_VERSION)


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(importlib.resources.files("tzdata").joinpath("zones").read_text().split())


def zone_named(name: str) -> ZoneInfo:
    """Not `ZoneInfo(name)`: that prefers the system's data, whose release nobody recorded."""
    if name not in _names():
        raise Incomplete(f"there is no zone {name!r}; name it like Europe/Paris", field="zone")
    return _load(name)


@functools.cache
def _load(name: str) -> ZoneInfo:
    file = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with file.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
