"""What every folder of tests shares. Fixtures live in the conftest of the folder they serve."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.world import World


def require(part: str, available: bool, reason: str) -> None:
    """Skip the test unless `part` is available; fail instead where it must not be missing.

    `GONOGO_REQUIRE` names those parts, separated by commas (CI: `model`). `reason` says what is
    missing and how to get it.
    """
    if available:
        return
    if part in (name.strip() for name in os.environ.get("GONOGO_REQUIRE", "").split(",")):
        pytest.fail(f"GONOGO_REQUIRE demands {part}: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[World]":
    """Temporal, a worker, a model and a database, for the tests of the API and of the browser."""
    from tests.api.world import World  # the quick tests of rules need none of it

    with World(tmp_path_factory.mktemp("world")) as built:
        yield built
