"""Signatures of the Standard Webhooks specification: HMAC-SHA256 (`v1`) and Ed25519 (`v1a`).

What is signed is `id.timestamp.body`, exactly the bytes that are sent. While keys are rotated both
the new and the old ones sign, so a receiver changes over whenever it likes.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET_BYTES = 32  # the specification allows 24 to 64


@dataclass(frozen=True)
class Keys:
    """`secret` is shared with the receiver, `seed` is the private half of a key pair."""

    secret: bytes
    seed: bytes

    @classmethod
    def new(cls) -> "Keys":
        return cls(secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(32))

    @property
    def shown_secret(self) -> str:
        return "whsec_" + base64.b64encode(self.secret).decode()

    @property
    def public(self) -> str:
        key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return "whpk_" + base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def signatures(self, message: str, timestamp: int, body: bytes) -> tuple[str, str]:
        signed = f"{message}.{timestamp}.".encode() + body
        mac = hmac.new(self.secret, signed, hashlib.sha256).digest()
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(signed)
        return f"v1,{base64.b64encode(mac).decode()}", f"v1a,{base64.b64encode(signature).decode()}"


def headers(keys: tuple[Keys, ...], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt."""
    signatures = [one for key in keys for one in key.signatures(message, timestamp, body)]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
