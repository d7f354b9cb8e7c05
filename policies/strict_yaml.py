"""Read YAML as if it were JSON with comments: no anchors, no duplicate keys, no surprises of type.

`no` is the string "no", `2024-01-10` is a string, `0o7` is a string; only `true`, `false`, `null`,
JSON integers and JSON floats are anything else. Used for bundles (hostile) and packs (ours).
"""

import re
from collections.abc import Hashable
from math import isinf
from typing import Any

import yaml

MAX_DEPTH = 32
MAX_NODES = 20_000


class YamlFault(ValueError):
    """The text is not strict YAML. `line` and `column` are 1-based."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{message} (line {line}, column {column})")
        self.message, self.line, self.column = message, line, column


class _StrictLoader(yaml.SafeLoader):
    # Our own table; the types of the base class know it as an instance attribute.
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML ships no types here
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlFault("anchors and aliases are not allowed", mark.line + 1, mark.column + 1)
        if getattr(event, "tag", None):
            raise YamlFault("tags are not allowed", mark.line + 1, mark.column + 1)
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH:
            raise YamlFault(f"nested deeper than {MAX_DEPTH}", mark.line + 1, mark.column + 1)
        if self._nodes > MAX_NODES:
            raise YamlFault(f"more than {MAX_NODES} values", mark.line + 1, mark.column + 1)
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
        finally:
            self._depth -= 1
        if isinstance(node, yaml.ScalarNode):
            _check_scalar(node)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            mark = key_node.start_mark
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlFault("a key must be a plain string", mark.line + 1, mark.column + 1)
            if key_node.value in seen:
                raise YamlFault(f"duplicate key {key_node.value!r}", mark.line + 1, mark.column + 1)
            seen.add(key_node.value)
            key_node.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep=deep)


def _check_scalar(node: yaml.ScalarNode) -> None:
    """Refuse what JSON cannot carry on: half a surrogate pair, an infinite number."""
    if not node.value.isascii() and any("\ud800" <= c <= "\udfff" for c in node.value):
        message = "half of a surrogate pair: write the character itself"
    elif node.tag == "tag:yaml.org,2002:float" and isinf(float(node.value)):
        message = "a number too large"
    else:
        return
    raise YamlFault(message, node.start_mark.line + 1, node.start_mark.column + 1)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]{0,17})$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}(?:[eE][-+]?[0-9]{1,3})?$", "-0123456789"),
):
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first)
    )


def load(text: str) -> Any:
    """The JSON-like value of `text`. Raises `YamlFault` with the place of the first fault."""
    loader: _StrictLoader | None = None
    try:
        loader = _StrictLoader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlFault(fault.problem or "not YAML", *place) from fault
    except yaml.reader.ReaderError as fault:
        before = text[: fault.position]
        line = before.count("\n") + 1
        column = fault.position - (before.rfind("\n") + 1) + 1
        message = f"a character that YAML does not allow: U+{int(fault.character):04X}"
        raise YamlFault(message, line, column) from fault
    except (ValueError, OverflowError) as fault:
        if isinstance(fault, YamlFault):
            raise
        # PyYAML hands an escape beyond U+10FFFF straight to chr().
        place = (loader.line + 1, loader.column + 1) if loader else (1, 1)
        raise YamlFault("an escape that names no character", *place) from fault
    except RecursionError as fault:
        raise YamlFault(f"nested deeper than {MAX_DEPTH}") from fault
    finally:
        if loader is not None:
            loader.dispose()
