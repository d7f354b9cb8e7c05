"""What the files of a bundle are by their bytes, and the text that can be read out of them.

An extension is a promise to reviewers and to whatever reads the file later; bytes that break it
are refused. Office files are opened with a cap on what they unpack to, macros are refused.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import PurePosixPath

from policies.bundle.findings import Finding
from policies.bundle.parts import Bundle

TEXT = frozenset({".txt", ".md", ".csv", ".json", ".html", ".htm", ".yaml", ".yml"})
INSTRUCTIONS = frozenset({".txt", ".md"})
SIGNATURES: dict[str, tuple[bytes, ...]] = {
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",),
}
OFFICE = {
    ".docx": ("word/document.xml", r"word/(?:document|footnotes|endnotes|comments|header\d*)\.xml"),
    ".xlsx": ("xl/workbook.xml", r"xl/(?:sharedStrings|comments\d*|worksheets/[^/]+)\.xml"),
    ".pptx": ("ppt/presentation.xml", r"ppt/(?:slides|notesSlides)/[^/]+\.xml"),
}
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 10_000
XML_BREAK = re.compile(r"</(?:w:p|a:p|si|row|c)>")
XML_TAG = re.compile(r"<[^<>]*>")


class TooMuch(Exception):
    """An office file unpacks to more than is worth reading."""


def extension(path: str) -> str:
    """Lower case, with the dot; "" for none."""
    return PurePosixPath(path).suffix.lower()


def type_findings(bundle: Bundle, knowledge_types: tuple[str, ...]) -> Iterator[Finding]:
    """Files whose type the pack does not allow, and files that are not what they are called."""
    named = bundle.manifest.instructions_file
    documents = {action.openapi for action in bundle.manifest.actions}
    for path, data in bundle.files.items():
        kind = extension(path)
        if path == named:
            allowed = kind in INSTRUCTIONS
        elif path in documents:
            allowed = True  # the manifest's own rules know which documents it can name
        else:
            allowed = kind in knowledge_types
        if not allowed:
            called = kind or "no extension"
            yield Finding("file-type-not-allowed", path, "", f"{called} is not an allowed type")
        wrong = mismatch(kind, data)
        if wrong:
            yield Finding("file-type-mismatch", path, "", wrong)


def mismatch(kind: str, data: bytes) -> str | None:
    """Why `data` is not what its extension says, or None. A type not known here is a mismatch."""
    if kind in OFFICE:
        return _office_mismatch(data, OFFICE[kind][0])
    if kind in TEXT:
        return _text_mismatch(kind, data)
    if kind == ".webp" and data[8:12] != b"WEBP":
        return "the content is not .webp"
    if kind in SIGNATURES:
        return None if data.startswith(SIGNATURES[kind]) else f"the content is not {kind}"
    return "the content cannot be checked against this extension"


def _text_mismatch(kind: str, data: bytes) -> str | None:
    if data.startswith((b"%PDF-", b"{\\rtf", b"PK\x03\x04", b"\x7fELF")):
        return "the content is a document or a program, not text"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "the content is not UTF-8 text"
    if "\0" in text:
        return "the content holds NUL bytes and is not text"
    if kind == ".json":
        try:
            json.loads(text.removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            return "the content is not JSON"
    return None


def _office_mismatch(data: bytes, main: str) -> str | None:
    if not data.startswith(b"PK\x03\x04"):
        return "the content is not an office file of this kind"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return "the content is a broken archive"
    if len(names) > MAX_MEMBERS:
        return f"the archive has more than {MAX_MEMBERS} members"
    if main not in names or "[Content_Types].xml" not in names:
        return "the content is not an office file of this kind"
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return "the file holds macros"
    return None


def readable_text(path: str, data: bytes) -> str | None:
    """The text of a knowledge file, None for what only a person can read (PDF, images).

    Raises `TooMuch`, `zipfile.BadZipFile` for an office file that cannot be unpacked. Bytes that
    are not UTF-8 come back as U+FFFD: the mismatch is a finding already.
    """
    kind = extension(path)
    if kind in OFFICE:
        return _office_text(data, re.compile(OFFICE[kind][1]))
    if kind in SIGNATURES:
        return None
    return data.decode("utf-8", errors="replace")


def _office_text(data: bytes, wanted: re.Pattern[str]) -> str:
    texts = []
    room = MAX_UNPACKED_BYTES
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if not wanted.fullmatch(member.filename):
                continue
            with archive.open(member) as opened:
                # The size in the directory is the sender's claim; what is read is counted.
                xml = opened.read(room + 1)
            room -= len(xml)
            if room < 0:
                raise TooMuch(f"more than {MAX_UNPACKED_BYTES} bytes unpacked")
            marked = XML_BREAK.sub("\n", xml.decode("utf-8", errors="replace"))
            texts.append(unescape(XML_TAG.sub("", marked)))
    return "\n".join(texts)
