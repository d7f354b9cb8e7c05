"""Migrations: from nothing and from every earlier schema, with rows in all tables, on both.

Versions are found, not listed: whoever adds one is covered without editing this file.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, Table, func, insert, select, types

from gonogo.db.schema import METADATA
from gonogo.db.session import alembic_config, engine_of, migrate, newest_schema
from tests.databases import Databases, migrated

SCRIPTS = ScriptDirectory.from_config(alembic_config())
VERSIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
# The oldest and the newest step show in the quick tests; the steps between are the same machinery.
EARLIER = [
    one if one in (VERSIONS[0], *VERSIONS[-2:]) else pytest.param(one, marks=pytest.mark.slow)
    for one in VERSIONS
]
ROWS = 3
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
# What a constraint wants of (table, column) where any text or number will not do.
GIVEN: dict[tuple[str, str], list[Any]] = {}


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    engine = engine_of(url)
    with engine.connect() as connection, connection.begin():
        yield connection
    engine.dispose()


def upgrade(url: str, to: str = "head") -> None:
    engine = engine_of(url)
    migrate(engine, to)
    engine.dispose()


def reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    found.remove(found.tables["alembic_version"])
    return found


def value(column: "Column[Any]", row: int) -> Any:
    """Something that `column` takes and that differs from row to row."""
    if given := GIVEN.get((column.table.name, column.name)):
        return given[row]
    if isinstance(column.type, types.Boolean):
        return bool(row % 2)
    if isinstance(column.type, types.Integer | types.Numeric | types.Float):
        return row + 1
    if isinstance(column.type, types.DateTime):
        return T0 + timedelta(days=row)
    if isinstance(column.type, types.JSON):
        return {"row": row, "of": column.name}
    if isinstance(column.type, types.LargeBinary):
        return bytes([row, 0, 255])
    assert isinstance(column.type, types.String), f"no value is known for {column!r}"
    return f"{column.table.name}.{column.name}.{row}"


def filled(connection: Connection, tables: MetaData) -> None:
    for table in tables.sorted_tables:
        rows = []
        for number in range(ROWS):
            row = {column.name: value(column, number) for column in table.columns}
            for key in table.foreign_keys:  # the same row of the table it points to
                row[key.parent.name] = value(key.column, number)
            rows.append(row)
        connection.execute(insert(table), rows)


def kept(connection: Connection, table: Table, columns: list[str]) -> list[tuple[Any, ...]]:
    found = connection.execute(select(*(table.columns[name] for name in columns)))
    return sorted(tuple(map(repr, row)) for row in found)


def test_there_is_one_line_of_versions() -> None:
    assert len(SCRIPTS.get_heads()) == len(SCRIPTS.get_bases()) == 1
    assert [SCRIPTS.get_revision(version).is_branch_point for version in VERSIONS].count(True) == 0


def test_from_nothing_the_schema_becomes_what_the_code_says(both: Databases) -> None:
    url = both.empty()

    upgrade(url)

    with opened(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, METADATA)
        assert differences == []
    both.drop(url)


@pytest.mark.parametrize("version", EARLIER)
def test_from_every_earlier_schema_nothing_is_lost(both: Databases, version: str) -> None:
    url = both.empty()
    upgrade(url, version)
    with opened(url) as connection:
        before = reflected(connection)
        filled(connection, before)
        old = {
            name: {column: kept(connection, table, [column]) for column in table.columns.keys()}  # noqa: SIM118  # a collection of columns, not a dict
            for name, table in before.tables.items()
        }

    upgrade(url)

    with opened(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        after = reflected(connection)
        for name in old.keys() & after.tables.keys():
            table = after.tables[name]
            assert connection.scalar(select(func.count()).select_from(table)) == ROWS, name
            for column in old[name].keys() & table.columns.keys():
                assert kept(connection, table, [column]) == old[name][column], (name, column)
    both.drop(url)


def test_migrating_what_is_newest_changes_nothing(both: Databases) -> None:
    url = both.empty()
    upgrade(url)
    with opened(url) as connection:
        filled(connection, reflected(connection))

    upgrade(url)

    with opened(url) as connection:
        for table in reflected(connection).sorted_tables:
            assert connection.scalar(select(func.count()).select_from(table)) == ROWS
    both.drop(url)


def test_processes_that_start_together_migrate_once(both: Databases) -> None:
    url, barrier = both.empty(), Barrier(4)
    faults: list[Exception] = []

    def start() -> None:
        barrier.wait()
        try:
            upgrade(url)
        except Exception as fault:
            faults.append(fault)

    threads = [Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    with opened(url) as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_heads() == (VERSIONS[-1],)
    both.drop(url)


def test_the_newest_schema_is_known_without_alembic() -> None:
    assert newest_schema() == SCRIPTS.get_current_head()


async def test_a_process_at_the_newest_schema_never_imports_alembic(both: Databases) -> None:
    url = both.like(migrated)
    look = (
        "import sys; from gonogo.db.session import engine_of, migrate;"
        f"migrate(engine_of({url!r})); print('alembic' in sys.modules)"
    )

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", look, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    out, _ = await process.communicate()

    assert (process.returncode, out.strip()) == (0, b"False")
