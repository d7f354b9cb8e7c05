"""Text that people wrote: kept by salted digest, so that erasing it breaks no chain."""

import hashlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from gonogo.db.session import reading, writing
from gonogo.db.tables import ProseRow

_AT_ONCE = 500  # digests in one query


def prose_of(text: str) -> ProseRow:
    """The row of `text`, not stored yet; its digest, `prose:…`, goes into an event's body."""
    salt = secrets.token_bytes(16)
    digest = "prose:" + hashlib.sha256(salt + text.encode()).hexdigest()
    return ProseRow(digest=digest, salt=salt, text=text, created_at=datetime.now(UTC))


def keep_prose(engine: Engine, text: str | None) -> str | None:
    """Store `text`, return `prose:<digest>` for an event's body; None stays None."""
    if not text:
        return None
    row = prose_of(text)
    with writing(engine, beside=True) as session:
        session.add(row)
    return row.digest


def read_prose(engine: Engine, digests: set[str]) -> dict[str, str]:
    """The texts that are still there, by digest."""
    if not digests:
        return {}
    found: dict[str, str] = {}
    wanted = sorted(digests)
    with reading(engine) as session:
        for start in range(0, len(wanted), _AT_ONCE):
            some = col(ProseRow.digest).in_(wanted[start : start + _AT_ONCE])
            rows = session.exec(select(ProseRow.digest, ProseRow.text).where(some))
            found |= dict(rows.all())
    return found


def prose_in(value: Any) -> Iterator[str]:
    """The digests of texts that an event's body names, however deep."""
    if isinstance(value, str) and value.startswith("prose:"):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from prose_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from prose_in(one)
