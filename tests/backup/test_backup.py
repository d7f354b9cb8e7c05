"""A backup holds everything of one moment, and comes back whole on either database."""

import json
import stat
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gonogo.audit.events import read_events
from gonogo.backup.dump import _rows, back_up
from gonogo.backup.layout import BadBackup, TableFile, encoded, kind_of, read_manifest
from gonogo.backup.restore import NotEmpty, _continue_numbers
from gonogo.db.schema import METADATA
from gonogo.db.session import engine_of, reading, writing
from gonogo.objects import Objects
from tests.backup.conftest import DRAWN, TEXTS, Place, Places
from tests.builders import ADA, KEY, STORE
from tests.conftest import KINDS
from tests.databases import Databases, PostgresDatabases, migrated
from tests.db.desk import Desk, new_database

ALL = [column for table in METADATA.sorted_tables for column in table.columns]


def everything(engine: Engine) -> dict[str, list[list[Any]]]:
    """Every row of every table as values that compare across databases; JSON null is not NULL."""
    found = {}
    with reading(engine) as session:
        for table in METADATA.sorted_tables:
            kinds = [kind_of(column) for column in table.columns]
            found[table.name] = [
                [
                    ("json", json.loads(value)) if kind == "json" and value else encoded(value)
                    for kind, value in zip(kinds, row, strict=True)
                ]
                for row in _rows(session, table)
            ]
    return found


def test_every_column_of_the_schema_can_be_backed_up() -> None:
    kinds = {f"{column.table.name}.{column.name}": kind_of(column) for column in ALL}

    assert (kinds["events.body"], kinds["events.recorded_at"]) == ("json", "time")
    assert (kinds["submissions.is_open"], kinds["prose.salt"]) == ("boolean", "bytes")


@pytest.mark.parametrize("target", KINDS)
def test_everything_comes_back_on_either_database(
    lived_in: Place, empty_place: Places, target: str, tmp_path: Path
) -> None:
    there = empty_place(target)

    made = lived_in.back_up(tmp_path / "backup")
    done = there.restore(tmp_path / "backup")

    before, after = everything(lived_in.engine), everything(there.engine)
    assert before.keys() == after.keys()
    for table, rows in before.items():
        assert after[table] == rows, table
        # Pictures of kinds that this past has none of are redrawn empty.
        assert rows or table in DRAWN | {"gpts", "revisions"}, f"{table} tests nothing"
    assert sorted(there.objects.digests()) == sorted(lived_in.objects.digests())
    assert done.objects == made.objects == len(TEXTS)
    assert (done.faults, done.differences, done.pending) == ([], [], 1)
    assert len(made.missing) > 0  # the desk's evidence was never stored, and that is said


def test_the_record_goes_on_where_it_was(
    lived_in: Place, empty_place: Places, tmp_path: Path
) -> None:
    there = empty_place("postgres")
    lived_in.back_up(tmp_path / "backup")
    there.restore(tmp_path / "backup")
    desk = Desk(there.engine.url.render_as_string(hide_password=False))
    before = desk.totals()[2]

    answer = desk.review("submit", "sub_9", ADA, gpt="gpt_9")

    assert [event.position for event in answer.events] == [before + 1]
    with reading(there.engine) as session:
        assert read_events(session, STORE).faults == []
    desk.engine.dispose()


def test_only_its_owner_can_read_a_backup(lived_in: Place, tmp_path: Path) -> None:
    lived_in.back_up(tmp_path / "backup", with_key=True)

    for path in [tmp_path / "backup", *(tmp_path / "backup").rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_made_while_everybody_writes_is_of_one_moment(
    request: pytest.FixtureRequest, empty_place: Places, kind: str, tmp_path: Path
) -> None:
    databases: Databases = request.getfixturevalue(kind)
    url = databases.like(new_database)
    desk, stop = Desk(url), Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            desk.queued(number)

    writer = Thread(target=write)
    writer.start()
    try:
        objects = Objects(tmp_path / "objects")
        while desk.totals()[0] < 30:
            stop.wait(0.01)
        manifests = [back_up(desk.engine, objects, KEY, tmp_path / f"b{n}") for n in range(3)]
    finally:
        stop.set()
        writer.join()

    positions = [manifest.positions[STORE] for manifest in manifests]
    assert positions == sorted(positions)
    assert positions[0] < desk.totals()[2]  # it was written to meanwhile
    for number, manifest in enumerate(manifests):
        there = empty_place("sqlite")
        done = there.restore(tmp_path / f"b{number}")
        assert (done.faults, done.differences) == ([], [])
        assert {t.name: t.rows for t in manifest.tables}["events"] == manifest.positions[STORE]
    desk.engine.dispose()
    databases.drop(url)


def test_a_target_that_holds_something_is_left_alone_unless_told(
    lived_in: Place, empty_place: Places, tmp_path: Path
) -> None:
    there = empty_place("postgres")
    new_database(there.engine.url.render_as_string(hide_password=False))
    lived_in.back_up(tmp_path / "backup")
    before = everything(there.engine)

    with pytest.raises(NotEmpty, match="1 publishers"):
        there.restore(tmp_path / "backup")
    after = everything(there.engine)
    there.restore(tmp_path / "backup", replace=True)

    assert after == before
    assert everything(there.engine) == everything(lived_in.engine)


def test_a_migrated_database_without_rows_is_empty(
    lived_in: Place, empty_place: Places, tmp_path: Path
) -> None:
    there = empty_place("sqlite")
    migrated(there.engine.url.render_as_string(hide_password=False))
    lived_in.back_up(tmp_path / "backup")

    assert there.restore(tmp_path / "backup").rows > 0


def test_a_backup_gets_a_folder_of_its_own(lived_in: Place, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")

    with pytest.raises(BadBackup, match="not empty"):
        lived_in.back_up(tmp_path)
    with pytest.raises(BadBackup, match="no folder"):
        lived_in.back_up(tmp_path / "mine.txt")

    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_a_database_that_is_not_ours_or_not_migrated_is_not_backed_up(
    empty_place: Places, tmp_path: Path
) -> None:
    there = empty_place("sqlite")
    with pytest.raises(BadBackup, match="gonogo init"):
        there.back_up(tmp_path / "one")
    migrated(str(there.engine.url))
    with writing(there.engine) as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '0000'"))

    with pytest.raises(BadBackup, match="migrates"):
        there.back_up(tmp_path / "two")


def test_a_damaged_object_is_left_out_and_named(lived_in: Place, tmp_path: Path) -> None:
    digest = lived_in.objects.put(b"rots")
    (lived_in.data / "objects" / "sha256" / digest[:2] / digest[2:]).write_bytes(b"rotten")

    made = lived_in.back_up(tmp_path / "backup")

    assert made.damaged == (digest,)
    assert made.objects == len(TEXTS)
    assert read_manifest(tmp_path / "backup") == made


def test_numbers_go_on_after_the_rows_that_came_back(postgres: PostgresDatabases) -> None:
    url = postgres.empty()
    engine = engine_of(url)
    file = TableFile(name="counted", columns={"id": "integer"}, rows=2, sha256="0" * 64)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counted (id SERIAL PRIMARY KEY, b TEXT)"))
        connection.execute(text("INSERT INTO counted (id) VALUES (7), (9)"))

        _continue_numbers(connection, {"constrained_columns": ["id"]}, file)

        given = connection.execute(text("INSERT INTO counted (b) VALUES ('x') RETURNING id"))
        assert given.scalar_one() == 10
    engine.dispose()
    postgres.drop(url)
