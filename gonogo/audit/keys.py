"""The key that signs checkpoints, made at first use like `mac.key`, and its rotation.

checkpoint.key            the private key, PEM (PKCS 8), readable by its owner only
checkpoints/…/keys        every public key that ever signed here, one a line, the newest last
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

KEY_MOST = 4_096  # bytes


class BadKey(ValueError):
    """The key file holds no Ed25519 key. The message names the file, never its content."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key of `path`, made if there is none; the first of several processes wins.

    Raises `BadKey`.
    """
    if not path.exists():
        _write_new(path, Ed25519PrivateKey.generate())
    with path.open("rb") as file:
        data = file.read(KEY_MOST)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as fault:
        raise BadKey(f"{path} holds no private key") from fault
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path} holds a key of another kind than Ed25519")
    return key


def replace_key(path: Path, fresh: Ed25519PrivateKey) -> None:
    """Put `fresh` in the place of the key that is there, at once and for good."""
    _written(path, fresh).replace(path)
    sync_folder(path.parent)


def _write_new(path: Path, key: Ed25519PrivateKey) -> None:
    made = _written(path, key)
    try:
        path.hardlink_to(made)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    sync_folder(path.parent)


def _written(path: Path, key: Ed25519PrivateKey) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return made


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder: a file that is there now is there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
