"""The database: version, journal, schema, clock, and what waits in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pysqlite3
from sqlalchemy import Engine, func, text
from sqlmodel import Session, col, select

from gonogo.audit.installation import health
from gonogo.cli.doctor.check import Check, clock, timed
from gonogo.cli.doctor.undecidable import undecidable
from gonogo.db.session import newest_schema, reading
from gonogo.db.tables import CommandRow, OutboxRow
from gonogo.settings import Settings

# Older ones can corrupt a WAL that two processes write.
SQLITE_LEAST = (3, 51, 3)
_OLD = timedelta(minutes=5)
_MOST_CASES = 50


def database(settings: Settings, engine: Engine) -> Iterator[Check]:
    sqlite = engine.dialect.name == "sqlite"
    if sqlite:
        old = pysqlite3.sqlite_version_info < SQLITE_LEAST
        yield Check(
            "fail" if old else "ok",
            "SQLite",
            f"{pysqlite3.sqlite_version} through pysqlite3",
            "install pysqlite3 with 3.51.3 or newer" if old else "",
        )
        if not is_there(settings):
            yield Check(
                "fail",
                "database",
                f"none in {settings.data.resolve()}",
                "gonogo init, or gonogo up",
            )
            return
    with timed() as took, reading(engine) as session:
        found = list(_sqlite(session) if sqlite else _postgres(session))
        schema = session.connection().execute(text("SELECT version_num FROM alembic_version"))
        at = schema.scalar()
    yield Check("ok", "database", f"{engine.dialect.name} answers in {took}")
    yield from found
    newest = newest_schema()
    yield Check(
        "ok" if at == newest else "fail",
        "schema",
        f"{at}, newest is {newest}",
        "" if at == newest else "start gonogo once: it migrates",
    )


def record(settings: Settings, engine: Engine) -> Iterator[Check]:
    """How the checkpoints of the record stand."""
    if is_there(settings):
        state, found, remedy = health(settings, engine)
        yield Check(state, "record", found, remedy)


def is_there(settings: Settings) -> bool:
    return settings.database_url is not None or (settings.data / "gonogo.db").exists()


def _sqlite(session: Session) -> Iterator[Check]:
    mode = session.connection().execute(text("PRAGMA journal_mode")).scalar_one()
    yield Check(
        "ok" if mode == "wal" else "fail",
        "journal mode",
        str(mode),
        "" if mode == "wal" else "keep the database on a local disk",
    )


def _postgres(session: Session) -> Iterator[Check]:
    connection = session.connection()
    before = datetime.now(UTC)
    theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    ours = before + (datetime.now(UTC) - before) / 2
    yield clock("PostgreSQL's", (ours - theirs).total_seconds())
    said = {
        name: connection.execute(text(f"SHOW {name}")).scalar_one()
        for name in ("server_version", "fsync", "synchronous_commit")
    }
    safe = said["fsync"] == "on" and said["synchronous_commit"] != "off"
    yield Check(
        "ok" if safe else "fail",
        "PostgreSQL",
        ", ".join(f"{name} {value}" for name, value in said.items()),
        "" if safe else "set fsync and synchronous_commit on: a crash would lose what was answered",
    )


def waiting(settings: Settings, engine: Engine) -> Iterator[Check]:
    """Commands nobody answered and events nobody was told of, for longer than they should."""
    if not is_there(settings):
        return
    before = datetime.now(UTC) - _OLD
    with reading(engine) as session:
        commands = session.exec(
            select(func.count()).where(
                CommandRow.store_id == settings.store,
                col(CommandRow.status).in_(("pending", "recorded")),
                col(CommandRow.received_at) < before,
            )
        ).one()
        untold = session.exec(
            select(func.count()).where(
                OutboxRow.store_id == settings.store,
                col(OutboxRow.delivered_at).is_(None),
                col(OutboxRow.created_at) < before,
            )
        ).one()
    yield Check(
        "warn" if commands else "ok",
        "commands",
        f"{commands} wait for more than five minutes",
        "see the orchestrator and its workers; whoever gave them may ask again" if commands else "",
    )
    yield Check(
        "warn" if untold else "ok",
        "outbox",
        f"{untold} events were told nobody for more than five minutes",
        "see the log of the API and of the worker for what does not answer" if untold else "",
    )


def cases(settings: Settings, engine: Engine) -> Iterator[Check]:
    """Open cases that nobody may decide (I2)."""
    if not is_there(settings):
        return
    stuck = undecidable(engine, settings.store)
    for case, why in stuck[:_MOST_CASES]:
        yield Check(
            "warn",
            "case",
            f"{case}: {why}",
            "add a reviewer outside the publisher: gonogo people add",
        )
    if len(stuck) > _MOST_CASES:
        yield Check("warn", "cases", f"{len(stuck) - _MOST_CASES} more that nobody may decide")
    if not stuck:
        yield Check("ok", "cases", "somebody may decide each open case")
