"""One database with a store per session and kind, copied for each test: all runs on both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gonogo.objects import Objects
from tests.conftest import KINDS
from tests.databases import Databases
from tests.db.desk import Desk, new_database


@pytest.fixture(params=KINDS)
def both(request: pytest.FixtureRequest) -> Databases:
    """Databases of each kind in turn."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(both: Databases) -> Iterator[str]:
    """The URL of a database with one store, one verified publisher and the default pack."""
    url = both.like(new_database)
    yield url
    both.drop(url)


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    desk = Desk(database)
    yield desk
    desk.engine.dispose()


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "objects")
