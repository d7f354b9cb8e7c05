"""A record of a GPT from elsewhere → the files of a bundle, as if its developer had sent them.

    {"name": …, "description": …, "instructions": …, "category": "Research & Analysis" or null,
     "conversation_starters": […], "knowledge": [{"name": …, "path": …}], "capabilities": {…},
     "action_schemas": ["openapi: 3.0.0 …"], "privacy_policy_url": …,
     "source": …, "license": …, "store_url": …, "model": …}

What a record cannot bring is marked absent in the manifest: bytes of knowledge files, a model or a
category that it does not tell. How an action signs in is not told either, so it is `unknown`.
Nothing is repaired: texts stay exactly as they are, so that the digest means this record.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from policies.bundle.parts import MANIFEST, BundleRefused, Fault, pointer_of

RECORD_BYTES = 1024 * 1024
CAPABILITIES: Mapping[str, str] = {
    "Web Browsing": "browsing",
    "DALL·E Image Generation": "images",
    "Code Interpreter": "code",
    "browsing": "browsing",
    "images": "images",
    "code": "code",
}
# Raw, YAML would refuse these or take them for line ends.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class KnowledgeName(_Shape):
    """A knowledge file as a record knows it: by name; `path` is where the source keeps it."""

    name: str
    path: str | None = None


class RecordShape(_Shape):
    """The keys of a record, before the store's limits are looked at."""

    name: str
    description: str
    instructions: str
    category: str | None = None
    model: str | None = None
    conversation_starters: list[str] = Field(default=[], max_length=100)
    knowledge: list[KnowledgeName] = Field(default=[], max_length=100)
    capabilities: dict[str, StrictBool] = Field(default={}, max_length=20)
    action_schemas: list[str] = Field(default=[], max_length=20)
    privacy_policy_url: str | None = None
    source: str | None = None
    license: str | None = None
    store_url: str | None = None


@dataclass(frozen=True)
class Imported:
    """A record as a bundle. `absent` are codes: `model`, `category`, `knowledge`, `auth`."""

    name: str
    files: Mapping[str, bytes]
    absent: tuple[str, ...]


def read_record(line: bytes) -> Imported:
    """One record, as one JSON value.

    Raises `BundleRefused` with every fault of its form (file is empty, `pointer` is RFC 6901 in the
    record). Whether it is a bundle of this store is for `read_bundle` to say.
    """
    value = _parsed(line)
    try:
        shape = RecordShape.model_validate(value)
    except ValidationError as fault:
        raise BundleRefused(
            Fault("", pointer_of(*error["loc"]), _code(error["type"]), error["msg"])
            for error in fault.errors(include_input=False, include_url=False)
        ) from None
    unknown = [name for name in shape.capabilities if name not in CAPABILITIES]
    if unknown:
        known = ", ".join(CAPABILITIES)
        raise BundleRefused(
            Fault("", pointer_of("capabilities", name), "unknown-key", f"known are {known}")
            for name in unknown
        )
    return _bundled(shape)


def _parsed(line: bytes) -> Any:
    if len(line) > RECORD_BYTES:
        raise _refused("over-limit", f"{len(line)} bytes, the limit is {RECORD_BYTES}")
    try:
        return json.loads(
            line.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_no_constant
        )
    except UnicodeDecodeError as fault:
        raise _refused("not-utf8", f"byte {fault.start} is not UTF-8") from None
    except json.JSONDecodeError as fault:
        what = f"{fault.msg} (character {fault.pos + 1})"
        raise _refused("not-json", what) from None
    except (ValueError, RecursionError) as fault:
        what = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        raise _refused("not-json", what) from None


def _refused(code: str, message: str) -> BundleRefused:
    return BundleRefused([Fault("", "", code, message)])


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _code(kind: str) -> str:
    return {"missing": "missing-key", "extra_forbidden": "unknown-key"}.get(
        kind, "over-limit" if kind.startswith("too_long") else "wrong-type"
    )


def _bundled(shape: RecordShape) -> Imported:
    paths = [
        f"actions/action-{number}.{'json' if text.lstrip().startswith('{') else 'yaml'}"
        for number, text in enumerate(shape.action_schemas, 1)
    ]
    absent: dict[str, Any] = {}
    if shape.model is None:
        absent["model"] = True
    if shape.category is None:
        absent["category"] = True
    if shape.knowledge:
        absent["knowledge"] = [file.name for file in shape.knowledge]
    manifest: dict[str, Any] = {
        "schema": 1,
        "name": shape.name,
        "description": shape.description,
        "instructions": shape.instructions,
        "starters": shape.conversation_starters,
        "capabilities": {CAPABILITIES[name]: on for name, on in shape.capabilities.items()},
        "actions": [
            {"name": f"Action {number}", "openapi": path, "auth": "unknown"}
            | ({"privacy_policy_url": shape.privacy_policy_url} if shape.privacy_policy_url else {})
            for number, path in enumerate(paths, 1)
        ],
    }
    if shape.model is not None:
        manifest["model"] = shape.model
    if shape.category is not None:
        manifest["category"] = category_of(shape.category)
    if absent:
        manifest["absent"] = absent
    try:
        files = {MANIFEST: as_yaml(manifest).encode()}
        files |= {
            path: text.encode() for path, text in zip(paths, shape.action_schemas, strict=True)
        }
    except UnicodeEncodeError:
        raise _refused("not-utf8", "half of a surrogate pair is no character") from None
    codes = (*absent, *(("auth",) if paths else ()))
    return Imported(shape.name, files, tuple(sorted(codes)))


def category_of(label: str) -> str:
    """A category's label as the store writes it: `Research & Analysis` → `research-analysis`."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


def as_yaml(value: Any) -> str:
    """JSON that strict YAML reads back as the same value."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
