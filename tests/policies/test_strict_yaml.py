"""Strict YAML: JSON with comments, and a place for every fault."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.strict_yaml import MAX_DEPTH, MAX_NODES, YamlFault, load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", {"a": "no"}),
        ("a: 2024-01-10", {"a": "2024-01-10"}),
        ("a: 0o7", {"a": "0o7"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: .inf", {"a": ".inf"}),
        ("a: [1, -2, 0.5, true, null]", {"a": [1, -2, 0.5, True, None]}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("1: a", {"1": "a"}),
        ("true: a", {"true": "a"}),
        ("\ufeffa: 1 # a comment", {"a": 1}),
        ("", None),
    ],
)
def test_only_json_types_have_a_meaning(text: str, value: Any) -> None:
    assert load(text) == value


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: 1\nb: &x 1", "anchors and aliases are not allowed", 2, 4),
        ("a: *x", "anchors and aliases are not allowed", 1, 4),
        ("a: !!str b", "tags are not allowed", 1, 4),
        ("a: 1\na: 2", "duplicate key 'a'", 2, 1),
        ("? [a]\n: b", "a key must be a plain string", 1, 3),
        ("a: 1\n---\nb: 2", "but found another document", 2, 1),
        ("ok\nab\x01c", "a character that YAML does not allow: U+0001", 2, 3),
        ("a: \ud800", "a character that YAML does not allow: U+D800", 1, 4),
        ('a: "\\uD83D\\uDE00"', "half of a surrogate pair: write the character itself", 1, 4),
        ('a:\n  "\\U00110000"', "an escape that names no character", 2, 6),
        ("a: 1.0e999", "a number too large", 1, 4),
    ],
)
def test_a_fault_names_its_place(text: str, message: str, line: int, column: int) -> None:
    with pytest.raises(YamlFault) as caught:
        load(text)

    assert (caught.value.message, caught.value.line, caught.value.column) == (message, line, column)


def test_depth_and_number_of_values_are_bounded() -> None:
    with pytest.raises(YamlFault, match="nested deeper"):
        load("[" * (MAX_DEPTH + 1))
    with pytest.raises(YamlFault, match="more than"):
        load("[" + "1," * MAX_NODES + "1]")


@given(st.text(max_size=200))
def test_any_text_is_a_value_or_a_yaml_fault(text: str) -> None:
    place = (1, 1)

    try:
        load(text)
    except YamlFault as fault:
        place = (fault.line, fault.column)

    assert min(place) >= 1
