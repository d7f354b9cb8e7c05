"""The static scanners: bundle and pack in, findings out. A scanner that raises blocks (I7)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from activities.file_types import extension, readable_text, type_findings
from activities.secret_patterns import sightings
from policies.bundle.findings import Finding
from policies.bundle.openapi import read_document
from policies.bundle.parts import MANIFEST, Bundle, pointer_of, strings_of
from policies.pack import PolicyPack
from policies.rules.hidden_text import hidden_text
from policies.rules.hosts import action_findings


@dataclass(frozen=True)
class Scanner:
    """`id` and `version` enter the evidence: a finding says which scanner made it, and how new."""

    id: str
    version: str
    scan: Callable[[Bundle, PolicyPack], Iterable[Finding]]


@dataclass(frozen=True)
class Text:
    """One text of a bundle. `pointer` is its place in a parsed document, "" for a whole file."""

    file: str
    pointer: str
    text: str
    knowledge: bool = False


def texts_of(bundle: Bundle) -> Iterator[Text]:
    """Everything a model or a user may come to read, and the comments of OpenAPI documents.

    Raises what reading a file raises. Files that hold no plain text are `unread`.
    """
    for pointer, text in strings_of(bundle.manifest.value):
        yield Text(MANIFEST, pointer, text)
    documents = {action.openapi for action in bundle.manifest.actions}
    for path, data in bundle.files.items():
        if path in documents:
            yield from _document_texts(path, data)
        elif path == bundle.manifest.instructions_file:
            yield Text(path, "", bundle.manifest.instructions.removeprefix("\ufeff"))
        else:
            read = readable_text(path, data)
            if read is not None:
                yield Text(path, "", read, knowledge=True)


def _document_texts(path: str, data: bytes) -> Iterator[Text]:
    raw = data.decode("utf-8")
    yield Text(path, "", raw.removeprefix("\ufeff"))
    if "\\" not in raw:
        return  # nothing is written with an escape, the raw text shows it all
    for pointer, text in strings_of(read_document(path, data)):
        if text not in raw:
            yield Text(path, pointer, text)


def unread(bundle: Bundle) -> tuple[str, ...]:
    """Files whose text no scanner reads: the evidence says so rather than pass them silently."""
    documents = {action.openapi for action in bundle.manifest.actions}
    return tuple(
        path
        for path in sorted(bundle.files.keys() - documents)
        if extension(path) in (".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp")
    )


def scan_secrets(bundle: Bundle, _: PolicyPack) -> Iterator[Finding]:
    """Provider keys, tokens, private keys: named by type, line and first characters."""
    for each in texts_of(bundle):
        for found in sightings(each.text):
            message = f"{found.kind} starting {found.start}… on line {found.line}"
            yield Finding("secret", each.file, each.pointer, message)


def scan_hidden_text(bundle: Bundle, _: PolicyPack) -> Iterator[Finding]:
    """Characters that people cannot see, in anything a model reads."""
    for each in texts_of(bundle):
        yield from hidden_text(each.text, each.file, each.pointer, knowledge=each.knowledge)


def scan_actions(bundle: Bundle, _: PolicyPack) -> Iterable[Finding]:
    """Hosts, transport, documents and privacy policies of actions."""
    return action_findings(bundle)


def scan_file_types(bundle: Bundle, pack: PolicyPack) -> Iterable[Finding]:
    """Types the pack allows, and bytes that keep the extension's promise."""
    return type_findings(bundle, pack.static.knowledge_types)


def scan_absent_parts(bundle: Bundle, _: PolicyPack) -> Iterator[Finding]:
    """Parts that the GPT has and nobody sent: a person has to know that nothing looked at them."""
    absent = bundle.manifest.absent
    for index, name in enumerate(absent.knowledge):
        message = f"the knowledge file {name!r} was not sent: nobody has seen what it says"
        pointer = pointer_of("absent", "knowledge", index)
        yield Finding("part-absent", MANIFEST, pointer, message)
    if absent.model:
        message = "the base model is not known: whatever answers the probes stands in for it"
        yield Finding("part-absent", MANIFEST, "/absent/model", message)
    if absent.category:
        yield Finding("part-absent", MANIFEST, "/absent/category", "the category was not told")


# A change of what a scanner finds is a new version.
SCANNERS: tuple[Scanner, ...] = (
    Scanner("secrets", f"1+detect-secrets-{version('detect-secrets')}", scan_secrets),
    Scanner("hidden-text", "1", scan_hidden_text),
    Scanner("actions", "1", scan_actions),
    Scanner("file-types", "1", scan_file_types),
    Scanner("absent-parts", "1", scan_absent_parts),
)
