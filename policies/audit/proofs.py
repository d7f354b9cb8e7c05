"""What leaves the house about the record: events as values, inclusion proofs, how to read them.

    proof   {"kind": "gonogo-proof", "schema": 1, "event": {…}, "size": n, "path": [hex, …],
             "checkpoint": "signed note"}

The event's leaf and the path give a root; the checkpoint, signed, names the same root. Whoever has
the installation's public key needs nothing else.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from policies.audit.merkle import SIZE, BadProof, leaf_hash, root_of_inclusion
from policies.lifecycle.kernel import Event, event_bytes

PROOF = "gonogo-proof"
# What people decide about a revision, a listing, a release, a publisher, and what machines may.
DECISIONS = frozenset(
    {
        "submission:review:approved",
        "submission:review:rejected",
        "submission:review:changes_requested",
        "submission:policy:approved",
        "submission:policy:held",
        "listing:quarantined",
        "listing:quarantine:lifted",
        "stop:placed",
        "stop:lifted",
        "release:halted",
        "release:rolled_back",
        "publisher:verification:revoked",
        "publisher:reinstated",
    }
)
_EVENT = TypeAdapter(Event)


class Unreadable(ValueError):
    """A value from outside is not what it claims to be. The message says where."""


def event_value(event: Event) -> dict[str, Any]:
    """The event as JSON; `event_from` reads it back as the same."""
    value: dict[str, Any] = _EVENT.dump_python(event, mode="json")
    return value


def event_from(value: Any) -> Event:
    """Raises `Unreadable` for what is no event, or says more than an event can."""
    try:
        event: Event = _EVENT.validate_python(value)
        known = event_value(event)
    except (ValidationError, ValueError, TypeError) as fault:
        raise Unreadable("this is no event") from fault
    if not isinstance(value, Mapping) or value.keys() != known.keys():
        raise Unreadable("the event has other fields than an event")
    for name, said in value.items():
        # Times may be written in several ways; everything else is exactly what it was.
        if name not in ("occurred_at", "recorded_at") and said != known[name]:
            raise Unreadable(f"the event's {name} is of another type")
    return event


def leaf_of(event: Event) -> bytes:
    return leaf_hash(event_bytes(event))


def proof_value(event: Event, size: int, path: list[bytes], note: str) -> dict[str, Any]:
    return {
        "kind": PROOF,
        "schema": 1,
        "event": event_value(event),
        "size": size,
        "path": [step.hex() for step in path],
        "checkpoint": note,
    }


def proven_root(value: Any) -> tuple[Event, int, bytes]:
    """The event of a proof, and size and root of the tree it is proven for.

    Raises `Unreadable`. That this is the tree somebody signed is for the checkpoint to say.
    """
    if not isinstance(value, Mapping) or value.get("kind") != PROOF or value.get("schema") != 1:
        raise Unreadable("this is no proof of this kind")
    event = event_from(value.get("event"))
    size, path = value.get("size"), value.get("path")
    if not isinstance(size, int) or isinstance(size, bool) or not isinstance(path, list):
        raise Unreadable("a proof has a size and a path")
    try:
        steps = [bytes.fromhex(step) for step in path]
        if any(len(step) != SIZE for step in steps):
            raise Unreadable("a step of the path is no SHA-256")
        return event, size, root_of_inclusion(leaf_of(event), event.position - 1, size, steps)
    except (BadProof, TypeError, ValueError) as fault:
        raise Unreadable(f"the path does not fit: {fault}") from fault
