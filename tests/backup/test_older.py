"""A backup made by an earlier version: loaded into the schema it was made of, then migrated."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, event, select, types

from gonogo.backup.dump import _table
from gonogo.backup.layout import DIGESTS, MANIFEST, Manifest, TableFile, kind_of
from gonogo.db.codec import PICTURES
from gonogo.db.session import engine_of, newest_schema, reading
from gonogo.db.types import UtcDateTime
from tests.backup.conftest import Places
from tests.databases import SqliteDatabases
from tests.db.test_migrations import VERSIONS, filled, opened, reflected, upgrade

# Made-up rows of these would be a record that no chain holds.
RECORD = {"stores", "events", "outbox", *(str(model.__tablename__) for model in PICTURES.values())}


def as_of(url: str) -> MetaData:
    """The tables of an earlier schema; every time in them is one of ours."""
    found = MetaData()

    @event.listens_for(found, "column_reflect")
    def times(inspector: Any, table: Any, column: dict[str, Any]) -> None:
        if isinstance(column["type"], types.DateTime):
            column["type"] = UtcDateTime()

    with opened(url) as connection:
        found.reflect(connection)
    found.remove(found.tables["alembic_version"])
    return found


def old_backup(url: str, version: str, folder: Path) -> dict[str, int]:
    """A backup as that version made it, with rows in all tables but the record's."""
    upgrade(url, version)
    tables = as_of(url)
    with opened(url) as connection:
        rest = reflected(connection)
        for name in RECORD & rest.tables.keys():
            rest.remove(rest.tables[name])
        filled(connection, rest)
    (folder / "tables").mkdir(parents=True)
    engine = engine_of(url)
    files: list[TableFile] = []
    with reading(engine) as session:
        for table in tables.sorted_tables:
            files.append(_table(session, table, folder, set(), lambda line: None))
    engine.dispose()
    (folder / DIGESTS).write_bytes(b"")
    manifest = Manifest(
        format=1,
        version="0.0.1",
        made_at="2026-01-01T00:00:00+00:00",
        made_on="sqlite",
        schema_revision=version,
        positions={},
        tables=tuple(files),
        objects=0,
        objects_sha256=hashlib.sha256(b"").hexdigest(),
        missing=(),
        damaged=(),
        has_key=False,
        key_id="",
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    return {file.name: file.rows for file in files}


@pytest.mark.parametrize("version", VERSIONS[:-1])
@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_a_backup_of_an_earlier_schema_is_restored_and_migrated(
    sqlite: SqliteDatabases, empty_place: Places, version: str, target: str, tmp_path: Path
) -> None:
    url = sqlite.empty()
    wanted = old_backup(url, version, tmp_path / "old")
    there = empty_place(target)

    there.restore(tmp_path / "old")

    now = as_of(there.engine.url.render_as_string(hide_password=False))
    with there.engine.connect() as connection:
        schema = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        kept = {
            name: len(connection.execute(select(now.tables[name])).all())
            for name in wanted.keys() & now.tables.keys()
        }
    assert schema == newest_schema()
    assert kept == {name: wanted[name] for name in kept}
    assert sum(kept.values()) > 10
    assert all(kind_of(column) for table in now.tables.values() for column in table.columns)
    sqlite.drop(url)
