"""All tables, imported in one place: what migrations and `rebuild` know as the schema."""

from sqlmodel import SQLModel

from gonogo.db import erasures, launches, notices, people, probes, publishers, signin, tables

METADATA = SQLModel.metadata
__all__ = [
    "METADATA",
    "erasures",
    "launches",
    "notices",
    "people",
    "probes",
    "publishers",
    "signin",
    "tables",
]
