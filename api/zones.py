"""Zones are resolved at the edge, from one known release of the zone data: package `tzdata`."""

import functools
import importlib
import importlib.resources
from datetime import datetime
from zoneinfo import ZoneInfo

from policies.errors import Incomplete
from policies.rules.civil_time import Resolved, resolve


def resolve_local(local: datetime, zone: str, *, strict: bool = False) -> Resolved:
    """The instant a civil time means. Raises `Incomplete` for an unknown zone and, if `strict`,
    for a time that a clock change skips or repeats."""
    return resolve(local, zone_named(zone), name=zone, tzdata=_release(), strict=strict)


@functools.cache
def _release() -> str:
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
