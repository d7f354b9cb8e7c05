"""All tables, imported in one place: what migrations and `rebuild` know as the schema."""

from sqlmodel import SQLModel

from gonogo.db import (
    calendars,
    erasures,
    forecasts,
    launch_exclusions,
    launches,
    memos,
    notices,
    people,
    probes,
    publishers,
    signin,
    tables,
    timing,
    transfers,
)

METADATA = SQLModel.metadata
__all__ = [
    "METADATA",
    "calendars",
    "erasures",
    "forecasts",
    "launch_exclusions",
    "launches",
    "memos",
    "notices",
    "people",
    "probes",
    "publishers",
    "signin",
    "tables",
    "timing",
    "transfers",
]
