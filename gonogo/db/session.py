"""Engines and units of work: SQLite through pysqlite3, or PostgreSQL through psycopg.

Both keep one promise, so that code above need not know which it is on: a unit of work that writes
is alone from its first statement to its commit, across processes. SQLite keeps it by BEGIN
IMMEDIATE, PostgreSQL by an advisory lock that ends with the transaction. Readers wait for nobody
and see one snapshot.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pysqlite3
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError
from sqlmodel import Session

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# Keys of PostgreSQL's advisory locks: who migrates, and who writes.
MIGRATING, WRITING = 7370, 7371
_WAIT_S = 30
_TURNS: "WeakKeyDictionary[Engine, Lock]" = WeakKeyDictionary()
_REVISION = re.compile(r"""^revision[^=]*= ["'](\w+)["']""", re.M)
_DOWN_REVISION = re.compile(r"""^down_revision[^=]*= ["'](\w+)["']""", re.M)
# What every connection to PostgreSQL is told: UTC; an error instead of an endless wait; and that
# the lock of a process which froze in the middle of its work is not held for ever.
_POSTGRES_OPTIONS = (
    f"-c timezone=UTC -c lock_timeout={_WAIT_S}s -c idle_in_transaction_session_timeout=60s"
)


def engine_of(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`. Opens nothing yet.

    Raises `ValueError` for any other database. The message shows no password.
    """
    try:
        found = make_url(url)
    except ArgumentError as fault:
        raise ValueError("this is no database URL: sqlite:///PATH or postgresql://…") from fault
    if found.drivername == "sqlite":
        return _sqlite(found)
    if found.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return _postgresql(found.set(drivername="postgresql+psycopg"))
    raise ValueError(f"{found.drivername} is no database for this: use sqlite or postgresql")


def _sqlite(url: URL) -> Engine:
    """Two processes that write queue up (30 s) instead of failing half-way; in WAL, readers
    never wait."""
    engine = create_engine(
        url,
        module=pysqlite3,
        connect_args={"timeout": _WAIT_S, "check_same_thread": False},
        pool_size=5,
        max_overflow=20,
        hide_parameters=True,  # an error must not quote what somebody wrote
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        _write_ahead(connection)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={_WAIT_S * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("gonogo_reads", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    """At most 20 connections per process. One that died with the server is replaced unnoticed."""
    own = url.query.get("options", "")
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=15,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "gonogo",
            "options": f"{_POSTGRES_OPTIONS} {own if isinstance(own, str) else ' '.join(own)}",
            # A server that vanished without a word is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
        },
    )

    _close_after_disposal(engine)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if not options.get("gonogo_reads") and not options.get("gonogo_beside"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING})")

    return engine


def _close_after_disposal(engine: Engine) -> None:
    """A connection that was in use while its engine was disposed of is closed when it comes back,
    instead of resting in a pool that nobody has any more."""
    disposals = 0

    @event.listens_for(engine, "connect")
    def born(_: Any, record: Any) -> None:
        record.info["disposals"] = disposals

    @event.listens_for(engine, "engine_disposed")
    def disposed(_: Any) -> None:
        nonlocal disposals
        disposals += 1

    @event.listens_for(engine, "checkin")
    def returned(connection: Any, record: Any) -> None:
        if connection is not None and record.info.get("disposals") != disposals:
            record.invalidate()


def _write_ahead(connection: Any) -> None:
    """Several processes that open a new file at once meet its lock here, and this one pragma does
    not wait for it by itself."""
    ends = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except pysqlite3.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)


@contextmanager
def writing(engine: Engine, *, beside: bool = False) -> Iterator[Session]:
    """One unit of work, one transaction, alone; rolled back on any error.

    `beside`: it inserts rows that nothing else touches and decides nothing on what it reads, so on
    PostgreSQL it need not wait for other writers.
    """
    bound = engine.execution_options(gonogo_beside=True) if beside else engine
    with _turn(engine), Session(bound, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Threads that write to one SQLite file take turns. Left to SQLite, each that finds it locked
    sleeps for up to a tenth of a second, however soon the other is done; processes still do.

    A courtesy, no guard: who waits for too long asks SQLite, which has its own patience.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    lock = _TURNS.setdefault(engine, Lock())  # dict.setdefault inside, so one lock for all
    taken = lock.acquire(timeout=_WAIT_S)
    try:
        yield
    finally:
        if taken:
            lock.release()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A consistent snapshot that never waits for a writer."""
    bound = engine.execution_options(gonogo_reads=True)
    if engine.dialect.name == "postgresql":
        bound = bound.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with Session(bound, expire_on_commit=False) as session:
        yield session


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the schema to the newest version. Safe to call from several processes.

    Nearly always there is nothing to do; then Alembic, which takes long to import, is not needed.
    """
    if to == "head" and _version_of(engine) == newest_schema():
        return
    from alembic import command as alembic

    with engine.execution_options(gonogo_beside=True).connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            # Another process may migrate for longer than anybody should wait for a row.
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
        alembic.upgrade(alembic_config(connection), to)


def newest_schema() -> str:
    """The version of the schema that this code reads and writes: the one that no other follows."""
    texts = [path.read_text("utf-8") for path in sorted((MIGRATIONS / "versions").glob("*.py"))]
    named = {found[1] for text in texts if (found := _REVISION.search(text))}
    followed = {found[1] for text in texts if (found := _DOWN_REVISION.search(text))}
    (newest,) = named - followed
    return newest


def _version_of(engine: Engine) -> str | None:
    """The revision the schema is at; None for a database without one."""
    try:
        with reading(engine) as session:
            found = session.connection().exec_driver_sql("SELECT version_num FROM alembic_version")
            return str(found.scalar())
    except (OperationalError, ProgrammingError):
        return None


def alembic_config(connection: Any = None) -> "Config":
    """Alembic's view of our migrations, on `connection` where something is to be run."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def known_schemas() -> list[str]:
    """Every version of the schema that this code can migrate from, the newest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(alembic_config())
    return [script.revision for script in scripts.walk_revisions()]
