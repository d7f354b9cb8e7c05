"""What a reviewer sees first of a new round."""

import json
from typing import Any

import pytest

from policies.bundle.difference import Difference, FieldChange, difference
from policies.bundle.manifest import Bundle
from tests.policies.bundles import OPENAPI, manifest, read, upload, with_action


def change(before: dict[str, Any], after: dict[str, Any]) -> Difference:
    return difference(read(upload(manifest(**before))), read(upload(manifest(**after))))


def test_equal_bundles_differ_in_nothing() -> None:
    same = change({}, {})

    assert not same
    assert not same.safety_relevant
    assert same.areas == ()


def test_a_changed_field_is_shown_with_both_values() -> None:
    seen = change({"name": "A", "starters": ["x", "y"]}, {"name": "B", "starters": ["x"]})

    assert seen.fields == (
        FieldChange("/name", "changed", "A", "B"),
        FieldChange("/starters/1", "removed", "y", None),
    )
    assert seen.areas == ("name", "starters")
    assert not seen.safety_relevant


def test_the_text_of_instructions_is_shown_as_lines_wherever_it_lies() -> None:
    inline = read(upload(manifest(instructions="one\ntwo\n")))
    value = manifest(instructions=None, instructions_file="i.md")
    beside = read({**upload(value), "i.md": b"one\nthree\n"})

    seen = difference(inline, beside)

    assert "-two" in seen.instructions
    assert "+three" in seen.instructions
    assert seen.added == ("i.md",)
    assert "/instructions" not in [field.pointer for field in seen.fields]
    assert seen.safety_relevant


def test_moving_equal_instructions_into_a_file_is_no_change_of_the_text() -> None:
    inline = read(upload(manifest(instructions="one\n")))
    value = manifest(instructions=None, instructions_file="i.md")
    beside = read({**upload(value), "i.md": b"one\n"})

    seen = difference(inline, beside)

    assert seen
    assert seen.instructions == ()
    assert not seen.safety_relevant


@pytest.mark.parametrize(("one", "other"), [("a\n", "a\r\n"), ("a", "a\n"), ("a", "a\u2028")])
def test_line_ends_alone_are_a_difference_somebody_can_see(one: str, other: str) -> None:
    seen = change({"instructions": one}, {"instructions": other})

    assert seen.instructions
    assert seen.safety_relevant


@pytest.mark.parametrize(
    ("before", "after", "relevant"),
    [
        ({}, {"model": "gpt-4o"}, True),
        ({}, {"capabilities": {"code": True}}, True),
        ({}, {"capabilities": {"code": False}}, False),
        ({}, {"instructions": "You do something else."}, True),
        ({}, {"description": "Another."}, False),
        ({}, {"category": "other"}, False),
    ],
)
def test_safety_is_about_what_the_assistant_can_do(
    before: dict[str, Any], after: dict[str, Any], relevant: bool
) -> None:
    assert change(before, after).safety_relevant is relevant


def test_a_changed_openapi_document_is_a_changed_action() -> None:
    seen = difference(read(with_action()), read(with_action(OPENAPI + b"# more\n")))

    assert seen.changed == ("weather.yaml",)
    assert seen.areas == ("actions",)
    assert seen.safety_relevant


def test_files_are_added_removed_and_changed() -> None:
    def bundle(**files: bytes) -> Bundle:
        return read(
            upload(
                manifest(knowledge=[f"{name}.md" for name in files]),
                **{f"{name}_md": data for name, data in files.items()},
            )
        )

    seen = difference(bundle(a=b"1", b=b"1"), bundle(b=b"2", c=b"1"))

    assert (seen.added, seen.removed, seen.changed) == (("c.md",), ("a.md",), ("b.md",))
    assert seen.areas == ("knowledge",)


def test_a_difference_is_plain_json() -> None:
    seen = change({"name": "A"}, {"starters": ["x"]})

    assert json.loads(json.dumps(seen.as_json()))["fields"][0]["pointer"] == "/name"
