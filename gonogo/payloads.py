"""What Temporal keeps, sealed: payloads and failures are encrypted before they leave a process.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, the key's id as associated data. A
keys file holds a line per key, `id base64-of-32-bytes`: the first encrypts, all decrypt. Rotating
means putting a new line on top everywhere, keeping the old ones as long as histories live.
"""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/gonogo-aes256gcm"
KEY_BYTES, NONCE_BYTES = 32, 12
MOST_KEYS, _LARGEST = 100, 64 * 1024
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")


class PayloadKeyFault(ValueError):
    """The keys file cannot be used. The message names the file and the line, never a key."""


class PayloadKeyMissing(RuntimeError):
    """A payload was sealed with a key that this process does not have, or was tampered with."""


class Sealed(PayloadCodec):
    """Payloads that were kept before sealing began are read as they are."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        if not keys:
            raise PayloadKeyFault("there is no key")
        self._first = keys[0][0]
        self._ciphers = {name: AESGCM(key) for name, key in keys}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._open(payload) for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        nonce, name = secrets.token_bytes(NONCE_BYTES), self._first.encode()
        text = self._ciphers[self._first].encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": ENCODING, "key": name}, data=nonce + text)

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        name = payload.metadata.get("key", b"")
        cipher = self._ciphers.get(name.decode("ascii", "replace"))
        if cipher is None:
            shown = name.decode("ascii", "replace")[:40]
            raise PayloadKeyMissing(
                f"no key {shown!r} in GONOGO_PAYLOAD_KEYS_FILE: put its line back below the first"
            )
        nonce, text = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, text, name))
        except (InvalidTag, ValueError) as fault:
            raise PayloadKeyMissing(
                f"a payload does not open with the key {name.decode()!r}: another key has this id, "
                "or somebody changed the payload"
            ) from fault


def read_keys(path: Path) -> list[tuple[str, bytes]]:
    """The keys of a file, the encrypting one first. Raises `PayloadKeyFault`."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()[: _LARGEST + 1]
    except OSError as fault:
        raise PayloadKeyFault(f"cannot read {path}: {fault.strerror}") from fault
    if mode & 0o077:
        raise PayloadKeyFault(f"others may read {path}: chmod 600 {path}")
    if len(text) > _LARGEST:
        raise PayloadKeyFault(f"{path} is no keys file: it has more than {_LARGEST} bytes")
    found: dict[str, bytes] = {}
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, key = _parsed(f"{path}, line {number}", line)
        if name in found:
            raise PayloadKeyFault(f"{path}, line {number}: the id {name} is there twice")
        found[name] = key
    if not found:
        raise PayloadKeyFault(f"{path} holds no key: gonogo payload-key {path}")
    if len(found) > MOST_KEYS:
        raise PayloadKeyFault(f"{path} holds more than {MOST_KEYS} keys")
    return list(found.items())


def _parsed(where: str, line: str) -> tuple[str, bytes]:
    name, _, coded = line.strip().partition(" ")
    if not _KEY_ID.fullmatch(name):
        raise PayloadKeyFault(f"{where}: an id has up to 40 letters, digits, “.”, “_”, “-”")
    try:
        key = base64.b64decode(coded.strip(), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise PayloadKeyFault(f"{where}: the key of {name} is not base64") from fault
    if len(key) != KEY_BYTES:
        raise PayloadKeyFault(f"{where}: the key of {name} has {len(key)} bytes, not {KEY_BYTES}")
    return name, key


def add_key(path: Path, name: str) -> None:
    """Put a new key on top of a keys file, made if absent. Raises `PayloadKeyFault`."""
    kept = read_keys(path) if path.exists() else []
    if not _KEY_ID.fullmatch(name) or name in dict(kept):
        raise PayloadKeyFault(f"{name!r} is no new id")
    keys = [(name, secrets.token_bytes(KEY_BYTES)), *kept]
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{one} {base64.b64encode(key).decode()}\n" for one, key in keys)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
