"""Fresh databases for tests, on SQLite and on PostgreSQL: built once, copied for every test."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from gonogo.db.session import engine_of, migrate
from tests.postgres import Cluster

Build = Callable[[str], None]


class Databases(Protocol):
    """Where databases of one kind come from. Urls go to `engine_of` or into settings."""

    kind: str

    def empty(self) -> str:
        """The URL of a new database without any table."""

    def like(self, build: Build) -> str:
        """The URL of a new database as `build` makes it out of an empty one."""

    def drop(self, url: str) -> None:
        """Forget a database; whoever is connected to it is not asked."""


def migrated(url: str) -> None:
    """The usual `build`: the newest schema, no row."""
    engine = engine_of(url)
    migrate(engine)
    engine.dispose()


class SqliteDatabases:
    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self._built: dict[Build, str] = {}

    def empty(self) -> str:
        return f"sqlite:///{self._new()}"

    def like(self, build: Build) -> str:
        if build not in self._built:
            self._built[build] = self.empty()
            build(self._built[build])
        return f"sqlite:///{shutil.copy(_path(self._built[build]), self._new())}"

    def drop(self, url: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{_path(url)}{end}").unlink(missing_ok=True)

    def _new(self) -> Path:
        self._count += 1
        return self._folder / f"{self._count}.db"


class PostgresDatabases:
    kind = "postgres"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._built: dict[Build, str] = {}

    def empty(self) -> str:
        return self.cluster.url(self.cluster.create())

    def like(self, build: Build) -> str:
        if build not in self._built:
            self._built[build] = self.cluster.create()
            build(self.cluster.url(self._built[build]))
        return self.cluster.url(self.cluster.create(self._built[build]))

    def drop(self, url: str) -> None:
        name = make_url(url).database
        assert name is not None
        self.cluster.drop(name)


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")
