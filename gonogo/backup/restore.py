"""Restore a backup: check every byte, load it in one transaction, then prove the record.

Nothing is written before everything was checked. If loading fails, the database stays as it was.
"""

import gzip
import hmac
import json
import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic import command as alembic
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import InterfaceError, OperationalError, StatementError

from gonogo.audit.events import read_events
from gonogo.backup.layout import (
    BOUND,
    DIGESTS,
    KEY,
    ROW_MOST,
    BadBackup,
    Manifest,
    TableFile,
    create,
    decoded,
    key_id,
    object_path,
    read_manifest,
    seal_of,
    sha256_of,
    table_path,
)
from gonogo.db.session import alembic_config, known_schemas, migrate, reading
from gonogo.objects import Objects
from gonogo.recovery import rebuild
from policies.audit.chain import Fault

_BATCH = 500
_TELL_ROWS, _TELL_OBJECTS = 50_000, 1_000
_VERSION = "alembic_version"

Tell = Callable[[str], None]


class NotEmpty(Exception):
    """The target holds rows already. The message counts them."""


@dataclass
class Restored:
    """`sealed`: the seal was checked with a key at hand. `same_key`: it is the key of the backup.

    `faults` are what is wrong with the chain of events, `differences` the pictures that were not
    what their events say. `pending`: commands that only the old key can vouch for.
    """

    rows: int = 0
    objects: int = 0
    sealed: bool = False
    same_key: bool = False
    pending: int = 0
    faults: list[Fault] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def check(folder: Path, keys: tuple[bytes, ...], tell: Tell = lambda line: None) -> bool:
    """Whether the seal could be checked; every file is as the manifest says. Raises `BadBackup`."""
    manifest = read_manifest(folder)
    if manifest.schema_revision not in known_schemas():
        raise BadBackup(
            f"it was made by a newer version ({manifest.version}, schema "
            f"{manifest.schema_revision}): restore it with that one"
        )
    key = next((key for key in keys if key_id(key) == manifest.key_id), None)
    if key and not hmac.compare_digest(seal_of(manifest, key), manifest.seal):
        raise BadBackup("the manifest was changed after the backup was made")
    for table in manifest.tables:
        path = table_path(folder, table.name)
        if not path.is_file() or sha256_of(path) != table.sha256:
            raise BadBackup(f"{path} is missing or not as it was made")
    for count, digest in enumerate(_digests(folder, manifest), start=1):
        path = object_path(folder, digest)
        if not path.is_file() or sha256_of(path) != digest:
            raise BadBackup(f"object {digest} is missing or not as it was made")
        if count % _TELL_OBJECTS == 0:
            tell(f"{count} of {manifest.objects} objects checked")
    return key is not None


def restore(
    engine: Engine,
    objects: Objects,
    data: Path,
    folder: Path,
    *,
    replace: bool = False,
    tell: Tell = lambda line: None,
) -> Restored:
    """Restore `folder` into `engine` and `objects`, and its key, if it has one, into `data`.

    `replace`: whatever the database holds is dropped. Raises `BadBackup` and `NotEmpty`; the
    database is then as it was.
    """
    here, there = _key(data), _key(folder)
    result = Restored(sealed=check(folder, tuple(filter(None, (here, there))), tell))
    manifest = read_manifest(folder)
    if not replace:
        with engine.connect() as connection:
            require_empty(connection)
    result.objects = _put(objects, folder, manifest, tell)
    with engine.connect() as connection, connection.begin():
        if not replace:
            require_empty(connection)
        _clear(connection)
        alembic.upgrade(alembic_config(connection), manifest.schema_revision)
        result.rows = _load(connection, folder, manifest, tell)
    if there and there != here:
        _install(data, there)
    migrate(engine)
    result.same_key = (there or here) is not None and key_id(
        there or here or b""
    ) == manifest.key_id
    for store in manifest.positions:
        tell(f"verifying and redrawing {store}")
        with reading(engine) as session:
            result.faults += read_events(session, store).faults
        result.differences += rebuild(engine, store).differences
    with engine.connect() as connection:
        pending = text("SELECT count(*) FROM commands WHERE status = 'pending'")
        result.pending = int(connection.execute(pending).scalar_one())
    return result


def require_empty(connection: Connection) -> None:
    """Raises `NotEmpty` if any table has a row."""
    found = MetaData()
    found.reflect(connection)
    held = {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in found.tables.items()
        if name != _VERSION
    }
    if any(held.values()):
        told = ", ".join(f"{count} {name}" for name, count in sorted(held.items()) if count)
        raise NotEmpty(f"the database holds {told}")


def _clear(connection: Connection) -> None:
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)


def _digests(folder: Path, manifest: Manifest) -> list[str]:
    path = folder / DIGESTS
    if not path.is_file() or sha256_of(path) != manifest.objects_sha256:
        raise BadBackup(f"{path} is missing or not as it was made")
    digests = path.read_text("ascii").split()
    if len(digests) != manifest.objects:
        raise BadBackup(f"{path} names {len(digests)} objects, the manifest {manifest.objects}")
    return digests


def _put(objects: Objects, folder: Path, manifest: Manifest, tell: Tell) -> int:
    """Objects first: an object that no event names does no harm, the other way round it does."""
    digests = _digests(folder, manifest)
    for count, digest in enumerate(digests, start=1):
        if objects.put(object_path(folder, digest).read_bytes()) != digest:
            raise BadBackup(f"object {digest} changed while it was restored")
        if count % _TELL_OBJECTS == 0:
            tell(f"{count} of {manifest.objects} objects")
    return len(digests)


def _load(connection: Connection, folder: Path, manifest: Manifest, tell: Tell) -> int:
    """Insert every row of the backup into the empty schema it was made of."""
    looked = inspect(connection)
    wanted = set(looked.get_table_names()) - {_VERSION}
    if wanted != {table.name for table in manifest.tables}:
        raise BadBackup("its tables are not those of its schema")
    total = 0
    for file in manifest.tables:
        if {column["name"] for column in looked.get_columns(file.name)} != set(file.columns):
            raise BadBackup(f"the columns of {file.name} are not those of its schema")
        table = Table(
            file.name,
            MetaData(),
            *(Column(name, BOUND[kind]) for name, kind in file.columns.items()),
        )
        batch: list[dict[str, Any]] = []
        for count, row in enumerate(_rows(folder, file), start=1):
            batch.append(row)
            if len(batch) == _BATCH:
                _insert(connection, table, batch)
                batch = []
            if count % _TELL_ROWS == 0:
                tell(f"{file.name}: {count} of {file.rows} rows")
        if batch:
            _insert(connection, table, batch)
        total += file.rows
        _continue_numbers(connection, looked.get_pk_constraint(file.name), file)
    return total


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    try:
        connection.execute(insert(table), rows)
    except (OperationalError, InterfaceError):
        raise  # the database, not the backup
    except StatementError as fault:
        kind = type(fault.orig).__name__
        raise BadBackup(f"rows of {table.name} do not fit its schema ({kind})") from fault


def _rows(folder: Path, file: TableFile) -> Iterator[dict[str, Any]]:
    kinds, count = tuple(file.columns.items()), 0
    try:
        with gzip.open(
            table_path(folder, file.name), "rt", encoding="utf-8", newline="\n"
        ) as lines:
            while line := lines.readline(ROW_MOST):
                values = json.loads(line)
                if not isinstance(values, list) or len(values) != len(kinds):
                    raise BadBackup(f"line {count + 1} of {file.name} is no row of it")
                count += 1
                yield {
                    name: decoded(kind, value)
                    for (name, kind), value in zip(kinds, values, strict=True)
                }
    except (EOFError, OSError, ValueError, TypeError, RecursionError, zlib.error) as fault:
        raise BadBackup(f"line {count + 1} of {file.name} cannot be read") from fault
    if count != file.rows:
        raise BadBackup(f"{file.name} has {count} rows, the manifest says {file.rows}")


def _continue_numbers(connection: Connection, key: Any, file: TableFile) -> None:
    """PostgreSQL numbers rows by a sequence, which knows nothing of the rows just inserted."""
    columns = key["constrained_columns"]
    if connection.dialect.name != "postgresql" or len(columns) != 1 or not file.rows:
        return
    column = columns[0]
    if file.columns[column] != "integer":
        return
    given = {"table": file.name, "column": column}
    named = text("SELECT pg_get_serial_sequence(:table, :column)")
    sequence = connection.execute(named, given).scalar()
    if sequence:
        table = Table(file.name, MetaData(), Column(column, BOUND["integer"]))
        newest = connection.execute(select(func.max(table.columns[column]))).scalar_one()
        connection.execute(text("SELECT setval(:it, :newest)"), {"it": sequence, "newest": newest})


def _key(folder: Path) -> bytes | None:
    path = folder / KEY
    return path.read_bytes() if path.is_file() else None


def _install(data: Path, key: bytes) -> None:
    """The key of the backup takes the place of the one that is there, which is kept beside it."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / KEY
    if path.exists():
        path.rename(data / f"{KEY}.replaced-{secrets.token_hex(4)}")
    with create(path) as file:
        file.write(key)
