"""What a backup looks like on disk. It is read strictly: whoever restores may hold a damaged one.

    backup.json            what is in it; written last, so that a folder without it is no backup
    tables/NAME.jsonl.gz   one row a line, the values in the order of the manifest's columns
    objects.txt            the digest of every object, sorted, one a line
    objects/ab/cdef…       their bytes
    mac.key                only if it was asked for

Every file has mode 0600. Rows are written as JSON and not as SQL, so that a backup of SQLite can be
restored into PostgreSQL and the other way round.
"""

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from gonogo.db.types import UtcDateTime

MANIFEST, DIGESTS, KEY = "backup.json", "objects.txt", "mac.key"
MANIFEST_MOST = 16 * 1024 * 1024  # bytes
ROW_MOST = 64 * 1024 * 1024  # characters of one line
NAME = r"^[a-z_][a-z0-9_]{0,62}$"
HEX = r"^[0-9a-f]{64}$"

Kind = Literal["text", "integer", "real", "decimal", "boolean", "time", "date", "json", "bytes"]
# How a value of each kind is bound when it is inserted again.
BOUND: Mapping[str, TypeEngine[Any]] = {
    "text": String(),
    "integer": BigInteger(),
    "real": Float(),
    "decimal": Numeric(),
    "boolean": Boolean(),
    "time": UtcDateTime(),
    "date": Date(),
    "json": JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
    "bytes": LargeBinary(),
}


class BadBackup(Exception):
    """The folder is no backup, or not as it was made. The message says what is wrong with it."""


class TableFile(BaseModel):
    """One table. `columns` maps names to kinds, in the order of a line's values."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(pattern=NAME)
    columns: dict[str, Kind]
    rows: int = Field(ge=0)
    sha256: str = Field(pattern=HEX)


class Manifest(BaseModel):
    """`positions`: the newest event of each store. `key_id` names the key without showing it.

    `missing` are objects that the record names and the store no longer had, `damaged` those it had
    with other bytes; neither is in the backup. `seal` is an HMAC over all the rest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1]
    version: str
    made_at: str
    made_on: Literal["sqlite", "postgresql"]
    schema_revision: str = Field(pattern=r"^[0-9A-Za-z_.-]{1,64}$")
    positions: dict[str, int]
    tables: tuple[TableFile, ...] = Field(strict=False)
    objects: int = Field(ge=0)
    objects_sha256: str = Field(pattern=HEX)
    missing: tuple[str, ...] = Field(strict=False)
    damaged: tuple[str, ...] = Field(strict=False)
    has_key: bool
    key_id: str
    seal: str = ""


def read_manifest(folder: Path) -> Manifest:
    """Raises `BadBackup`."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MANIFEST_MOST:
            raise BadBackup(f"{path} is too large to be a manifest")
        return Manifest.model_validate(json.loads(path.read_bytes()))
    except FileNotFoundError as fault:
        raise BadBackup(
            f"{folder} is no backup, or its making was interrupted: no {MANIFEST}"
        ) from fault
    except (ValidationError, ValueError, RecursionError) as fault:
        what = fault.errors()[0]["msg"] if isinstance(fault, ValidationError) else "not JSON"
        raise BadBackup(f"{path} is no manifest of format 1: {what}") from fault


def key_id(key: bytes) -> str:
    """A name for `key` that does not help to find it."""
    return hmac.new(key, b"gonogo key id", hashlib.sha256).hexdigest()[:16]


def seal_of(manifest: Manifest, key: bytes) -> str:
    """An HMAC over everything the manifest says, and so over every file of the backup."""
    value = manifest.model_dump(mode="json", exclude={"seal"})
    own = hmac.new(key, b"gonogo backup", hashlib.sha256).digest()
    return hmac.new(own, rfc8785.dumps(value), hashlib.sha256).hexdigest()


def create(path: Path) -> IO[bytes]:
    """A new file that only its owner may read. Raises `FileExistsError`."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def table_path(folder: Path, name: str) -> Path:
    return folder / "tables" / f"{name}.jsonl.gz"


def object_path(folder: Path, digest: str) -> Path:
    if not re.fullmatch(HEX, digest):
        raise BadBackup(f"{DIGESTS} holds a line that is no SHA-256")
    return folder / "objects" / digest[:2] / digest[2:]


def kind_of(column: "Column[Any]") -> Kind:
    """Raises `TypeError` for a type that backups do not know yet: add it to `BOUND` and here."""
    kinds: tuple[tuple[Any, Kind], ...] = (
        (UtcDateTime, "time"),
        (JSON, "json"),
        (Boolean, "boolean"),
        (Integer, "integer"),
        (Float, "real"),
        (Numeric, "decimal"),
        (Date, "date"),
        (LargeBinary, "bytes"),
        (String, "text"),
    )
    # SQLModel's own string type decorates String.
    for type_ in (column.type, getattr(column.type, "impl", None)):
        for known, kind in kinds:
            if isinstance(type_, known):
                return kind
    raise TypeError(f"backups know no type {column.type!r} ({column.table.name}.{column.name})")


def encoded(value: Any) -> Any:
    """A value as JSON holds it. JSON columns come as their text, so that null and NULL differ."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, Decimal) else value


def decoded(kind: str, value: Any) -> Any:
    """What `encoded` wrote. Raises `ValueError` or `TypeError` for anything else."""
    if value is None:
        return None
    match kind:
        case "time":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case "bytes":
            return base64.b64decode(value, validate=True)
        case "decimal":
            return Decimal(value)
        case "json":
            found = json.loads(value)
            return JSON.NULL if found is None else found
    wanted = {"text": str, "integer": int, "real": int | float, "boolean": bool}[kind]
    if not isinstance(value, wanted) or (kind == "integer" and isinstance(value, bool)):
        raise TypeError(f"{value!r:.40} is no {kind}")
    return value
