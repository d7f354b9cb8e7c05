"""Reading an upload: all faults at once, and nothing changed on the way in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bundle.manifest import BundleRefused, Fault, read_bundle, secret_names
from policies.bundle.openapi import MAX_EXPANSIONS, read_spec
from policies.strict_yaml import YamlFault
from tests.policies.bundles import OPENAPI, PACK, manifest, read, upload, with_action


def faults_of(files: dict[str, bytes]) -> tuple[Fault, ...]:
    with pytest.raises(BundleRefused) as caught:
        read(files)
    return caught.value.faults


def codes_of(files: dict[str, bytes]) -> set[tuple[str, str, str]]:
    return {(fault.file, fault.pointer, fault.code) for fault in faults_of(files)}


def test_a_bundle_keeps_every_byte_and_string_as_sent() -> None:
    text = "Cafe\u0301 \u212b \r\n trailing  \n"
    files = {
        **upload(manifest(instructions=text, knowledge=["notes.txt"])),
        "notes.txt": b"\xef\xbb\xbfa\r\n",
    }

    bundle = read(files)

    assert bundle.manifest.instructions == text
    assert bundle.files == {"notes.txt": b"\xef\xbb\xbfa\r\n"}


def test_instructions_may_lie_in_a_file_of_their_own() -> None:
    value = manifest(instructions=None, instructions_file="instructions.md")

    bundle = read({**upload(value), "instructions.md": "Erkläre.\r\n".encode()})

    assert bundle.manifest.instructions == "Erkläre.\r\n"
    assert bundle.manifest.instructions_file == "instructions.md"


def test_a_category_may_be_left_to_the_store() -> None:
    assert read(upload(manifest(category=None))).manifest.category is None


def test_all_faults_are_reported_at_once() -> None:
    value = {
        **manifest(name=7, category="gardening", surprise=1, knowledge=["lost.md"]),
        "capabilities": {"browsing": "yes"},
    }

    found = codes_of({**upload(value), "../up.txt": b"", "stray.md": b""})

    assert found == {
        ("../up.txt", "", "path-traversal"),
        ("../up.txt", "", "undeclared-file"),
        ("stray.md", "", "undeclared-file"),
        ("gpt.yaml", "/name", "wrong-type"),
        ("gpt.yaml", "/surprise", "unknown-key"),
        ("gpt.yaml", "/capabilities/browsing", "wrong-type"),
        ("gpt.yaml", "/knowledge/0", "missing-file"),
    }


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "path-empty"),
        ("/etc/passwd", "path-absolute"),
        ("C:/x", "path-absolute"),
        ("a/../../b", "path-traversal"),
        ("./a", "path-traversal"),
        ("a//b", "path-empty-step"),
        ("a\\b", "path-backslash"),
        ("a\0b", "path-control"),
        ("a\u202eb", "path-control"),
        ("a\u200bb", "path-control"),
        ("x" * 256, "path-too-long"),
        ("a\udcffb", "path-not-utf8"),
    ],
)
def test_a_path_outside_the_bundle_or_out_of_sight_is_a_fault(path: str, code: str) -> None:
    files = {**upload(), path: b""}

    assert code in {fault.code for fault in faults_of(files)}


@pytest.mark.parametrize(("one", "other"), [("A.md", "a.md"), ("\u00e9.md", "e\u0301.md")])
def test_paths_that_one_file_system_would_merge_collide(one: str, other: str) -> None:
    value = manifest(knowledge=[one, other])

    found = faults_of({**upload(value), one: b"1", other: b"2"})

    assert [fault.code for fault in found] == ["path-collision"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"name": None}, "/name", "missing-key"),
        ({"model": None}, "/model", "missing-key"),
        ({"model": "a model"}, "/model", "bad-value"),
        ({"schema": 2}, "/schema", "bad-value"),
        ({"schema": True}, "/schema", "wrong-type"),
        ({"name": " "}, "/name", "bad-value"),
        ({"name": "x" * 61}, "/name", "over-limit"),
        ({"category": "gardening"}, "/category", "bad-value"),
        ({"starters": ["a"] * 13}, "/starters", "over-limit"),
        ({"starters": [""]}, "/starters/0", "bad-value"),
        ({"starters": "a"}, "/starters", "wrong-type"),
        ({"instructions": "x" * 32_001}, "/instructions", "over-limit"),
        ({"instructions": None}, "/instructions", "bad-value"),
        ({"instructions": "\n"}, "/instructions", "bad-value"),
        ({"instructions_file": "gpt.yaml"}, "/instructions_file", "bad-value"),
        ({"knowledge": ["a/~x"]}, "/knowledge/0", "missing-file"),
        ({"a/b~c": 1}, "/a~1b~0c", "unknown-key"),
        (
            {"actions": [{"name": "a", "openapi": "a.yaml", "auth": "maybe"}]},
            "/actions/0/auth",
            "bad-value",
        ),
    ],
)
def test_each_fault_points_at_its_value(change: dict[str, Any], pointer: str, code: str) -> None:
    assert ("gpt.yaml", pointer, code) in codes_of(upload(manifest(**change)))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff", "not-utf8"),
        (b"a: [", "not-yaml"),
        (b"[]", "wrong-type"),
        (b"a: &x 1", "not-yaml"),
        (b"x" * 300_000, "over-limit"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_one_fault(data: bytes, code: str) -> None:
    assert [fault.code for fault in faults_of({"gpt.yaml": data})] == [code]


def test_an_upload_without_a_manifest_is_refused() -> None:
    assert codes_of({}) == {("gpt.yaml", "", "manifest-missing")}


def test_weight_and_number_of_files_are_limited() -> None:
    limits = PACK.limits.model_copy(update={"total_bytes": 400, "file_bytes": 100, "files": 1})
    value = manifest(knowledge=["a.txt", "b.txt"])

    with pytest.raises(BundleRefused) as caught:
        read_bundle({**upload(value), "a.txt": b"x" * 101, "b.txt": b"x" * 400}, limits, ())

    assert {(f.file, f.code) for f in caught.value.faults} >= {
        ("", "over-limit"),
        ("a.txt", "over-limit"),
        ("b.txt", "over-limit"),
    }


@pytest.mark.parametrize(
    ("path", "document", "code"),
    [
        ("weather.yaml", b"a: *b", "not-yaml"),
        ("weather.yaml", b"\xff", "not-utf8"),
        ("weather.yaml", b"#" + b" " * 300_000, "over-limit"),
        ("weather.json", b'{"a": 1, "a": 2}', "not-yaml"),
        ("weather.json", b'{"a": NaN}', "not-yaml"),
        ("weather.json", b'"\\ud800"', "not-yaml"),
        ("weather.json", b"[" * 5_000, "not-yaml"),
        ("weather.json", b"1" * 5_000, "not-yaml"),
        ("weather.txt", b"a: 1", "bad-value"),
    ],
)
def test_an_openapi_document_must_be_readable(path: str, document: bytes, code: str) -> None:
    files = with_action(openapi=path)
    del files["weather.yaml"]

    assert codes_of({**files, path: document}) == {(path, "", code)}


def test_one_file_has_one_purpose() -> None:
    files = with_action()
    value = manifest(knowledge=["a.md", "a.md"])

    assert read(files).manifest.actions[0].openapi == "weather.yaml"
    assert codes_of({**upload(value), "a.md": b""}) == {
        ("gpt.yaml", "/knowledge/1", "declared-twice")
    }


def test_marked_secrets_are_named_once_in_order() -> None:
    text = "{{secret:b}} {{secret:a-1}} {{secret:b}}"

    assert secret_names(text) == ("b", "a-1")
    assert read(upload(manifest(instructions=text))).manifest.instructions == text


@pytest.mark.parametrize(
    "placeholder",
    [
        "{{secret:Upper}}",
        "{{secret:}}",
        "{{ secret:a }}",
        "{{secret a}}",
        "{{SECRET:a}}",
        "{{secret:a",
        "{{secret:" + "a" * 33 + "}}",
    ],
)
def test_a_malformed_placeholder_is_a_fault_wherever_the_instructions_are(placeholder: str) -> None:
    inline = upload(manifest(instructions=f"Say {placeholder}."))
    value = manifest(instructions=None, instructions_file="i.md")
    beside = {**upload(value), "i.md": f"Say {placeholder}.".encode()}

    assert codes_of(inline) == {("gpt.yaml", "/instructions", "secret-placeholder")}
    assert codes_of(beside) == {("i.md", "", "secret-placeholder")}


def test_a_placeholder_outside_the_instructions_is_a_fault() -> None:
    value = manifest(starters=["{{secret:a}}"])

    assert codes_of(upload(value)) == {("gpt.yaml", "/starters/0", "secret-placeholder")}


@given(st.dictionaries(st.text(max_size=12), st.binary(max_size=40), max_size=4), st.binary())
def test_any_upload_is_a_bundle_or_refused(files: dict[str, bytes], data: bytes) -> None:
    outcome: object = None

    try:
        outcome = read({**files, "gpt.yaml": data})
    except BundleRefused as refused:
        outcome = refused.faults

    assert outcome


def test_a_spec_lists_every_server_of_every_level() -> None:
    document = (
        OPENAPI
        + b"""  /far:
    servers: [{url: "https://{host}.example", variables: {host: {default: a, enum: [a, b]}}}]
    post: {servers: [{url: "https://deep.example"}]}
components:
  securitySchemes:
    o: {type: oauth2, flows: {x: {tokenUrl: "https://token.example"}}}
"""
    )

    spec = read_spec("a.yaml", document)

    assert spec.is_openapi_3
    assert spec.faults == ()
    assert [(url.pointer, url.url) for url in spec.servers] == [
        ("/servers/0/url", "https://api.weather.example"),
        ("/paths/~1far/servers/0/url", "https://a.example"),
        ("/paths/~1far/servers/0/url", "https://b.example"),
        ("/paths/~1far/post/servers/0/url", "https://deep.example"),
    ]
    assert [url.url for url in spec.oauth] == ["https://token.example"]


def test_a_server_that_cannot_be_filled_in_keeps_its_braces() -> None:
    many = ", ".join(f"h{i}" for i in range(MAX_EXPANSIONS + 1))
    document = (
        'openapi: 3.0.0\npaths: {/a: {}}\nservers:\n  - url: "https://{open}/"\n'
        f'  - {{url: "https://{{h}}/", variables: {{h: {{enum: [{many}]}}}}}}\n'
    )

    urls = [url.url for url in read_spec("a.yaml", document.encode()).servers]

    assert urls[:2] == ["https://{open}/", "https://{h}/"]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (b"swagger: '2.0'", "/openapi"),
        (b"openapi: 3.0.0", "/paths"),
        (b"openapi: 3.0.0", "/servers"),
        (b"[]", ""),
        (OPENAPI + b"x: {$ref: 'https://other.example/spec.yaml'}\n", "/x/$ref"),
    ],
)
def test_a_spec_that_cannot_be_trusted_says_why(document: bytes, pointer: str) -> None:
    assert pointer in [place for place, _ in read_spec("a.yaml", document).faults]


def test_a_spec_that_is_no_yaml_raises() -> None:
    with pytest.raises(YamlFault):
        read_spec("a.yaml", b"a: [")
