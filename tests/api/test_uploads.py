"""Uploads from pages: folders, zips, pasted texts; every fault at once; nothing believed."""

import io
import json
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Problem
from api.pasted import pasted_bundle, quoted, starters_of
from api.zips import is_zip, unzipped
from gonogo.packs import load_pack
from policies.strict_yaml import load
from tests.api.store import Store, manifest
from tests.api.test_pages import HOSTILE, Browser

LIMITS = load_pack("default", None).limits
FRAGMENT = {"HX-Request": "true"}


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return whole.getvalue()


async def test_a_zip_is_a_folder(store: Store) -> None:
    ada = Browser(store, "ada")
    form = await ada.page("/mine/new")
    bundle = zip_of(
        {
            "sky/gpt.yaml": json.dumps(manifest()).encode(),
            "__MACOSX/sky/._gpt.yaml": b"x",
            "sky/.DS_Store": b"x",
        }
    )

    answer = await ada.send(
        "/mine/new", {"key": form.hidden["key"]}, files=[("files", ("sky.zip", bundle))]
    )

    case = answer.headers["location"].split("?")[0].rpartition("/")[2]
    await store.until(f"/v1/submissions/{case}", lambda found: found["stage"] == "queued")
    files = (await store.get(f"/v1/submissions/{case}/bundle", "ada")).json()["files"]
    assert {one["path"] for one in files} <= {"gpt.yaml"}


async def test_a_pasted_text_becomes_a_bundle_word_for_word(store: Store) -> None:
    ada = Browser(store, "ada")
    form = await ada.page("/mine/new")
    instructions = 'Say "hi".\r\n- not: [yaml]\r\n\u2028 {{secret:word}} \U0001f319 \\n'

    answer = await ada.send(
        "/mine/paste",
        {
            "key": form.hidden["key"],
            "name": "Moon: the #1 Guide",
            "description": HOSTILE,
            "instructions": instructions,
            "starters": "What is up?\r\n\r\n  Is it full?  ",
            "category": "education",
            "model": "fake-1",
        },
    )

    case = answer.headers["location"].split("?")[0].rpartition("/")[2]
    found = (await store.get(f"/v1/submissions/{case}/bundle", "ada")).json()
    assert found["instructions"] == instructions.replace("\r\n", "\n")
    assert found["manifest"]["name"] == "Moon: the #1 Guide"
    assert found["manifest"]["description"] == HOSTILE
    assert found["manifest"]["starters"] == ["What is up?", "Is it full?"]


async def test_all_faults_come_at_once_into_the_form(store: Store) -> None:
    ada = Browser(store, "ada")
    form = await ada.page("/mine/new")
    wrong = json.dumps(
        {"schema": 1, "name": HOSTILE * 9, "colour": "red", "knowledge": ["k.md"]}
    ).encode()

    answer = await ada.send(
        "/mine/new",
        {"key": form.hidden["key"]},
        files=[("files", ("f/gpt.yaml", wrong)), ("files", ("f/stray.bin", b"x"))],
        **FRAGMENT,
    )

    assert answer.status_code == 422
    assert "<html" not in answer.text
    assert "<script>alert" not in answer.text
    for words in ("colour", "description", "model", "all that were found"):
        assert words in answer.text, words


async def test_the_form_of_a_next_revision_is_filled_in(store: Store) -> None:
    case = await store.submitted(manifest(instructions="Line one.\nLine two."))

    page = await Browser(store, "ada").page(f"/mine/new?gpt={case['gpt']}")
    other = await Browser(store, "ben").visit(f"/mine/new?gpt={case['gpt']}")

    assert "Line one.\nLine two." in page.text
    assert page.hidden["gpt"] == case["gpt"]
    assert other.status_code == 404


def test_a_zip_that_unpacks_to_too_much_costs_no_more_than_the_limit() -> None:
    small = LIMITS.model_copy(update={"file_bytes": 1000, "total_bytes": 1500})
    bomb = zip_of({"gpt.yaml": b"a" * 200_000_000})

    with pytest.raises(Problem, match="heavier") as caught:
        unzipped(bomb, small)

    assert caught.value.code == "too-large"
    with pytest.raises(Problem, match="heavier"):
        unzipped(zip_of({"a": b"x" * 900, "b": b"y" * 900}), small)


def test_a_zip_that_lists_endless_files_is_refused_before_the_list_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = zip_of({f"{n:04}/" + "n" * 100: b"" for n in range(2_000)}, zipfile.ZIP_STORED)
    few = LIMITS.model_copy(update={"files": 100})

    def never(*_: object) -> None:
        raise AssertionError("an entry was read")

    monkeypatch.setattr(zipfile, "ZipInfo", never)
    with pytest.raises(Problem, match="lists more files") as caught:
        unzipped(whole, few)

    assert caught.value.code == "too-large"


def test_a_zip_with_the_longest_comment_is_read() -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("gpt.yaml", b"x")
        archive.comment = b"c" * 65_535

    assert unzipped(whole.getvalue(), LIMITS) == {"gpt.yaml": b"x"}


def test_a_zip_that_lies_about_sizes_is_refused() -> None:
    whole = bytearray(zip_of({"gpt.yaml": b"a" * 5000}, zipfile.ZIP_STORED))
    at = whole.index(b"PK\x01\x02") + 20
    whole[at : at + 8] = struct.pack("<II", 10, 10)

    with pytest.raises(Problem) as caught:
        unzipped(bytes(whole), LIMITS)

    assert caught.value.code == "malformed"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04 and nothing else", "cannot be read"),
        (zip_of({f"{n}.txt": b"x" for n in range(200)}), "files"),
        (zip_of({"gpt.yaml": b"x"}, zipfile.ZIP_LZMA), "not read here"),
    ],
)
def test_what_is_no_plain_zip_is_refused_with_a_reason(data: bytes, words: str) -> None:
    assert is_zip("a.ZIP", data)
    with pytest.raises(Problem, match=words):
        unzipped(data, LIMITS)


def test_only_a_zip_is_unpacked() -> None:
    assert not is_zip("gpt.yaml", zip_of({"a": b""}))
    assert not is_zip("a.zip", b"plain text")


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_in_quotes_is_that_text_again(text: str) -> None:
    assert load(f"a: {quoted(text)}\n") == {"a": text}


def test_pasted_files_are_the_two_of_a_small_bundle() -> None:
    files = pasted_bundle(
        name="n", description="d", category="", model="m", instructions="i\r\n", starters=()
    )

    assert files["instructions.md"] == b"i\n"
    assert b"starters" not in files["gpt.yaml"]
    assert starters_of("\r\n".join(str(n) for n in range(500))) == [str(n) for n in range(50)]
