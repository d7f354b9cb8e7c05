"""Ids minted at the edge: a prefix that tells the kind, and a UUIDv7 (RFC 9562)."""

import hashlib

from uuid6 import uuid7


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid7().hex}"


def command_id(store: str, actor: str, key: str | None) -> str:
    """A fresh command id, or the one that belongs to this actor's Idempotency-Key."""
    if key is None:
        return new_id("cmd")
    digest = hashlib.sha256(f"{store}\n{actor}\n{key}".encode()).hexdigest()
    return f"cmd_{digest[:32]}"
