"""The tier and the codes that explain it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bundle.findings import Finding, weighed
from policies.rules.risk import ORDER, TIER_OF, Risk, risk_tier
from tests.policies.bundles import manifest, read, upload, with_action

FOUND = Finding("secret", "f", "", "m")


def tier(findings: tuple[Finding, ...] = (), **change: Any) -> Risk:
    return risk_tier(read(upload(manifest(**change))).manifest, findings)


def test_conversation_alone_is_low_and_needs_no_reason() -> None:
    assert tier() == Risk("low", ())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"capabilities": {"browsing": True, "images": True}}, Risk("low", ("browsing", "images"))),
        ({"capabilities": {"code": True}}, Risk("medium", ("code",))),
        ({"instructions": "Say {{secret:a}}."}, Risk("medium", ("marked-secret",))),
    ],
)
def test_capabilities_explain_the_tier(change: dict[str, Any], expected: Risk) -> None:
    assert tier(**change) == expected


def test_knowledge_is_medium() -> None:
    bundle = read(upload(manifest(knowledge=["a.md"]), a_md=b"text"))

    assert risk_tier(bundle.manifest, ()) == Risk("medium", ("knowledge",))


@pytest.mark.parametrize(
    ("auth", "expected"), [("none", "medium"), ("api_key", "high"), ("oauth", "high")]
)
def test_an_action_is_medium_and_with_a_key_high(auth: str, expected: str) -> None:
    assert risk_tier(read(with_action(auth=auth)).manifest, ()).tier == expected


def test_findings_raise_the_tier_by_their_weight() -> None:
    assert tier(weighed([FOUND], [])) == Risk("medium", ("advisory-finding",))
    assert tier(weighed([FOUND], ["secret"])) == Risk("high", ("blocking-finding",))


def test_weighing_keeps_each_finding_once_and_blocking_ones_first() -> None:
    other = Finding("a-rule", "f", "", "m")

    assert [(f.rule, f.blocking) for f in weighed([other, FOUND, FOUND], ["secret"])] == [
        ("secret", True),
        ("a-rule", False),
    ]


@given(st.booleans(), st.booleans(), st.booleans(), st.lists(st.booleans(), max_size=3))
def test_the_tier_is_that_of_its_gravest_reason(
    browsing: bool, code: bool, marked: bool, blocking: list[bool]
) -> None:
    risk = tier(
        tuple(Finding("r", "f", str(i), "m", each) for i, each in enumerate(blocking)),
        capabilities={"browsing": browsing, "code": code},
        instructions="{{secret:a}}" if marked else "Hello",
    )

    ranks = [ORDER.index(TIER_OF[reason]) for reason in risk.reasons]
    assert ORDER.index(risk.tier) == max(ranks, default=0)
    assert ranks == sorted(ranks, reverse=True)
