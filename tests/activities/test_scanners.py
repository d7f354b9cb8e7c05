"""What one file is by its bytes, and what a credential looks like."""

import pytest

from activities.file_types import MAX_UNPACKED_BYTES, TooMuch, mismatch, readable_text
from activities.secret_patterns import OVERLAP, WINDOW, sightings
from tests.activities.material import KEYS, office


@pytest.mark.parametrize("kind", KEYS)
def test_a_credential_is_known_by_its_shape_and_never_shown(kind: str) -> None:
    (found,) = [
        each for each in sightings(f"first line\nuse {KEYS[kind]} here") if each.kind == kind
    ]

    assert found.line == 2
    assert KEYS[kind].startswith(found.start) or kind.lower() == "private key"
    assert len(found.start) == 4


@pytest.mark.parametrize(
    "text",
    [
        "sk" + "-proj-" + "x" * 48,
        "AKIA" + "IOSFODNN7EXAMPLE",
        "sk-learn and sk-image",
        "the password is a secret",
        "postgres" + "://user:${PASSWORD}@db/app",
        "AKIA",
    ],
)
def test_manuals_and_prose_are_no_credentials(text: str) -> None:
    assert list(sightings(text)) == []


def test_a_credential_is_found_at_any_place_of_a_long_line() -> None:
    key = KEYS["OpenAI key"]
    for start in range(WINDOW - OVERLAP - 80, WINDOW + 80, 7):
        assert [f.kind for f in sightings("." * start + " " + key + " " + "." * 3000)]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (".txt", "Grüße".encode()),
        (".json", b'\xef\xbb\xbf{"a": 1}'),
        (".pdf", b"%PDF-1.7\n"),
        (".png", b"\x89PNG\r\n\x1a\n\0"),
        (".jpeg", b"\xff\xd8\xff\xe0"),
        (".webp", b"RIFF\0\0\0\0WEBPVP8 "),
        (".gif", b"GIF89a"),
        (".docx", office("word/document.xml")),
        (".xlsx", office("xl/workbook.xml")),
        (".pptx", office("ppt/presentation.xml")),
    ],
)
def test_a_file_that_is_what_it_is_called_passes(kind: str, data: bytes) -> None:
    assert mismatch(kind, data) is None


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (".txt", b"\x7fELF\x02\x01\x01\0"),
        (".txt", b"MZ\x90\0"),
        (".md", b"%PDF-1.7"),
        (".csv", b"\xff\xfea\0"),
        (".json", b"{'a': 1}"),
        (".json", b"[" * 100_000),
        (".png", b"<svg/>"),
        (".webp", b"RIFF\0\0\0\0WAVE"),
        (".pdf", b"MZ"),
        (".docx", b"not a zip"),
        (".docx", b"PK\x03\x04 broken"),
        (".docx", office("xl/workbook.xml")),
        (".docx", office("word/document.xml", "word/vbaProject.bin")),
        (".exe", b"MZ"),
        ("", b"text"),
    ],
)
def test_a_file_that_is_something_else_is_a_mismatch(kind: str, data: bytes) -> None:
    assert mismatch(kind, data)


def test_an_archive_that_unpacks_without_end_is_not_read_to_its_end() -> None:
    bomb = office("word/document.xml", text="\0" * (MAX_UNPACKED_BYTES + 1))

    with pytest.raises(TooMuch):
        readable_text("a.docx", bomb)
