"""Engines: SQLite through pysqlite3 (WAL, FULL, BEGIN IMMEDIATE) or PostgreSQL through psycopg."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3
from alembic import command as alembic
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlmodel import Session

MIGRATIONS = Path(__file__).parent / "migrations"


def engine_of(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://…`. Opens nothing yet.

    On SQLite every transaction that may write starts with BEGIN IMMEDIATE, so that two processes
    queue up (30 s) instead of failing half-way; readers mark themselves read-only and use a plain
    BEGIN, which in WAL never waits.
    """
    if not url.startswith("sqlite"):
        return create_engine(
            url, pool_size=5, max_overflow=10, pool_pre_ping=True, hide_parameters=True
        )
    engine = create_engine(
        url,
        module=pysqlite3,
        connect_args={"timeout": 30, "check_same_thread": False},
        pool_size=5,
        max_overflow=20,
        hide_parameters=True,  # an error must not quote what somebody wrote
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("gonogo_reads", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One unit of work, one transaction; rolled back on any error."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A consistent snapshot that never waits for a writer."""
    bound = engine.execution_options(gonogo_reads=True)
    with Session(bound, expire_on_commit=False) as session:
        yield session


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version. Safe to call from several processes."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7370)")
        alembic.upgrade(config, "head")
