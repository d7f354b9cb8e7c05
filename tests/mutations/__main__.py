"""`python -m tests.mutations [id …]`: every listed mutation must turn its tests red.

Exit 0: the unmutated tests are green and every mutant died. Exit 1: one survived, a pattern no
longer matches, or a run went wrong. Two run at a time, each in a copy of the tree.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
NEEDED = ("policies", "activities", "workflows", "api", "gonogo", "tests", "pyproject.toml")
AT_A_TIME = 2
LIMIT_S = 900.0
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider",
          "--hypothesis-seed=0")  # fmt: skip
GREEN, RED = 0, 1  # pytest's exit codes; any other means that no verdict was reached


@dataclass(frozen=True)
class Verdict:
    mutation: Mutation
    died: bool
    told: str
    seconds: float


def copy_tree(target: Path) -> None:
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            skipped = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(source, target / name, ignore=skipped)
        else:
            shutil.copy(source, target / name)


def mutate(tree: Path, mutation: Mutation) -> str:
    """Change the file in `tree`. Returns what is wrong with the pattern, or nothing."""
    path = tree / mutation.file
    text = path.read_text("utf-8")
    if text.count(mutation.old) != 1:
        return f"the pattern occurs {text.count(mutation.old)} times in {mutation.file}"
    path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    return ""


def run_tests(tree: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """pytest's exit code and the last lines it wrote."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run([*PYTEST, *tests], cwd=tree, env=environment, text=True,
                              capture_output=True, timeout=LIMIT_S, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return -1, f"no verdict within {LIMIT_S:.0f} s"
    return done.returncode, "\n".join(done.stdout.strip().splitlines()[-12:])


def tried(mutation: Mutation) -> Verdict:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        fault = mutate(tree, mutation)
        if fault:
            return Verdict(mutation, False, fault, time.monotonic() - begun)
        code, output = run_tests(tree, mutation.tests)
    told = {GREEN: "SURVIVED", RED: "red"}.get(code, f"no verdict ({code}): {output}")
    return Verdict(mutation, code == RED, told, time.monotonic() - begun)


def unmutated(mutations: list[Mutation]) -> str:
    """Run every named test once as it is. Returns what went wrong, or nothing."""
    tests = sorted({test for mutation in mutations for test in mutation.tests})
    whole = {test for test in tests if "::" not in test}
    once = tuple(test for test in tests if test in whole or test.split("::")[0] not in whole)
    with tempfile.TemporaryDirectory(prefix="unmutated-") as folder:
        copy_tree(Path(folder))
        code, output = run_tests(Path(folder), once)
    return "" if code == GREEN else f"the unmutated tests are not green ({code}):\n{output}"


def main(wanted: list[str]) -> int:
    console, begun = Console(), time.monotonic()
    mutations = [m for m in MUTATIONS if not wanted or m.id in wanted]
    unknown = set(wanted) - {mutation.id for mutation in MUTATIONS}
    if unknown:
        console.print(f"no such mutation: {', '.join(sorted(unknown))}")
        return 1
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        green = pool.submit(unmutated, mutations)
        verdicts = list(pool.map(tried, mutations))
    table = Table("mutation", "file", "verdict", "s")
    for verdict in verdicts:
        style = "" if verdict.died else "bold red"
        table.add_row(verdict.mutation.id, verdict.mutation.file, verdict.told,
                      f"{verdict.seconds:.1f}", style=style)  # fmt: skip
    console.print(table)
    dead = sum(verdict.died for verdict in verdicts)
    console.print(f"{dead} of {len(verdicts)} died, {time.monotonic() - begun:.0f} s")
    if green.result():
        console.print(green.result(), markup=False)
    return 0 if dead == len(verdicts) and not green.result() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
