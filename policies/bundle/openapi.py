"""Read an OpenAPI document far enough to know where an action would send what users say.

No full validation: the store needs every URL the document can call, and a reason when the
document cannot be trusted to be all there is (an outside `$ref` is not covered by the digest).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import Any

from policies.bundle.parts import pointer_of, strings_of
from policies.strict_yaml import MAX_DEPTH, YamlFault, load

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
MAX_EXPANSIONS = 64


@dataclass(frozen=True)
class SpecUrl:
    """One URL the document names; `pointer` is its place in the document."""

    pointer: str
    url: str


@dataclass(frozen=True)
class Spec:
    """What an action's document says. `faults` are (pointer, message); empty means usable."""

    value: Any
    is_openapi_3: bool
    servers: tuple[SpecUrl, ...]
    oauth: tuple[SpecUrl, ...]
    faults: tuple[tuple[str, str], ...]


def read_document(path: str, data: bytes) -> Any:
    """The JSON-like value of a YAML or `.json` file.

    Raises `YamlFault` with the place, `UnicodeDecodeError` when the bytes are not UTF-8.
    """
    text = data.decode("utf-8")
    return _load_json(text) if path.lower().endswith(".json") else load(text)


def _load_json(text: str) -> Any:
    """JSON has its own reader: YAML knows no surrogate pairs, and JSON permits both."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            raise YamlFault("duplicate key in an object")
        return value

    def never(name: str) -> Any:
        raise YamlFault(f"{name} is not JSON")

    if _depth(text) > MAX_DEPTH:
        raise YamlFault(f"nested deeper than {MAX_DEPTH}")
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=never)
    except json.JSONDecodeError as fault:
        raise YamlFault(fault.msg, fault.lineno, fault.colno) from fault
    except ValueError as fault:
        if isinstance(fault, YamlFault):
            raise
        raise YamlFault("a number too long to read") from fault
    for pointer, inner in strings_of(value):
        if not inner.isascii() and any("\ud800" <= c <= "\udfff" for c in inner):
            raise YamlFault(f"half of a surrogate pair at {pointer}")
    return value


def _depth(text: str) -> int:
    """How deep brackets nest, strings skipped: asked before a recursive parser is."""
    deepest = depth = 0
    inside = escaped = False
    for c in text:
        if inside:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == '"':
                inside = False
        elif c == '"':
            inside = True
        elif c in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif c in "]}":
            depth -= 1
    return deepest


def read_spec(path: str, data: bytes) -> Spec:
    """What the document at `path` says. Raises what `read_document` raises."""
    value = read_document(path, data)
    if not isinstance(value, Mapping):
        return Spec(value, False, (), (), (("", "an OpenAPI document is a mapping"),))
    version = value.get("openapi")
    is_3 = isinstance(version, str) and version.startswith("3.")
    servers = tuple(_servers(value))
    faults = []
    if not is_3:
        faults.append(("/openapi", "this is not an OpenAPI 3 document"))
    if not (isinstance(value.get("paths"), Mapping) and value["paths"]):
        faults.append(("/paths", "the document names no path"))
    if not servers:
        faults.append(("/servers", "the document names no server"))
    faults += [
        (pointer, "a reference to outside the document is not covered by the digest")
        for pointer, text in strings_of(value)
        if pointer.endswith("/$ref") and text != "$ref" and not text.startswith("#")
    ]
    return Spec(value, is_3, servers, tuple(_oauth(value)), tuple(faults))


def _servers(document: Mapping[str, Any]) -> Iterator[SpecUrl]:
    yield from _server_list(document, ())
    for path, item in _mapping(document.get("paths")).items():
        yield from _server_list(item, ("paths", path))
        for method in METHODS:
            operation = _mapping(item).get(method)
            yield from _server_list(operation, ("paths", path, method))


def _server_list(holder: Any, steps: tuple[str | int, ...]) -> Iterator[SpecUrl]:
    servers = _mapping(holder).get("servers")
    for index, server in enumerate(servers if isinstance(servers, list) else []):
        url = _mapping(server).get("url")
        if isinstance(url, str):
            pointer = pointer_of(*steps, "servers", index, "url")
            for each in _expanded(url, _mapping(_mapping(server).get("variables"))):
                yield SpecUrl(pointer, each)


def _expanded(url: str, variables: Mapping[str, Any]) -> Iterator[str]:
    """A templated URL with every permitted value filled in.

    What cannot be filled, or has more than MAX_EXPANSIONS values, is given with its braces too:
    a host nobody can read off is for the rules to refuse, never to drop.
    """
    choices: dict[str, list[str]] = {}
    for name, variable in variables.items():
        if "{" + name + "}" not in url:
            continue
        listed = _mapping(variable).get("enum")
        values = [_mapping(variable).get("default"), *(listed if isinstance(listed, list) else [])]
        known = list(dict.fromkeys(v for v in values if isinstance(v, str)))
        if known:
            choices[name] = known
    if prod(len(known) for known in choices.values()) > MAX_EXPANSIONS:
        yield url
    for combination in islice(product(*choices.values()), MAX_EXPANSIONS):
        filled = url
        for name, chosen in zip(choices, combination, strict=True):
            filled = filled.replace("{" + name + "}", chosen)
        yield filled


def _oauth(document: Mapping[str, Any]) -> Iterator[SpecUrl]:
    schemes = _mapping(_mapping(document.get("components")).get("securitySchemes"))
    for name, scheme in schemes.items():
        for flow, body in _mapping(_mapping(scheme).get("flows")).items():
            for key in ("authorizationUrl", "tokenUrl", "refreshUrl"):
                url = _mapping(body).get(key)
                if isinstance(url, str):
                    steps = ("components", "securitySchemes", name, "flows", flow, key)
                    yield SpecUrl(pointer_of(*steps), url)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
