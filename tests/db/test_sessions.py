"""What engines promise about their connections on PostgreSQL."""

from sqlalchemy import text

from gonogo.db.session import engine_of, reading
from tests.databases import PostgresDatabases, migrated

COUNT = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name")


def test_a_connection_in_use_while_its_engine_goes_is_closed_on_return(
    postgres: PostgresDatabases,
) -> None:
    url = postgres.like(migrated)
    engine, other = engine_of(url), engine_of(url)

    with reading(engine) as session:
        session.connection().execute(text("SELECT 1"))
        engine.dispose()
        raw = session.connection().connection.dbapi_connection
        assert raw is not None

    assert raw.closed
    with reading(other) as session:  # its own connection is the only one that is left
        count = session.connection().execute(COUNT, {"name": other.url.database}).scalar_one()
    assert count == 1
    other.dispose()
    postgres.drop(url)


def test_a_killed_connection_is_replaced_without_a_word(postgres: PostgresDatabases) -> None:
    url = postgres.like(migrated)
    engine = engine_of(url)
    with reading(engine) as session:
        pid = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
    with postgres.cluster.connect() as operator:
        operator.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    with reading(engine) as session:
        now = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()

    assert now != pid
    engine.dispose()
    postgres.drop(url)
