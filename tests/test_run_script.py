"""`./run` on a bare machine: real processes, real environments, locks without packages."""

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gonogo import development
from gonogo.bootstrap import HELP, MODEL, PRODUCT, SIDE_BY_SIDE, TEST, Meter, parts, program
from tests.conftest import require

ROOT = Path(__file__).parent.parent
LOCKS = (PRODUCT, MODEL, TEST)
SHOWS_ITSELF = "import os, sys\nprint(repr((sys.argv[1:], os.getcwd(), sys.prefix)))\n"


class Checkout:
    """A copy of what `./run` needs, in a folder with a space, with a gonogo that shows itself."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.home = folder / "home"
        self.home.mkdir()
        (self.root / "gonogo").mkdir(parents=True)
        for name in ("run", "gonogo/bootstrap.py", "gonogo/development.py"):
            shutil.copy2(ROOT / name, self.root / name)
        for name in LOCKS:
            (self.root / name).write_text("")
        (self.root / "gonogo" / "__main__.py").write_text(SHOWS_ITSELF)
        self.planted = self.root / ".venv" / "planted"
        self.stamp = self.root / ".venv" / "gonogo.json"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(self.root / "run"), *arguments],
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture
def bare(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("made"))
    first = checkout.run("gonogo")
    assert first.returncode == 0, first.stderr
    return checkout


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_needs_no_installation(bare: Checkout, arguments: tuple[str, ...]) -> None:
    result = bare.run(*arguments)

    assert (result.returncode, result.stdout) == (0, HELP)
    assert not (bare.root / ".venv").exists()


def test_an_unknown_target_is_refused_with_the_help(bare: Checkout) -> None:
    result = bare.run("lunch")

    assert result.returncode == 2
    assert "no target 'lunch'" in result.stderr
    assert HELP in result.stderr


def test_without_python_the_error_says_which_one_is_needed(tmp_path: Path) -> None:
    result = subprocess.run(
        ["/bin/sh", str(ROOT / "run"), "test"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 127
    assert "needs Python 3.11 or newer" in result.stderr


@pytest.mark.slow
def test_a_second_start_installs_nothing(made: Checkout) -> None:
    before = made.stamp.stat().st_mtime_ns

    result = made.run("gonogo")

    assert result.returncode == 0
    assert result.stderr == ""
    assert made.stamp.stat().st_mtime_ns == before


@pytest.mark.slow
def test_the_command_line_keeps_arguments_and_the_callers_folder(made: Checkout) -> None:
    result = made.run("gonogo", "submit", "my bundle")

    assert ast.literal_eval(result.stdout) == (
        ["submit", "my bundle"],
        str(made.home),
        str(made.root / ".venv"),
    )


@pytest.mark.slow
def test_a_changed_lock_is_installed_into_the_present_environment(made: Checkout) -> None:
    made.planted.touch()
    (made.root / PRODUCT).write_text("# changed\n")
    before = json.loads(made.stamp.read_text())["locks"]

    result = made.run("gonogo")

    after = json.loads(made.stamp.read_text())["locks"]
    assert result.returncode == 0, result.stderr
    assert after[PRODUCT] != before[PRODUCT]
    assert made.planted.exists()


@pytest.mark.slow
def test_an_environment_made_by_hand_is_completed_and_not_replaced(made: Checkout) -> None:
    made.planted.touch()
    made.stamp.unlink()

    result = made.run("gonogo")

    assert result.returncode == 0, result.stderr
    assert made.planted.exists()
    assert made.stamp.exists()


@pytest.mark.slow
def test_a_failed_installation_is_shown_and_the_next_one_starts_anew(made: Checkout) -> None:
    (made.root / PRODUCT).write_text(f"no-such-package==1 --hash=sha256:{'0' * 64}\n")
    made.planted.touch()

    failed = made.run("gonogo")
    (made.root / PRODUCT).write_text("")
    mended = made.run("gonogo")

    assert failed.returncode == 1
    assert "No matching distribution found for no-such-package==1" in failed.stderr
    assert str(made.root / ".gonogo" / "install.log") in failed.stderr
    assert mended.returncode == 0, mended.stderr
    assert not made.planted.exists()


@pytest.mark.slow
def test_an_interrupted_installation_is_noticed_and_made_anew(bare: Checkout) -> None:
    killed = bare.start("gonogo")
    while not (bare.root / ".venv" / "bin" / "python").exists() and killed.poll() is None:
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    bare.planted.touch()

    result = bare.run("gonogo")

    assert "Another ./run is installing" in result.stderr  # what the killed one had started
    assert result.returncode == 0, result.stderr
    assert not bare.planted.exists()


@pytest.mark.slow
def test_of_two_starts_at_once_one_waits_for_the_other(bare: Checkout) -> None:
    pair = [bare.start("gonogo"), bare.start("gonogo")]

    told = [process.communicate(timeout=120)[1] for process in pair]

    assert [process.returncode for process in pair] == [0, 0], told
    assert sum("Another ./run is installing" in text for text in told) == 1


@pytest.mark.slow
def test_check_runs_every_step_and_ends_with_pytests_own_line(tmp_path: Path) -> None:
    (tmp_path / "gonogo").mkdir()
    shutil.copy2(ROOT / "gonogo" / "development.py", tmp_path / "gonogo")
    (tmp_path / "gonogo" / "__init__.py").touch()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "__init__.py").write_text("import os\n")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.ruff]\nexclude = ['gonogo']\n[tool.mypy]\npackages = ['policies']\n"
        "[tool.pytest.ini_options]\nfilterwarnings = ['ignore']\n"
        "[tool.importlinter]\nroot_packages = ['policies', 'gonogo']\n"
        "[[tool.importlinter.contracts]]\nname = 'pure'\ntype = 'forbidden'\n"
        "source_modules = ['policies']\nforbidden_modules = ['gonogo']\n"
    )
    (tmp_path / "test_one.py").write_text("def test_one() -> None:\n    assert True\n")

    result = subprocess.run(
        [sys.executable, "-P", str(tmp_path / "gonogo" / "development.py"), "check"],
        capture_output=True,
        text=True,
        check=False,
    )

    summary = result.stdout.split("--- summary\n")[1].splitlines()
    assert result.returncode == 1
    assert [line.split()[:2] for line in summary[:5]] == [
        ["format", "ok"],
        ["lint", "failed"],
        ["types", "ok"],
        ["imports", "ok"],
        ["tests", "ok"],
    ], result.stdout
    assert summary[5] == "check: failed: lint"
    assert "1 passed" in summary[-1]


@pytest.mark.parametrize(
    ("command", "env", "needs"),
    [
        (["gonogo", "list"], {}, [PRODUCT]),
        (["gonogo", "up"], {}, [PRODUCT, MODEL]),
        (["up"], {"GONOGO_MODEL_URL": "its-own"}, [PRODUCT]),
        (["demo"], {}, [PRODUCT, MODEL]),
        (["demo", "launch", "--check"], {}, [PRODUCT]),
        (["test"], {}, [PRODUCT, TEST]),
        (["test"], {"GONOGO_REQUIRE": "model"}, [PRODUCT, MODEL, TEST]),
        (["test", "--all"], {}, [PRODUCT, MODEL, TEST]),
        (["check"], {"GONOGO_MODEL_URL": "its-own"}, [PRODUCT, TEST]),
    ],
)
def test_a_target_installs_only_what_it_needs(
    command: list[str], env: dict[str, str], needs: list[str]
) -> None:
    assert parts(command[0], command[1:], env) == needs


def test_quick_tests_leave_the_slow_ones_out_unless_all_are_asked_for() -> None:
    quick, _ = program(ROOT, "test", ["-x"])
    everything, _ = program(ROOT, "test", ["--all", "-x"])

    assert quick[1:] == ["-m", "pytest", *SIDE_BY_SIDE, "-m", "not slow", "-x"]
    assert everything[1:] == ["-m", "pytest", *SIDE_BY_SIDE, "-x"]
    assert development.SIDE_BY_SIDE == SIDE_BY_SIDE


def test_only_a_long_step_tells_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    short, long = Meter("short"), Meter("long")
    long.started -= 7

    for meter in (short, long):
        meter.tick()
        meter.end("done")

    assert capsys.readouterr().err == "long: 7 s\nlong: done after 7 s\n"


@pytest.mark.parametrize("name", ["bootstrap.py", "development.py"])
def test_what_runs_before_the_installation_needs_the_standard_library_only(name: str) -> None:
    tree = ast.parse((ROOT / "gonogo" / name).read_text("utf-8"))
    imported = {
        word.split(".")[0]
        for node in ast.walk(tree)
        for word in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "?"]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize("name", ["run", ".ci/run"])
def test_scripts_are_executable_and_parse(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    assert subprocess.run(["/bin/sh", "-n", str(ROOT / name)], check=False).returncode == 0


def test_a_missing_part_skips_a_test_except_where_it_is_demanded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GONOGO_REQUIRE", "chromium,model")

    require("model", True, "never shown")
    with pytest.raises(pytest.skip.Exception, match="no server"):
        require("postgres", False, "no server")
    with pytest.raises(pytest.fail.Exception, match="demands model: no weights"):
        require("model", False, "no weights")
