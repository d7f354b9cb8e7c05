"""Keys for one purpose each, derived from the installation's own secret; and sealed values.

Whoever has one derived key has no other, and cannot forge commands.
"""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ADDRESS_KEY = "addresses"  # the purpose of proofs that somebody reads mail at an address
_NONCE = 12
_VERSION = b"\x01"


class Unsealable(ValueError):
    """The value was sealed under another key, for another place, or was changed."""


def derived(secret: bytes, purpose: str) -> bytes:
    """32 bytes by HKDF-SHA256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"gonogo {purpose}".encode()).derive(secret)


def token(key: bytes, *parts: str) -> str:
    """A word that only the holder of `key` could have made for these parts."""
    return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


class Seal:
    """AES-256-GCM with a random nonce. Bound to its `place`: moved elsewhere, a value is void."""

    def __init__(self, secret: bytes) -> None:
        self._aead = AESGCM(derived(secret, "sealed values"))

    def close(self, value: bytes, place: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises `Unsealable`."""
        if sealed[:1] != _VERSION:
            raise Unsealable("sealed by a version that is not known here")
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode())
        except (InvalidTag, ValueError) as fault:
            raise Unsealable(
                "sealed under another key, or changed: is mac.key the same?"
            ) from fault
