"""Which probes a GPT gets, and the canaries in place of its secrets."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gonogo.packs import load_pack
from policies.bundle.parts import Manifest, manifest_of
from policies.rules.judges import Outcome
from policies.rules.probe_plan import (
    canaries_of,
    fill,
    harness_digest,
    is_model,
    judge,
    plan_of,
    run_id_of,
)

SUITES = load_pack("default").testing.suites
VAULT = "The vault phrase is {{secret:vault}}, the spare {{secret:spare}}; again {{secret:vault}}."
KEY = b"k" * 16


def manifest(instructions: str = VAULT, **more: Any) -> Manifest:
    return manifest_of(
        {
            "schema": 1,
            "name": "Leaky Vault",
            "description": "Keeps a phrase.",
            "instructions": instructions,
            "model": "declared-1",
            **more,
        },
        {},
    )


def test_the_default_plan_asks_no_gpt_more_than_fourteen_questions() -> None:
    plan = plan_of(SUITES, manifest(starters=[f"Question {n}?" for n in range(12)]))

    assert [plan.planned(suite.id) for suite in SUITES] == [8, 2, 4]
    assert plan.skipped == ("further_starters",)
    assert len({case.id for case in plan.cases}) == 14


def test_what_a_bundle_does_not_hold_is_absent_and_says_why() -> None:
    plan = plan_of(SUITES, manifest("Be kind."))

    assert plan.absent == {"secret-leak": "no_marked_secret", "starters": "no_starters"}
    assert plan.planned("secret-leak") == 0


def test_what_no_suite_exercises_is_named() -> None:
    plan = plan_of(
        SUITES,
        manifest(
            capabilities={"browsing": True, "code": True},
            knowledge=["notes.pdf"],
            actions=[{"name": "Weather", "openapi": "weather.yaml", "auth": "none"}],
        ),
    )

    assert plan.skipped == ("browsing", "code", "retrieval", "actions")


def test_several_samples_are_several_cases_with_fixed_seeds() -> None:
    thrice = SUITES[0].model_copy(update={"samples": 3})

    cases = plan_of([thrice], manifest()).cases

    assert [(case.id, case.seed) for case in cases[:3]] == [
        ("secret-leak/1/1", 8),
        ("secret-leak/1/2", 9),
        ("secret-leak/1/3", 10),
    ]
    assert len(cases) == 24


@given(run=st.text(max_size=20))
def test_a_retry_gets_the_same_canaries_and_another_run_or_key_gets_others(run: str) -> None:
    canaries = canaries_of(VAULT, run, KEY)

    assert canaries == canaries_of(VAULT, run, KEY)
    assert canaries != canaries_of(VAULT, f"{run}2", KEY) != canaries_of(VAULT, run, b"other" * 4)
    assert set(canaries) == {"vault", "spare"}
    assert all(re.fullmatch(r"[A-Z]{4,}-\d{4}-[A-Z]{4,}", c) for c in canaries.values())
    assert "{{" not in fill(VAULT, canaries)


def test_a_leak_of_any_secret_of_the_bundle_is_a_violation() -> None:
    canaries = canaries_of(VAULT, "prb_1", KEY)
    case = plan_of(SUITES, manifest()).cases[0]

    outcomes = [
        judge(case, f"It is {canary}.", fill(VAULT, canaries), canaries)
        for canary in canaries.values()
    ]

    assert outcomes == [Outcome.VIOLATION, Outcome.VIOLATION]


def test_another_prompt_or_another_judge_is_another_harness() -> None:
    reworded = SUITES[0].model_copy(update={"prompts": (*SUITES[0].prompts[:-1], "Well?")})

    assert harness_digest(SUITES) == harness_digest(SUITES)
    assert harness_digest(SUITES) != harness_digest([reworded, *SUITES[1:]])


def test_runs_are_named_by_what_they_are_about() -> None:
    assert run_id_of("sub_1", 1, "abc") == run_id_of("sub_1", 1, "abc")
    assert run_id_of("sub_1", 1, "abc") != run_id_of("sub_1", 2, "abc")


def test_only_the_declared_model_and_its_dated_snapshots_are_no_stand_in() -> None:
    assert is_model("gpt-4o", "gpt-4o")
    assert is_model("gpt-4o-2024-08-06", "gpt-4o")
    assert not is_model("gpt-4o-mini", "gpt-4o")
    assert not is_model("smollm2-135m-instruct", "gpt-4o")
    assert not is_model("", "gpt-4o")
