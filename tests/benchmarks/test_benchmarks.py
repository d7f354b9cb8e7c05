"""Every benchmark runs in its smallest size and says what it found in one object."""

import asyncio
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.parts.report import holds, percentile

ROOT = Path(__file__).parents[2]
SMALLEST = {
    "record": [],
    "pipeline": ["--cases", "3", "--rounds", "1", "--lanes", "2"],
    "decision": ["--each", "5"],
    "launch": ["--items", "5", "--lead", "25"],
    "open": ["--cases", "12", "--looks", "3"],
    "start": ["--times", "1"],
}


async def result_of(name: str, arguments: list[str]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"benchmarks.{name}",
        "--json",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3_000:]
    found: dict[str, Any] = json.loads(out)
    return found


def test_every_benchmark_is_run_here() -> None:
    files = {file.stem for file in (ROOT / "benchmarks").glob("[a-z]*.py")}

    assert files == set(SMALLEST)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SMALLEST))
async def test_a_benchmark_answers_with_one_object_of_finite_figures(name: str) -> None:
    result = await result_of(name, SMALLEST[name])

    assert set(result) == {"name", "figures", "aims", "met"}
    assert result["name"] == name
    assert all(math.isfinite(value) for value in result["figures"].values())
    assert set(result["aims"]) == set(result["met"]) <= set(result["figures"])
    for figure, aim in result["aims"].items():
        assert result["met"][figure] is holds(result["figures"][figure], aim)


def test_an_aim_is_a_sign_and_a_limit() -> None:
    assert holds(1.5, "<= 1.5")
    assert not holds(1.6, "<= 1.5")
    assert holds(0.8, ">= 0.8")
    assert not holds(0.7, ">= 0.8")


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]

    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.5) == 7
