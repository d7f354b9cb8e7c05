"""Objects are named by what they hold, written once, and never believed unread."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gonogo.objects import ObjectCorrupt, ObjectMissing, Objects
from policies.bundle.digest import bundle_digest, file_digest
from tests.conftest import require
from tests.policies.bundles import manifest, read, upload


@pytest.fixture(params=["folder", "memory"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    return Objects(tmp_path / "objects" if request.param == "folder" else "memory:///")


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_what_was_put_comes_back_by_its_hash(objects: Objects, data: bytes) -> None:
    digest = objects.put(data)

    assert digest == file_digest(data)
    assert objects.put(data) == digest
    assert objects.get(digest) == data


def test_a_folder_holds_each_object_once_under_its_hash(tmp_path: Path) -> None:
    objects = Objects(tmp_path)

    digest = objects.put(b"data")
    objects.put(b"data")

    assert stored(tmp_path) == [tmp_path / "sha256" / digest[:2] / digest[2:]]


def test_an_unknown_digest_is_missing(objects: Objects) -> None:
    for digest in ("0" * 64, "", "../../etc/passwd", "A" * 64):
        with pytest.raises(ObjectMissing):
            objects.get(digest)


def test_changed_bytes_are_corrupt_and_mended_by_the_next_put(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    digest = objects.put(b"data")
    stored(tmp_path)[0].write_bytes(b"da")

    with pytest.raises(ObjectCorrupt):
        objects.get(digest)
    objects.put(b"data")

    assert objects.get(digest) == b"data"


def test_another_process_reads_what_this_one_wrote(tmp_path: Path) -> None:
    digest = Objects(tmp_path).put(b"data")

    assert Objects(str(tmp_path)).get(digest) == b"data"
    assert Objects(tmp_path.as_uri()).get(digest) == b"data"


def test_json_is_stored_in_canonical_bytes(objects: Objects) -> None:
    digest = objects.put_json({"b": 1, "a": [1.0, "é"]})

    assert objects.get(digest) == '{"a":[1,"é"],"b":1}'.encode()
    assert objects.get_json(digest) == {"a": [1, "é"], "b": 1}


def test_bytes_that_are_no_json_are_corrupt_as_json(objects: Objects) -> None:
    digest = objects.put(b"\xff{")

    with pytest.raises(ObjectCorrupt):
        objects.get_json(digest)


def test_a_bundle_lies_under_its_own_digest(objects: Objects) -> None:
    value = manifest(instructions=None, instructions_file="i.md", knowledge=["a.bin"])
    bundle = read({**upload(value), "i.md": "Erkläre.\r\n".encode(), "a.bin": bytes(range(256))})

    digest = objects.put_bundle(bundle)

    assert digest == bundle_digest(bundle)
    assert objects.get_bundle(digest) == bundle


def test_a_bundle_with_a_lost_file_is_missing_not_smaller(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    bundle = read({**upload(manifest(knowledge=["a.md"])), "a.md": b"text"})
    digest = objects.put_bundle(bundle)
    lost = file_digest(b"text")
    (tmp_path / "sha256" / lost[:2] / lost[2:]).unlink()

    with pytest.raises(ObjectMissing) as caught:
        objects.get_bundle(digest)

    assert caught.value.digest == lost


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"manifest": {}, "files": {}},
        {"manifest": [], "files": []},
        {"manifest": manifest(), "files": {"a": 1}},
    ],
)
def test_an_object_that_is_no_index_is_no_bundle(objects: Objects, value: Any) -> None:
    digest = objects.put_json(value)

    with pytest.raises(ObjectCorrupt):
        objects.get_bundle(digest)


def test_a_bundle_is_kept_in_a_real_bucket() -> None:
    url = os.environ.get("GONOGO_TEST_S3_URL", "")
    require("s3", bool(url), "set GONOGO_TEST_S3_URL to a bucket of yours to test against S3")
    bundle = read(upload())
    objects = Objects(url)

    assert objects.get_bundle(objects.put_bundle(bundle)) == bundle
    assert objects.put_bundle(bundle) == bundle_digest(bundle)
