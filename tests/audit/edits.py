"""Changing a database behind the record's back, column by column."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Table, text, update
from sqlmodel import SQLModel, select

from gonogo.db.session import writing
from tests.audit.desk import Audited
from tests.conftest import require


def columns_of(table: type[SQLModel], *, unclaimed: Iterable[str] = ()) -> list[str]:
    """Every column but those that a verification says nothing about."""
    there: Table = table.__table__  # type: ignore[attr-defined]  # every table has one
    unknown = set(unclaimed) - set(there.columns.keys())
    assert not unknown
    return [name for name in there.columns.keys() if name not in unclaimed]  # noqa: SIM118  # columns are no dict


def other(value: Any, column: Column[Any]) -> Any:
    """A value of the same type that is another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1_000
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, list):
        return [*value, "x"]
    if isinstance(value, dict):
        return {**value, "x": 1}
    if isinstance(value, bytes):
        return value + b"x"
    if value is None:
        return datetime(2026, 1, 1).astimezone() if "time" in str(column.type).lower() else "x"
    return f"{value}x"


def edit(desk: Audited, table: type[SQLModel], key: tuple[Any, ...], name: str) -> None:
    """Change one column of one row, and nothing else."""
    there: Any = table.__table__  # type: ignore[attr-defined]  # every table has one
    where = [column == value for column, value in zip(there.primary_key.columns, key, strict=True)]
    with writing(desk.engine) as session:
        before = session.connection().execute(select(there.c[name]).where(*where)).scalar_one()
        session.connection().execute(
            update(there).where(*where).values({name: other(before, there.c[name])})
        )


def spoil_on_sqlite(desk: Audited, table: str, column: str, where: str) -> None:
    """Put text where the column holds something else, which SQLite alone allows."""
    require(
        "sqlite", desk.engine.dialect.name == "sqlite", "PostgreSQL holds columns to their type"
    )
    with writing(desk.engine) as session:
        session.connection().execute(
            text(f"UPDATE {table} SET \"{column}\" = 'gar[bage' WHERE {where}")
        )
