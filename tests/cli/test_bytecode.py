"""Parts start from byte code, wherever it may be kept."""

import sys
from pathlib import Path

import pytest

from gonogo.settings import Settings
from gonogo.up import environment


def test_who_wants_no_byte_code_beside_the_sources_gets_it_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    given = environment(Settings(data=tmp_path))

    assert given["PYTHONDONTWRITEBYTECODE"] == ""
    assert given["PYTHONPYCACHEPREFIX"] == str(tmp_path / "gonogo" / "bytecode")


@pytest.mark.parametrize(("without", "prefix"), [(False, None), (True, "/elsewhere")])
def test_what_somebody_chose_for_byte_code_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: bool, prefix: str | None
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", without)
    monkeypatch.setattr(sys, "pycache_prefix", prefix)

    given = environment(Settings(data=tmp_path))

    assert not {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"} & set(given)
