"""Make a backup: one snapshot of the database, then every object. The installation may run.

Objects are stored before an event names them, so those that are there after the snapshot was taken
are at least those the snapshot names.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, Text, cast, select, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from gonogo.backup.layout import (
    DIGESTS,
    KEY,
    MANIFEST,
    BadBackup,
    Manifest,
    TableFile,
    create,
    encoded,
    key_id,
    kind_of,
    object_path,
    seal_of,
    sha256_of,
    table_path,
)
from gonogo.db.schema import METADATA
from gonogo.db.session import newest_schema, reading
from gonogo.objects import ObjectFault, Objects

_BATCH = 1_000
_TELL_ROWS, _TELL_OBJECTS = 50_000, 1_000

Tell = Callable[[str], None]


def back_up(
    engine: Engine,
    objects: Objects,
    key: bytes,
    folder: Path,
    *,
    with_key: bool = False,
    tell: Tell = lambda line: None,
) -> Manifest:
    """Write a backup into `folder`, which must be empty or absent. Raises `BadBackup`.

    What is interrupted leaves a folder without a manifest, which no restore takes for a backup.
    """
    _prepare(folder)
    named: set[str] = set()
    with reading(engine) as session:
        schema = _schema(session)
        tables = tuple(
            _table(session, each, folder, named, tell) for each in METADATA.sorted_tables
        )
        stores = METADATA.tables["stores"]
        positions = dict(session.connection().execute(select(stores.c.id, stores.c.position)).all())
    kept, damaged = _objects(objects, folder, tell)
    listing = "".join(f"{digest}\n" for digest in kept).encode()
    _write(folder / DIGESTS, listing)
    if with_key:
        _write(folder / KEY, key)
    manifest = Manifest(
        format=1,
        version=_version(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        made_on="sqlite" if engine.dialect.name == "sqlite" else "postgresql",
        schema_revision=schema,
        positions=positions,
        tables=tables,
        objects=len(kept),
        objects_sha256=hashlib.sha256(listing).hexdigest(),
        missing=tuple(sorted(named - set(kept) - set(damaged))),
        damaged=tuple(damaged),
        has_key=with_key,
        key_id=key_id(key),
    )
    sealed = manifest.model_copy(update={"seal": seal_of(manifest, key)})
    os.sync()  # everything the manifest vouches for is on the disk before it is
    _write(folder / f"{MANIFEST}.new", sealed.model_dump_json(indent=1).encode())
    (folder / f"{MANIFEST}.new").rename(folder / MANIFEST)
    os.sync()
    return sealed


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise BadBackup(f"{folder} is not empty: a backup gets a folder of its own")
        for name in ("tables", "objects"):
            (folder / name).mkdir(mode=0o700)
    except (FileExistsError, NotADirectoryError) as fault:
        raise BadBackup(f"{folder} is no folder") from fault


def _schema(session: Session) -> str:
    try:
        found = session.connection().execute(text("SELECT version_num FROM alembic_version"))
        schema = str(found.scalar_one())
    except DatabaseError as fault:
        raise BadBackup("the database holds nothing of ours: gonogo init") from fault
    if schema != newest_schema():
        raise BadBackup(
            f"the schema is {schema}, this version writes {newest_schema()}: "
            "start gonogo up once, it migrates"
        )
    return schema


def _table(session: Session, table: Table, folder: Path, named: set[str], tell: Tell) -> TableFile:
    """Write one table in the order of its key; what it names of objects is added to `named`."""
    path, rows = table_path(folder, table.name), 0
    kinds = {column.name: kind_of(column) for column in table.columns}
    with create(path) as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        for row in _rows(session, table):
            line = json.dumps([encoded(value) for value in row], ensure_ascii=False)
            packed.write(line.encode() + b"\n")
            named |= _named(table.name, row)
            rows += 1
            if rows % _TELL_ROWS == 0:
                tell(f"{table.name}: {rows} rows")
    return TableFile(name=table.name, columns=kinds, rows=rows, sha256=sha256_of(path))


def _rows(session: Session, table: Table) -> Iterator[Any]:
    # JSON as text: what is read into Python cannot tell a JSON null from no value.
    wanted = [
        cast(column, Text).label(column.name) if kind_of(column) == "json" else column
        for column in table.columns
    ]
    query = select(*wanted).order_by(*table.primary_key.columns)
    return iter(session.connection().execution_options(yield_per=_BATCH).execute(query))


def _named(table: str, row: Any) -> set[str]:
    """Digests of objects that are lost if the object store has lost them."""
    if table == "revisions":
        return {row.digest}
    return set(json.loads(row.evidence)) if table == "events" else set()


def _objects(objects: Objects, folder: Path, tell: Tell) -> tuple[list[str], list[str]]:
    """Copy every object, its bytes checked. Returns (those copied, those damaged), sorted."""
    kept, damaged = [], []
    for count, digest in enumerate(sorted(objects.digests()), start=1):
        try:
            data = objects.get(digest)
        except ObjectFault:
            damaged.append(digest)
            continue
        path = object_path(folder, digest)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _write(path, data)
        kept.append(digest)
        if count % _TELL_OBJECTS == 0:
            tell(f"{count} objects")
    return kept, damaged


def _write(path: Path, data: bytes) -> None:
    with create(path) as file:
        file.write(data)


def _version() -> str:
    try:
        return version("gonogo")
    except PackageNotFoundError:
        return "checkout"
