"""Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint): text, and who stands for it.

    gonogo/default/5f0c…            origin: which log
    1042                            how many events
    CsUYapGGPo4dkMgIAUqom/Xajj7h…   the root over them, base64
    at 2026-03-01T09:00:00Z         an extension line of ours: when it was made

    — gonogo/default/5f0c… az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5…

A signature is Ed25519 over the text with its last line feed, behind four bytes of the key's id. A
verifier's key is `name+id+key`. When one key follows another, the old one signs a checkpoint with
a line `next <verifier's key>`.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
NOTE_MOST = 16 * 1024  # bytes; a note of ours has about 300
_DASH = "— "


class BadNote(ValueError):
    """Not a note, not a checkpoint, or not signed by a key one trusts. The message says which."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key under its name. Written `name+hash+key` (C2SP signed-note)."""

    name: str
    public: bytes  # 32 bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{key}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Raises `BadNote`."""
        name, _, rest = text.strip().partition("+")
        claimed, _, encoded = rest.partition("+")
        raw = _unbase64(encoded)
        if not _is_name(name) or raw[:1] != ED25519 or len(raw) != 33:
            raise BadNote("this is no Ed25519 verifier key (name+hash+key)")
        key = cls(name, raw[1:])
        if key.id.hex() != claimed.lower():
            raise BadNote("the key's hash does not belong to its name and key")
        return key


@dataclass(frozen=True)
class Signer:
    """A private key under its name."""

    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw())

    def line(self, text: str) -> str:
        signed = self.private.sign(text.encode())
        return f"{_DASH}{self.name} {base64.b64encode(self.key.id + signed).decode()}\n"


@dataclass(frozen=True)
class Checkpoint:
    """What a note says. `at` is aware UTC; `next` names the key that follows the one that signed.
    Both are None when the note does not tell.
    """

    origin: str
    size: int
    root: bytes
    at: datetime | None = None
    next: str | None = None

    @property
    def text(self) -> str:
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        if self.at is not None:
            lines.append("at " + self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        if self.next is not None:
            lines.append(f"next {self.next}")
        return "".join(f"{line}\n" for line in lines)


def sign(checkpoint: Checkpoint, signers: Sequence[Signer]) -> str:
    """The note of `checkpoint`, one signature line for each signer."""
    text = checkpoint.text
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def read_note(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint of a note that at least one of `keys` signed. Raises `BadNote`.

    Signatures of unknown keys are passed over; one of a known key that does not hold is refused.
    """
    text, signatures = _parts(note)
    known = {(key.name, key.id): key for key in keys}
    held = 0
    for name, raw in signatures:
        key = known.get((name, raw[:4]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text.encode())
        except InvalidSignature:
            raise BadNote("a signature does not hold") from None
        held += 1
    if not held:
        raise BadNote("no known key signed it")
    return _checkpoint(text)


def followers(
    trusted: Iterable[VerifierKey], known: Iterable[VerifierKey], notes: Iterable[str]
) -> list[VerifierKey]:
    """`trusted`, and the keys of `known` that one of them named as the next, and so on.

    A signature beside a trusted one says nothing: anybody can add theirs. Notes that cannot be read
    lead nowhere.
    """
    keys, rest, read = list(trusted), list(known), list(notes)
    grown = True
    while grown:
        named = {point.next for note in read if (point := _trusted(note, keys)) is not None}
        fresh = [key for key in rest if key not in keys and str(key) in named]
        keys += fresh
        grown = bool(fresh)
    return keys


def _trusted(note: str, keys: Iterable[VerifierKey]) -> Checkpoint | None:
    try:
        return read_note(note, keys)
    except BadNote:
        return None


def signed_by(note: str) -> list[str]:
    """The ids, in hex, of the keys that a note names; nothing is verified."""
    return [raw[:4].hex() for _, raw in _parts(note)[1]]


def unverified(note: str) -> Checkpoint:
    """What a note says, whoever signed it: for naming things, never for trusting them."""
    return _checkpoint(_parts(note)[0])


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    if not _is_unicode(note):
        raise BadNote("a note is UTF-8")
    if len(note.encode()) > NOTE_MOST:
        raise BadNote(f"a note has at most {NOTE_MOST} bytes")
    if any(ord(c) < 0x20 and c != "\n" for c in note):
        raise BadNote("a note holds no control characters")
    text, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise BadNote("this is no signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        raw = _unbase64(encoded)
        if not line.startswith(_DASH) or not _is_name(name) or len(raw) < 5:
            raise BadNote("a signature line is malformed")
        signatures.append((name, raw))
    return text + "\n", signatures


def _checkpoint(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not lines[0]:
        raise BadNote("a checkpoint has three lines or more")
    if not (lines[1].isascii() and lines[1].isdigit()) or len(lines[1]) > 18:
        raise BadNote("the second line of a checkpoint is its size")
    if lines[1] != str(int(lines[1])):
        raise BadNote("a size has no leading zeroes")
    root = _unbase64(lines[2])
    if len(root) != 32:
        raise BadNote("the third line of a checkpoint is a SHA-256 in base64")
    at = following = None
    for line in lines[3:]:
        if line.startswith("next "):
            following = str(VerifierKey.parse(line[5:]))
        if line.startswith("at "):
            try:
                at = datetime.strptime(line[3:], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            except ValueError as fault:
                raise BadNote("the time of a checkpoint is YYYY-MM-DDTHH:MM:SSZ") from fault
    return Checkpoint(lines[0], int(lines[1]), root, at, following)


def _is_name(name: str) -> bool:
    plain = "+" not in name and not any(c.isspace() for c in name)
    return bool(name) and plain and _is_unicode(name)


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can say it: a lone surrogate is no character."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise BadNote("this is not base64") from fault
