"""Records from elsewhere become bundles, or say everything that is wrong with them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bundle.digest import bundle_digest
from policies.bundle.importing import RECORD_BYTES, as_yaml, category_of, read_record
from policies.bundle.manifest import BundleRefused, read_bundle
from policies.rules.probe_plan import plan_of
from policies.rules.risk import risk_tier
from policies.strict_yaml import load
from tests.policies.bundles import OPENAPI, PACK, manifest, read, upload


def record(**changes: Any) -> dict[str, Any]:
    """A whole record; a change to `...` takes the key away."""
    value: dict[str, Any] = {
        "source": "somewhere@1:moth.md",
        "license": "MIT",
        "store_url": None,
        "category": "Research & Analysis",
        "name": "Moth Finder",
        "description": "Names moths.",
        "instructions": "Name the moth.\nAsk for its wings – “please”.",
        "conversation_starters": ["A brown one"],
        "knowledge": [],
        "capabilities": {"Web Browsing": True, "Code Interpreter": False},
        "action_schemas": [],
        "privacy_policy_url": None,
        **changes,
    }
    return {key: inner for key, inner in value.items() if inner is not ...}


def line(**changes: Any) -> bytes:
    return json.dumps(record(**changes)).encode()


def test_a_record_becomes_a_bundle_of_the_store() -> None:
    imported = read_record(line(model="gpt-4o-mini"))
    bundle = read(dict(imported.files))

    assert imported.absent == ()
    assert bundle.manifest.category == "research-analysis"
    assert bundle.manifest.instructions == record()["instructions"]
    assert bundle.manifest.starters == ("A brown one",)
    assert (bundle.manifest.capabilities.browsing, bundle.manifest.capabilities.code) == (
        True,
        False,
    )
    assert bundle.manifest.model == "gpt-4o-mini"


def test_what_a_record_does_not_bring_is_marked_and_no_obstacle() -> None:
    imported = read_record(
        line(
            category=None,
            knowledge=[{"name": "§1. wings.md", "path": "./a/%C2%A71.md"}, {"name": "list.zip"}],
            action_schemas=[OPENAPI.decode()],
            privacy_policy_url="https://moths.example/privacy",
        )
    )
    bundle = read(dict(imported.files))

    assert imported.absent == ("auth", "category", "knowledge", "model")
    assert bundle.manifest.absent.knowledge == ("§1. wings.md", "list.zip")
    assert (bundle.manifest.absent.model, bundle.manifest.absent.category) == (True, True)
    assert (bundle.manifest.model, bundle.manifest.category) == ("", None)
    assert bundle.manifest.actions[0].auth == "unknown"
    assert risk_tier(bundle.manifest, ()).reasons[0] == "action-with-auth"
    skipped = plan_of(PACK.testing.suites, bundle.manifest).skipped
    assert {"retrieval", "absent_knowledge", "absent_model"} <= set(skipped)


def test_the_same_record_is_the_same_revision() -> None:
    again = json.dumps(dict(reversed(record().items()))).encode()

    assert bundle_digest(read(dict(read_record(line()).files))) == bundle_digest(
        read(dict(read_record(again).files))
    )


FAULTS: dict[str, tuple[bytes, set[tuple[str, str]]]] = {
    "no JSON": (b"{", {("", "not-json")}),
    "no UTF-8": (b'{"name": "\xff"}', {("", "not-utf8")}),
    "no object": (b"[]", {("", "wrong-type")}),
    "a number that is none": (b'{"name": NaN}', {("", "not-json")}),
    "a key twice": (b'{"name": "a", "name": "b"}', {("", "not-json")}),
    "too deep": (b"[" * 100_000, {("", "not-json")}),
    "too long": (b" " * (RECORD_BYTES + 1), {("", "over-limit")}),
    "half a character": (line(description="\ud800"), {("", "not-utf8")}),
    "several at once": (
        line(name=..., starters=[], knowledge=["a.md"], capabilities={"Web Browsing": "yes"}),
        {
            ("/name", "missing-key"),
            ("/starters", "unknown-key"),
            ("/knowledge/0", "wrong-type"),
            ("/capabilities/Web Browsing", "wrong-type"),
        },
    ),
    "a capability of another store": (
        line(capabilities={"Time/Travel": True}),
        {("/capabilities/Time~1Travel", "unknown-key")},
    ),
    "a list without end": (
        line(conversation_starters=["x"] * 101),
        {("/conversation_starters", "over-limit")},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_all_faults_of_a_record_are_told_at_once(name: str) -> None:
    data, expected = FAULTS[name]

    with pytest.raises(BundleRefused) as refused:
        read_record(data)

    assert {(f.pointer, f.code) for f in refused.value.faults} == expected


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
))  # fmt: skip
def test_whatever_a_record_holds_reads_back_from_the_manifest(value: Any) -> None:
    if any("\ud800" <= c <= "\udfff" for c in json.dumps(value, ensure_ascii=False)):
        return

    assert load(as_yaml({"value": value})) == {"value": value}


@pytest.mark.parametrize("text", ["a\u2028b", "\x85", "\x7f", "\ufeffx", "\U000e0041", "\x00"])
def test_characters_that_yaml_would_change_arrive_as_they_were(text: str) -> None:
    imported = read_record(line(instructions=f"x{text}y"))

    assert read(dict(imported.files)).manifest.instructions == f"x{text}y"


@pytest.mark.parametrize(
    ("label", "slug"),
    [("Research & Analysis", "research-analysis"), ("DALL·E", "dall-e"), (" Other ", "other")],
)
def test_labels_of_categories_become_names(label: str, slug: str) -> None:
    assert category_of(label) == slug


ABSENT: dict[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "neither a model nor its absence": (manifest(model=None), {("/model", "missing-key")}),
    "a model that is nothing": ({**manifest(), "model": None}, {("/model", "wrong-type")}),
    "a model and its absence": (manifest(absent={"model": True}), {("/absent/model", "bad-value")}),
    "a category and its absence": (
        manifest(absent={"category": True}),
        {("/absent/category", "bad-value")},
    ),
    "an absence that is no yes": (
        manifest(model=None, absent={"model": "yes"}),
        {("/absent/model", "wrong-type"), ("/model", "missing-key")},
    ),
    "an absence of something unknown": (
        manifest(absent={"licence": True}),
        {("/absent/licence", "unknown-key")},
    ),
    "names that no file can have": (
        manifest(absent={"knowledge": ["../x", "a\u202eb", "c", "c"]}),
        {
            ("/absent/knowledge/0", "path-traversal"),
            ("/absent/knowledge/1", "path-control"),
            ("/absent/knowledge/3", "declared-twice"),
        },
    ),
    "more names than files may be": (
        manifest(absent={"knowledge": [f"{n}.md" for n in range(21)]}),
        {("/absent/knowledge", "over-limit")},
    ),
}


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_absent_is_said_plainly_or_refused(name: str) -> None:
    value, expected = ABSENT[name]

    with pytest.raises(BundleRefused) as refused:
        read_bundle(upload(value), PACK.limits, PACK.static.categories)

    assert {(f.pointer, f.code) for f in refused.value.faults} == expected


def test_a_file_that_is_there_is_not_absent() -> None:
    value = manifest(knowledge=["a.md"], absent={"knowledge": ["a.md"]})

    with pytest.raises(BundleRefused, match="in the bundle"):
        read(upload(value, a_md=b"x"))
