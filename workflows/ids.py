"""Ids minted inside a workflow: UUIDv7 (RFC 9562) from its own clock and its own randomness."""

import uuid

from temporalio import workflow


def new_id(prefix: str) -> str:
    """`prefix_` + UUIDv7; the same again on replay."""
    ms = int(workflow.now().timestamp() * 1000)
    rand = workflow.random().getrandbits(74)
    value = (ms & (2**48 - 1)) << 80 | 0x7 << 76 | (rand >> 62) << 64 | 0b10 << 62
    return f"{prefix}_{uuid.UUID(int=value | (rand & (2**62 - 1))).hex}"
