"""Read an upload: `{relative POSIX path: bytes}` → `Bundle`, or every reason why not, at once.

Nothing is normalised: strings and bytes stay exactly as sent, so that the digest means what the
developer meant. Look-alike and invisible text is a finding of the scan, not a fault of the form.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from policies.bundle.openapi import read_document
from policies.bundle.parts import (
    MANIFEST,
    SECRET,
    Action,
    Bundle,
    BundleRefused,
    Capabilities,
    Fault,
    Manifest,
    ManifestShape,
    manifest_of,
    pointer_of,
    secret_names,
    strings_of,
)
from policies.bundle.paths import path_faults
from policies.pack import BundleLimits
from policies.strict_yaml import YamlFault, load

__all__ = [
    "MANIFEST",
    "Action",
    "Bundle",
    "BundleRefused",
    "Capabilities",
    "Fault",
    "Manifest",
    "manifest_of",
    "read_bundle",
    "secret_names",
]

MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,99}")
ALMOST_SECRET = re.compile(r"\{\{\s*secret", re.IGNORECASE)


def read_bundle(
    files: Mapping[str, bytes], limits: BundleLimits, categories: tuple[str, ...]
) -> Bundle:
    """Read an upload. CPU-bound: up to seconds for a manifest at its limit.

    Raises `BundleRefused` with all faults: of paths, of weight, of the manifest's shape, of its
    values, and between the manifest and the files.
    """
    faults = [*path_faults(files), *_weight_faults(files, limits)]
    value, unreadable = _parsed(files, limits)
    if unreadable is not None:
        raise BundleRefused([*faults, unreadable])
    shape, misshapen = _shaped(value)
    faults += misshapen
    faults += _model_faults(value)
    faults += _declaration_faults(value, files)
    faults += _absent_faults(value, files, limits)
    faults += _secret_faults(value, files)
    if shape is not None:
        faults += _value_faults(shape, limits, categories)
        faults += _text_faults(shape, files, limits)
    if faults:
        raise BundleRefused(faults)
    others = {path: bytes(data) for path, data in sorted(files.items()) if path != MANIFEST}
    return Bundle(manifest_of(value, others), others)


def _weight_faults(files: Mapping[str, bytes], limits: BundleLimits) -> Iterator[Fault]:
    total = sum(len(data) for data in files.values())
    count = len(files.keys() - {MANIFEST})
    if total > limits.total_bytes:
        yield _over("", "", f"the files weigh {total} bytes", limits.total_bytes)
    if count > limits.files:
        yield _over("", "", f"there are {count} files", limits.files)
    for path, data in files.items():
        most = limits.manifest_bytes if path == MANIFEST else limits.file_bytes
        if len(data) > most:
            yield _over(path, "", f"the file weighs {len(data)} bytes", most)


def _over(file: str, pointer: str, what: str, limit: int) -> Fault:
    return Fault(file, pointer, "over-limit", f"{what}, the limit is {limit}")


def _parsed(files: Mapping[str, bytes], limits: BundleLimits) -> tuple[Any, Fault | None]:
    """The manifest's value, or the one fault that makes reading on pointless."""
    data = files.get(MANIFEST)
    if data is None:
        return None, Fault(MANIFEST, "", "manifest-missing", "the bundle has no gpt.yaml")
    if len(data) > limits.manifest_bytes:
        # Already reported by weight; parsing it would be work for the asking.
        return None, _over(
            MANIFEST, "", f"the file weighs {len(data)} bytes", limits.manifest_bytes
        )
    try:
        value = load(data.decode("utf-8"))
    except UnicodeDecodeError as fault:
        return None, _not_utf8(MANIFEST, fault)
    except YamlFault as fault:
        return None, Fault(MANIFEST, "", "not-yaml", str(fault))
    if not isinstance(value, dict):
        return None, Fault(MANIFEST, "", "wrong-type", "the manifest is a mapping of keys")
    return value, None


def _not_utf8(file: str, fault: UnicodeDecodeError) -> Fault:
    return Fault(file, "", "not-utf8", f"byte {fault.start} is not UTF-8")


def _shaped(value: Any) -> tuple[ManifestShape | None, list[Fault]]:
    try:
        return ManifestShape.model_validate(value), []
    except ValidationError as fault:
        faults = []
        for error in fault.errors(include_input=False, include_url=False):
            code, message = {
                "missing": ("missing-key", "this key is required"),
                "extra_forbidden": ("unknown-key", "schema 1 knows no such key"),
                "literal_error": ("bad-value", error["msg"]),
                "greater_than_equal": ("bad-value", "this is no known schema; the newest is 1"),
                "less_than_equal": ("bad-value", "this is no known schema; the newest is 1"),
            }.get(error["type"], ("wrong-type", error["msg"]))
            faults.append(Fault(MANIFEST, pointer_of(*error["loc"]), code, message))
        return None, faults


def _model_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    """A model is declared, or said to be absent; not both, and never passed over."""
    absent = value.get("absent")
    is_absent = isinstance(absent, Mapping) and absent.get("model") is True
    if "model" in value:
        if value["model"] is None:
            yield Fault(MANIFEST, "/model", "wrong-type", "a model is a text")
        if is_absent:
            yield Fault(MANIFEST, "/absent/model", "bad-value", "the model is declared above")
    elif not is_absent:
        yield Fault(MANIFEST, "/model", "missing-key", "this key is required")
    category_is_absent = isinstance(absent, Mapping) and absent.get("category") is True
    if category_is_absent and value.get("category") is not None:
        yield Fault(MANIFEST, "/absent/category", "bad-value", "the category is declared above")


def _absent_faults(
    value: Mapping[str, Any], files: Mapping[str, bytes], limits: BundleLimits
) -> Iterator[Fault]:
    """Names of absent files: plain, distinct, not sent, and no more than files may be."""
    absent = value.get("absent")
    named = absent.get("knowledge") if isinstance(absent, Mapping) else None
    names = [n for n in named if isinstance(n, str)] if isinstance(named, list) else []
    if len(names) + len(files.keys() - {MANIFEST}) > limits.files:
        yield _over(MANIFEST, "/absent/knowledge", f"{len(names)} absent files", limits.files)
        return
    for index, name in enumerate(names):
        pointer = pointer_of("absent", "knowledge", index)
        if name in files:
            yield Fault(MANIFEST, pointer, "bad-value", "this file is in the bundle")
        elif name in names[:index]:
            yield Fault(MANIFEST, pointer, "declared-twice", "this file is declared twice")
        for fault in path_faults([name]):
            yield Fault(MANIFEST, pointer, fault.code, fault.message)


def _declared(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(pointer, path) of every file the manifest names, whatever else is wrong with it."""
    named = value.get("instructions_file")
    if isinstance(named, str):
        yield "/instructions_file", named
    for key, field in (("knowledge", None), ("actions", "openapi")):
        entries = value.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            path = entry.get(field) if field and isinstance(entry, dict) else entry
            if isinstance(path, str):
                steps = (key, index, field) if field else (key, index)
                yield pointer_of(*steps), path


def _declaration_faults(value: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Fault]:
    seen: set[str] = set()
    for pointer, path in _declared(value):
        if path == MANIFEST:
            yield Fault(MANIFEST, pointer, "bad-value", "the manifest cannot name itself")
        elif path in seen:
            yield Fault(MANIFEST, pointer, "declared-twice", "this file is declared twice")
        elif path not in files:
            yield Fault(MANIFEST, pointer, "missing-file", "this file is not in the bundle")
        seen.add(path)
    for path in sorted(files.keys() - seen - {MANIFEST}):
        yield Fault(path, "", "undeclared-file", "the manifest does not name this file")


def _value_faults(
    shape: ManifestShape, limits: BundleLimits, categories: tuple[str, ...]
) -> Iterator[Fault]:
    def bad(pointer: str, message: str) -> Fault:
        return Fault(MANIFEST, pointer, "bad-value", message)

    lengths = [
        ("/name", shape.name, limits.name_chars),
        ("/description", shape.description, limits.description_chars),
        *((f"/starters/{i}", s, limits.starter_chars) for i, s in enumerate(shape.starters)),
        *((f"/actions/{i}/name", a.name, limits.name_chars) for i, a in enumerate(shape.actions)),
    ]
    for pointer, text, most in lengths:
        if not text.strip():
            yield bad(pointer, "this text is empty")
        elif len(text) > most:
            yield _over(MANIFEST, pointer, f"{len(text)} characters", most)
    for key, count, most in (
        ("/starters", len(shape.starters), limits.starters),
        ("/actions", len(shape.actions), limits.actions),
    ):
        if count > most:
            yield _over(MANIFEST, key, f"{count} entries", most)
    if shape.category is not None and shape.category not in categories:
        yield bad("/category", f"the store's categories are {', '.join(categories)}")
    if shape.model is not None and not MODEL.fullmatch(shape.model):
        yield bad("/model", "a model name is 1 to 100 letters, digits and . _ : / @ + -")
    if (shape.instructions is None) == (shape.instructions_file is None):
        yield bad("/instructions", "give either instructions or instructions_file")
    names = [action.name for action in shape.actions]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield bad(f"/actions/{index}/name", "two actions have this name")


def _text_faults(
    shape: ManifestShape, files: Mapping[str, bytes], limits: BundleLimits
) -> Iterator[Fault]:
    """Files that the store itself must read as text: instructions and OpenAPI documents."""
    text, pointer = shape.instructions, "/instructions"
    if shape.instructions_file in files and shape.instructions_file is not None:
        pointer = "/instructions_file"
        try:
            text = files[shape.instructions_file].decode("utf-8")
        except UnicodeDecodeError as fault:
            yield _not_utf8(shape.instructions_file, fault)
    if text is not None:
        if not text.strip():
            yield Fault(MANIFEST, pointer, "bad-value", "the instructions are empty")
        elif len(text) > limits.instructions_chars:
            yield _over(MANIFEST, pointer, f"{len(text)} characters", limits.instructions_chars)
    for path in dict.fromkeys(a.openapi for a in shape.actions if a.openapi in files):
        yield from _document_faults(path, files[path], limits)


def _document_faults(path: str, data: bytes, limits: BundleLimits) -> Iterator[Fault]:
    if not path.lower().endswith((".yaml", ".yml", ".json")):
        yield Fault(path, "", "bad-value", "an OpenAPI document is .yaml, .yml or .json")
    elif len(data) > limits.manifest_bytes:
        yield _over(
            path, "", f"a document that is parsed weighs {len(data)} bytes", limits.manifest_bytes
        )
    else:
        try:
            read_document(path, data)
        except UnicodeDecodeError as fault:
            yield _not_utf8(path, fault)
        except YamlFault as fault:
            yield Fault(path, "", "not-yaml", str(fault))


def _secret_faults(value: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Fault]:
    """Placeholders that are misspelled, or stand where the provider fills nothing in."""
    for pointer, text in strings_of(value):
        rest = SECRET.sub("", text) if pointer == "/instructions" else text
        if ALMOST_SECRET.search(rest):
            yield Fault(MANIFEST, pointer, "secret-placeholder", _PLACEHOLDER)
    path = value.get("instructions_file")
    if isinstance(path, str) and path in files:
        text = files[path].decode("utf-8", errors="replace")
        match = ALMOST_SECRET.search(SECRET.sub("", text))
        if match:
            yield Fault(path, "", "secret-placeholder", _PLACEHOLDER)


_PLACEHOLDER = (
    "a placeholder is {{secret:NAME}} in the instructions only; NAME is a lower-case letter and "
    "up to 31 of a-z 0-9 _ -"
)
