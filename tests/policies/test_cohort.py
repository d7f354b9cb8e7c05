"""Cohorts against numbers that no one here wrote, and the properties a rollout relies on."""

import json
from pathlib import Path
from typing import Any

import mmh3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import chdtrc

from policies.stats.cohort import BUCKETS, bucket_of, exposed, normalised

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
UNITS = st.text(max_size=40)
WEIGHTS = st.integers(0, BUCKETS)


def vectors(name: str) -> Any:
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"the reference vectors {name} are not beside the project")
    return json.loads(path.read_text("utf-8"))


def test_the_hash_is_murmur3_x86_32() -> None:
    for case in vectors("murmur3_x86_32.json")["cases"]:
        hashed = mmh3.hash(bytes.fromhex(case["hex"]), case["seed"], signed=False)

        assert hashed == case["x86_32"]


@pytest.mark.parametrize(("group", "unit", "expected"), [("gr1", "123", 73), ("groupX", "999", 25)])
def test_the_normalised_value_is_that_of_unleash(group: str, unit: str, expected: int) -> None:
    assert normalised(group, unit, 100) == expected


@pytest.mark.parametrize(
    ("name", "strategy", "percent", "sticky"),
    [
        (
            "unleash_03-gradual-rollout-user-id-strategy.json",
            "gradualRolloutUserId",
            "percentage",
            "userId",
        ),
        ("unleash_10-flexible-rollout-strategy.json", "flexibleRollout", "rollout", "stickiness"),
    ],
)
def test_cohorts_agree_with_unleash(name: str, strategy: str, percent: str, sticky: str) -> None:
    value = vectors(name)
    features = {feature["name"]: feature for feature in value["state"]["features"]}
    checked = 0

    for case in value["tests"]:
        strategies = features[case["toggleName"]]["strategies"]
        if [each["name"] for each in strategies] != [strategy]:
            continue  # several strategies are an “or” that is Unleash's, not ours
        of = strategies[0]["parameters"]
        key = of.get(sticky, sticky)
        unit = case["context"].get({"default": "userId"}.get(key, key))
        weight = int(of[percent])
        if unit is None:
            continue  # “default” stickiness then draws at random; we serve stable
        inside = normalised(of["groupId"], unit, 100) <= weight

        assert inside == case["expectedResult"], case["description"]
        checked += 1
    assert checked >= 3


@given(st.text(max_size=20), UNITS, WEIGHTS, WEIGHTS)
def test_raising_a_weight_only_adds_and_lowering_only_removes(
    salt: str, unit: str, one: int, other: int
) -> None:
    low, high = sorted((one, other))

    assert not exposed(salt, unit, low) or exposed(salt, unit, high)


@given(st.text(max_size=20), UNITS)
def test_nothing_is_nobody_and_all_is_everybody(salt: str, unit: str) -> None:
    assert not exposed(salt, unit, 0)
    assert exposed(salt, unit, BUCKETS)
    assert 1 <= bucket_of(salt, unit) <= BUCKETS


@given(st.text(max_size=20), WEIGHTS)
def test_without_a_unit_nobody_is_exposed(salt: str, weight: int) -> None:
    assert not exposed(salt, None, weight)


def test_units_are_hashed_as_utf_8() -> None:
    hashed = mmh3.hash("s:zoë".encode(), 0, signed=False)

    assert bucket_of("s", "zoë") == hashed % BUCKETS + 1


@pytest.mark.parametrize("salt", ["rel_1", "rel_2", "ü"])
def test_buckets_are_uniform(salt: str) -> None:
    """Pearson's chi-square over 100 cells of 100 buckets; fixed units, so it cannot flicker."""
    cells = [0] * 100
    count = 20_000

    for unit in range(count):
        cells[(bucket_of(salt, f"user-{unit}") - 1) // 100] += 1

    expected = count / 100
    statistic = sum((seen - expected) ** 2 / expected for seen in cells)
    assert chdtrc(99, statistic) > 0.001


def test_another_salt_draws_another_cohort() -> None:
    units = [str(n) for n in range(2_000)]
    first, second = ({u for u in units if exposed(salt, u, 1_000)} for salt in ("a", "b"))

    overlap = len(first & second) / len(first)
    assert overlap < 0.2
