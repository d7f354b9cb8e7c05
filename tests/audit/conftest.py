"""One told record per session and kind of database, with two checkpoints; copied for each test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gonogo.db.adoption import adopt
from tests.audit.desk import Audited
from tests.builders import STORE
from tests.databases import Build, Databases
from tests.db.desk import new_database
from tests.policies.states import PREPARED, SYS

Tellers = Callable[[str], tuple[Build, Path]]


@pytest.fixture(scope="session")
def tellers(tmp_path_factory: pytest.TempPathFactory) -> Tellers:
    """By kind: what builds the record, and the data folder that belongs to it."""
    known: dict[str, tuple[Build, Path]] = {}

    def teller(kind: str) -> tuple[Build, Path]:
        if kind not in known:
            folder = tmp_path_factory.mktemp("told") / kind
            known[kind] = (lambda url: tell(url, folder)), folder
        return known[kind]

    return teller


def tell(url: str, data: Path) -> None:
    """Two approved cases, a listing, a stop, a release, one case in the queue, a publisher; a
    checkpoint after the first case and one at the end."""
    data.mkdir()
    new_database(url)
    desk = Audited(url, data)
    desk.case_story(1)
    assert desk.keeper.checkpoint() is not None
    desk.case_story(2)
    desk.ledger.record(desk.exposing(1))
    desk.stopped()
    desk.give("prepare", "rel_1", SYS, PREPARED)
    desk.queued(3)
    assert adopt(desk.engine, STORE) == 1
    assert desk.keeper.checkpoint() is not None
    desk.engine.dispose()


@pytest.fixture
def desk(databases: Databases, tellers: Tellers, tmp_path: Path) -> Iterator[Audited]:
    build, folder = tellers(databases.kind)
    url = databases.like(build)
    shutil.copytree(folder, tmp_path / "data")
    desk = Audited(url, tmp_path / "data")
    yield desk
    desk.engine.dispose()
    databases.drop(url)
