"""All tables, imported in one place: what migrations and `rebuild` know as the schema."""

from sqlmodel import SQLModel

from gonogo.db import people, probes, signin, tables

METADATA = SQLModel.metadata
__all__ = ["METADATA", "people", "probes", "signin", "tables"]
