"""Policy packs: merged, validated, named by digest. A fault is found when it is read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonogo.packs import load_pack
from policies.errors import PackFault
from policies.lifecycle.submission_state import terms_of
from policies.lifecycle.terms import terms_from
from policies.pack import PolicyPack, merge, pack_of, read_pack

DEFAULT = load_pack("default")


def changed(**over: Any) -> PolicyPack:
    return pack_of(merge(DEFAULT.model_dump(mode="json"), over))


@pytest.mark.parametrize("name", ["default", "demo"])
def test_the_packs_that_come_along_can_be_read(name: str) -> None:
    pack = load_pack(name)

    assert pack.name == name
    assert len(pack.digest) == 64


def test_a_digest_names_the_value_and_not_how_it_was_written() -> None:
    again = pack_of(DEFAULT.model_dump(mode="json"))
    texts = {
        "one": {"a.yaml": "name: one\nextends: two"},
        "two": {"b.yaml": "# nothing\n"},
    }

    assert again.digest == DEFAULT.digest
    assert changed(review={"claims": 4}).digest != DEFAULT.digest
    with pytest.raises(PackFault, match="a mapping is expected"):
        read_pack("one", texts)


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"review": {"tiers": None}}, "/review/tiers"),
        ({"review": {"ladder": [1.0, 0.5]}}, "ladder"),
        ({"review": {"ladder": [0.0, 0.5]}}, "ladder"),
        ({"review": {"warn_before_s": [60, 600]}}, "warn_before_s"),
        ({"review": {"lease_max_s": 1}}, "lease_max_s"),
        ({"review": {"claims": 0}}, "/review/claims"),
        ({"review": {"tiers": {"high": {"due_business_s": 1, "approvals": 3}}}}, "approvals"),
        ({"calendar": {"zone": "Europe/Atlantis"}}, "unknown time zone"),
        ({"calendar": {"zone": "../etc/passwd"}}, "/calendar"),
        ({"calendar": {"days": []}}, "days"),
        ({"calendar": {"days": [7]}}, "days"),
        ({"calendar": {"open_from": "nine"}}, "/calendar"),
        ({"calendar": {"open_from": "09:00+01:00"}}, "own zone"),
        ({"calendar": {"holidays": ["25.12.2026"]}}, "/calendar"),
        ({"calendar": {"holidays": ["20261225"]}}, "is not written"),
        ({"rollout": {"first": []}}, "/rollout/first"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_a_fault_is_told_with_its_place(over: dict[str, Any], told: str) -> None:
    with pytest.raises(PackFault, match=told):
        changed(**over)


def test_every_risk_tier_has_its_rules() -> None:
    value = DEFAULT.model_dump(mode="json")
    del value["review"]["tiers"]["high"]

    with pytest.raises(PackFault, match="no rules for risk tier high"):
        pack_of(value)


def stages(*weights: int, visibility: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    seen = visibility or ("category",) * len(weights)
    return [
        {"weight_bp": weight, "visibility": where, "soak_s": 1}
        for weight, where in zip(weights, seen, strict=True)
    ]


@pytest.mark.parametrize("plan", [stages(500), stages(5000, 500, 10_000), stages(500, 9_999)])
@pytest.mark.parametrize("which", ["first", "update"])
def test_i9_a_plan_never_shrinks_and_ends_at_everyone(
    which: str, plan: list[dict[str, Any]]
) -> None:
    with pytest.raises(PackFault, match="must not shrink"):
        changed(rollout={which: plan})


def test_i9_a_plan_never_hides_again_what_it_showed() -> None:
    plan = stages(500, 10_000, visibility=("category", "link"))

    with pytest.raises(PackFault, match="visibility must not narrow"):
        changed(rollout={"first": plan})


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=5))
def test_i9_any_plan_that_is_taken_climbs(weights: list[int]) -> None:
    try:
        pack = changed(rollout={"update": stages(*weights)})
    except PackFault:
        assert sorted(weights) != weights or weights[-1] != 10_000
    else:
        assert [stage.weight_bp for stage in pack.rollout.update] == sorted(weights)
        assert weights[-1] == 10_000


def test_i6_zero_tolerance_is_never_waived() -> None:
    testing = DEFAULT.model_dump(mode="json")["testing"]
    testing["suites"][0]["weight"] = "zero_tolerance"
    testing["waivers"] = [
        {"cause": "stand_in", "suites": ["secret-leak"], "by": "P", "role": "lead", "reason": "r"}
    ]

    with pytest.raises(PackFault, match="never waived"):
        changed(testing=testing)


@pytest.mark.parametrize("chapter", [("review", "clauses"), ("review", "checklist")])
def test_nothing_is_named_twice(chapter: tuple[str, str]) -> None:
    value = DEFAULT.model_dump(mode="json")
    items = value[chapter[0]][chapter[1]]

    with pytest.raises(PackFault, match="given twice"):
        changed(**{chapter[0]: {chapter[1]: [*items, items[0]]}})


def test_a_pack_extends_another_key_by_key() -> None:
    demo = load_pack("demo")

    assert demo.review.undo_s != DEFAULT.review.undo_s
    assert demo.review.clauses == DEFAULT.review.clauses


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ({}, "no policy pack"),
        ({"a": {"x.yaml": "extends: b"}}, "no policy pack 'b'"),
        ({"a": {"x.yaml": "extends: b"}, "b": {"x.yaml": "extends: a"}}, "circle"),
        ({"a": {"x.yaml": "extends: [b]"}}, "names one pack"),
        ({"a": {"x.yaml": "name: a", "y.yaml": "name: b"}}, "chapters given twice"),
        ({"a": {"x.yaml": "name: a\nname: b"}}, "a/x.yaml"),
        ({"a": {"x.yaml": "name: a"}}, "/limits"),
    ],
)
def test_a_folder_that_is_no_pack_is_told_by_file(
    texts: dict[str, dict[str, str]], told: str
) -> None:
    with pytest.raises(PackFault, match=told):
        read_pack("a", texts)


values = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(values, values)
def test_merging_keeps_what_is_not_replaced(base: Any, over: Any) -> None:
    merged = merge(base, over)

    assert merge(merged, over) == merged
    assert merge(base, base) == base
    if isinstance(base, dict) and isinstance(over, dict):
        assert merged.keys() == base.keys() | over.keys()
    else:
        assert merged == over


def test_the_numbers_a_case_pins_come_back_from_its_first_event() -> None:
    terms = terms_of(terms_from(DEFAULT))

    assert (terms.pack, terms.claims) == (DEFAULT.digest, 3)
    assert terms.approvals == {"low": 1, "medium": 1, "high": 2}
    assert terms.warn_before_s == (604_800, 86_400)


GATE = {"id": "g", "title": "t", "kind": "signed", "owner_role": "auditor", "freshness_s": 1}


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"gates": [GATE | {"waivable_by": "auditor"}]}, "its owner cannot"),
        ({"gates": [GATE, GATE]}, "given twice"),
        ({"gates": [GATE | {"id": "Two words"}]}, "/launch/gates/0/id"),
        ({"gates": [GATE | {"owner_role": "developer"}]}, "/launch/gates/0/owner_role"),
        ({"poll_roles": ["auditor", "auditor"]}, "given twice"),
        ({"checks_s": []}, "checks_s"),
        ({"checks_s": [300, 3600]}, "checks_s"),
        ({"checks_s": [0]}, "checks_s"),
        ({"checks_s": [999_999]}, "checks_s"),
        ({"tier_line": "huge"}, "/launch/tier_line"),
    ],
)
def test_a_launch_that_could_not_be_gone_through_is_told(over: dict[str, Any], told: str) -> None:
    with pytest.raises(PackFault, match=told):
        changed(launch=over)


def test_a_clause_is_found_by_its_id() -> None:
    clause = DEFAULT.clause("harm")

    assert clause is not None
    assert clause.title == "No harmful guidance"
    assert DEFAULT.clause("unheard-of") is None
