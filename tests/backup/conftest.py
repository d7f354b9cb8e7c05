"""A house with a past to back up, and empty places to restore it into, on either database."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from gonogo.backup.dump import back_up
from gonogo.backup.layout import Manifest
from gonogo.backup.restore import Restored, restore
from gonogo.db.codec import PICTURES
from gonogo.db.session import engine_of, writing
from gonogo.db.tables import CommandRow
from gonogo.objects import Objects
from tests.builders import KEY, RUI, SOL, STORE, T0
from tests.conftest import KINDS
from tests.databases import Databases, SqliteDatabases
from tests.db.desk import Desk, new_database
from tests.db.test_migrations import filled, reflected

OWN = {
    "stores",
    "packs",
    "commands",
    "outbox",
    "leases",
    "publishers",
    "events",
    "gpts",
    "revisions",
}
DRAWN = {str(model.__tablename__) for model in PICTURES.values()}
TEXTS = (b"a bundle's index", b"evidence", b"\x00\xff nobody names this one")


@dataclass
class Place:
    """A database with its objects and its data folder."""

    engine: Engine
    objects: Objects
    data: Path

    def back_up(self, folder: Path, **how: Any) -> Manifest:
        return back_up(self.engine, self.objects, KEY, folder, **how)

    def restore(self, folder: Path, **how: Any) -> Restored:
        return restore(self.engine, self.objects, self.data, folder, **how)


Places = Callable[[str], Place]


@pytest.fixture
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """Empty places of a kind, as many as a test asks for."""
    made: list[tuple[Databases, Place, str]] = []

    def make(kind: str) -> Place:
        databases: Databases = request.getfixturevalue(kind)
        folder, url = tmp_path / f"place{len(made)}", databases.empty()
        folder.mkdir()
        place = Place(engine_of(url), Objects(folder / "objects"), folder)
        made.append((databases, place, url))
        return place

    yield make
    for databases, place, url in made:
        place.engine.dispose()
        databases.drop(url)


@contextmanager
def inhabited(databases: Databases, data: Path) -> Iterator[Place]:
    """A record with open and decided cases, a pending command, objects, and rows in every table."""
    url = databases.like(new_database)
    desk = Desk(url)
    data.mkdir()
    (data / "mac.key").write_bytes(KEY)
    place = Place(desk.engine, Objects(data / "objects"), data)
    desk.approved(1)
    desk.ledger.record(desk.exposing(1))
    desk.queued(2)
    desk.review("claim", "sub_2", RUI)
    desk.stop("gpt", "gpt_9", SOL)
    for text in TEXTS:
        place.objects.put(text)
    with writing(desk.engine) as session:
        session.add(pending())
        fill_the_rest(session)
    yield place
    desk.engine.dispose()
    databases.drop(url)


@pytest.fixture(params=KINDS)
def lived_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with inhabited(request.getfixturevalue(request.param), tmp_path / "lived-in") as place:
        yield place


def pending() -> CommandRow:
    return CommandRow(
        store_id=STORE, id="cmd_waiting", kind="submission/claim", subject="sub_2",
        actor_id=RUI.id, body_hash="h", received_at=T0, command={"n": 1},
    )  # fmt: skip


def fill_the_rest(session: Session) -> None:
    """Rows in every table that is no part of the record, whatever tables there are."""
    rest = reflected(session.connection())
    for name in OWN | DRAWN:
        rest.remove(rest.tables[name])
    filled(session.connection(), rest)


@pytest.fixture(scope="session")
def pristine(sqlite: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine")
    with inhabited(sqlite, folder / "lived-in") as place:
        place.back_up(folder / "backup")
        place.back_up(folder / "with-key", with_key=True)
    return folder


@pytest.fixture
def backup(pristine: Path, tmp_path: Path) -> Path:
    """A backup to be damaged."""
    return Path(shutil.copytree(pristine / "backup", tmp_path / "backup"))


@pytest.fixture
def there(empty_place: Places) -> Place:
    """Where it is restored to."""
    return empty_place("sqlite")
