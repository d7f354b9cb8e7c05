"""The table of mutations stays true to the code, so that drift shows in every run of the tests."""

from collections import Counter
from pathlib import Path

import pytest

from tests.mutations.__main__ import mutate, tried
from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_a_pattern_occurs_once_and_names_tests_that_exist(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text("utf-8")

    assert text.count(mutation.old) == 1
    assert mutation.old != mutation.new
    for test in mutation.tests:
        file, _, name = test.partition("::")
        assert name in (ROOT / file).read_text("utf-8")


def test_every_invariant_has_at_least_two_mutations_under_names_of_their_own() -> None:
    per_invariant = Counter(mutation.invariant for mutation in MUTATIONS)

    assert set(per_invariant) == {f"I{number}" for number in range(1, 11)}
    assert min(per_invariant.values()) >= 2
    assert len({mutation.id for mutation in MUTATIONS}) == len(MUTATIONS)


def test_a_pattern_that_no_longer_matches_is_told(tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text("a = 1\na = 1\n")
    lost = Mutation("I0-x", "I0", "rule.py", "a = 2", "a = 3", ())
    twice = Mutation("I0-x", "I0", "rule.py", "a = 1", "a = 3", ())

    assert "0 times" in mutate(tmp_path, lost)
    assert "2 times" in mutate(tmp_path, twice)


@pytest.mark.slow
def test_a_mutant_that_no_test_notices_is_told() -> None:
    harmless = Mutation(
        "I0-x", "I0", "policies/rules/approvals.py", "Precheck(tuple(why))", "Precheck((*why,))",
        ("tests/policies/test_approvals.py",),
    )  # fmt: skip

    verdict = tried(harmless)

    assert (verdict.died, verdict.told) == (False, "SURVIVED")
