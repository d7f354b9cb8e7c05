"""One migrated database per run, copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.db.desk import Desk, new_database


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "empty.db"
    new_database(path)
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path / "gonogo.db"))


@pytest.fixture
def desk(database: Path) -> Iterator[Desk]:
    desk = Desk(database)
    yield desk
    desk.engine.dispose()
