"""A backup that is cut short, rotten or forged is found out before the database is touched."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from gonogo.backup.layout import (
    MANIFEST,
    MANIFEST_MOST,
    BadBackup,
    Manifest,
    TableFile,
    key_id,
    read_manifest,
    seal_of,
    sha256_of,
    table_path,
)
from tests.backup.conftest import Place, Places
from tests.builders import KEY
from tests.db.desk import new_database

Damage = Callable[[Path], object]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def an_object(folder: Path) -> Path:
    return next(path for path in sorted((folder / "objects").rglob("*")) if path.is_file())


DAMAGES: dict[str, Damage] = {
    "a table cut short": lambda b: cut(table_path(b, "events")),
    "a table missing": lambda b: table_path(b, "leases").unlink(),
    "an object cut short": lambda b: cut(an_object(b)),
    "an object missing": lambda b: an_object(b).unlink(),
    "an object replaced": lambda b: an_object(b).write_bytes(b"something else"),
    "the list of objects cut short": lambda b: cut(b / "objects.txt"),
    "the list of objects missing": lambda b: (b / "objects.txt").unlink(),
    "the manifest cut short": lambda b: cut(b / MANIFEST),
    "the manifest missing": lambda b: (b / MANIFEST).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_not_as_it_was_made_is_refused_and_nothing_is_written(
    backup: Path, there: Place, damage: Damage
) -> None:
    damage(backup)

    with pytest.raises(BadBackup):
        there.restore(backup)

    assert inspect(there.engine).get_table_names() == []
    assert list(there.objects.digests()) == []


def rewritten(backup: Path, **changes: Any) -> None:
    """Change the manifest as somebody would who has no key: everything fits but the seal."""
    value = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps(value | changes))


def forged(backup: Path, table: str, change: Callable[[list[Any]], None]) -> None:
    """Change the rows of a table and every checksum that goes with them."""
    path = table_path(backup, table)
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    change(rows)
    path.write_bytes(gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in rows)))
    manifest = read_manifest(backup)
    tables = [
        each
        if each.name != table
        else each.model_copy(update={"rows": len(rows), "sha256": sha256_of(path)})
        for each in manifest.tables
    ]
    rewritten(backup, tables=[each.model_dump() for each in tables])


def another_actor(rows: list[list[Any]]) -> None:
    row = next(row for row in rows if row[1] == "sub_1")
    row[row.index("per_ada")] = "per_eve"


def test_a_forged_event_is_found_by_the_seal(backup: Path, there: Place) -> None:
    (there.data / "mac.key").write_bytes(KEY)
    forged(backup, "events", another_actor)

    with pytest.raises(BadBackup, match="changed after"):
        there.restore(backup)

    assert inspect(there.engine).get_table_names() == []


def test_without_the_key_a_forged_event_is_found_by_the_chain(backup: Path, there: Place) -> None:
    forged(backup, "events", another_actor)

    done = there.restore(backup)

    assert (done.sealed, done.same_key) == (False, False)
    assert [(fault.subject, fault.seq) for fault in done.faults] == [("sub_1", 2)]


def test_a_forged_picture_is_redrawn_and_named(backup: Path, there: Place) -> None:
    def promote(rows: list[list[Any]]) -> None:
        row = next(row for row in rows if "sub_2" in row)
        row[row.index("in_review")] = "approved"

    forged(backup, "submissions", promote)

    done = there.restore(backup)

    assert (done.faults, done.differences) == ([], ["sub_2"])


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.append(rows[0]),  # twice: the primary key says no
        lambda rows: rows[0].pop(),
        lambda rows: rows.insert(0, {"not": "a row"}),
        lambda rows: rows[0].__setitem__(2, "not a number"),
        lambda rows: rows[0].__setitem__(10, "not a time"),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rows_that_do_not_fit_leave_the_database_as_it_was(
    backup: Path, empty_place: Places, kind: str, change: Callable[[list[Any]], None]
) -> None:
    there = empty_place(kind)
    new_database(there.engine.url.render_as_string(hide_password=False))
    forged(backup, "events", change)

    with pytest.raises(BadBackup):
        there.restore(backup, replace=True)

    with there.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id FROM publishers").all()
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema_revision": "9999_from_later"}, "newer version"),
        ({"schema_revision": "../../etc"}, "no manifest"),
        ({"format": 2}, "no manifest"),
        ({"tables": "none"}, "no manifest"),
        ({"tables": []}, "its tables"),
        ({"surprise": 1}, "no manifest"),
        ({"objects": "3"}, "no manifest"),
        ({"objects": 1}, "names"),
    ],
)
def test_a_hostile_manifest_is_refused(
    backup: Path, there: Place, changes: dict[str, Any], says: str
) -> None:
    rewritten(backup, **changes)

    with pytest.raises(BadBackup, match=says):
        there.restore(backup)

    assert inspect(there.engine).get_table_names() == []


def test_no_name_of_a_table_leads_out_of_the_folder(backup: Path, there: Place) -> None:
    table = {"name": "../../mac", "columns": {}, "rows": 0, "sha256": "0" * 64}
    rewritten(backup, tables=[table])

    with pytest.raises(BadBackup, match="no manifest"):
        there.restore(backup)


def test_no_digest_leads_out_of_the_folder(backup: Path, there: Place) -> None:
    listing = b"../../../../etc/passwd\n"
    (backup / "objects.txt").write_bytes(listing)
    rewritten(backup, objects=1, objects_sha256=hashlib.sha256(listing).hexdigest())

    with pytest.raises(BadBackup, match="no SHA-256"):
        there.restore(backup)


@pytest.mark.parametrize("text", ["[" * 100_000, "null", " " * (MANIFEST_MOST + 1), "\x00"])
def test_what_is_no_manifest_at_all_is_refused(backup: Path, there: Place, text: str) -> None:
    (backup / MANIFEST).write_text(text)

    with pytest.raises(BadBackup):
        there.restore(backup)


def test_the_key_comes_along_only_if_asked_and_replaces_none_for_good(
    pristine: Path, there: Place
) -> None:
    (there.data / "mac.key").write_bytes(b"another key")

    without = there.restore(pristine / "backup")
    kept = (there.data / "mac.key").read_bytes()
    done = there.restore(pristine / "with-key", replace=True)

    assert not (pristine / "backup" / "mac.key").exists()
    assert (without.sealed, without.same_key, without.pending) == (False, False, 1)
    assert kept == b"another key"
    assert (done.sealed, done.same_key) == (True, True)
    assert (there.data / "mac.key").read_bytes() == KEY
    assert (there.data / "mac.key").stat().st_mode & 0o777 == 0o600
    assert [p.read_bytes() for p in there.data.glob("mac.key.replaced-*")] == [b"another key"]


def test_a_seal_covers_every_word_of_the_manifest(backup: Path) -> None:
    manifest = read_manifest(backup)
    seals = {seal_of(manifest, KEY)}

    changed: list[Manifest] = [
        manifest.model_copy(update={name: value})
        for name, value in {
            "made_at": "2020-01-01", "positions": {}, "tables": manifest.tables[1:], "objects": 0,
            "schema_revision": "0", "has_key": True, "missing": ("x",), "objects_sha256": "0" * 64,
        }.items()
    ]  # fmt: skip
    first: TableFile = manifest.tables[0].model_copy(update={"sha256": "0" * 64})
    changed.append(manifest.model_copy(update={"tables": (first, *manifest.tables[1:])}))

    assert manifest.seal in seals
    assert len({seal_of(each, KEY) for each in changed} | seals) == len(changed) + 1
    assert key_id(KEY) not in KEY.hex()
