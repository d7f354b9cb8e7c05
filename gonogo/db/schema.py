"""All tables, imported in one place: what migrations and `rebuild` know as the schema."""

from sqlmodel import SQLModel

from gonogo.db import (
    erasures,
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
    "erasures",
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
