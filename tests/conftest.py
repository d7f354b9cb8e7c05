"""What every folder of tests shares. Fixtures live in the conftest of the folder they serve."""

import os

import pytest


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
