"""What every lifecycle shares: commands in, facts out, events back.

    Command ──decide(state)──► Fact, Fact …   ──record──►   Event, Event …  ──evolve──► state

A decider is pure: the time is data, what had to be looked up arrives as `observed`. A state is the
fold of events that the record returned, never of a decider's own facts.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import rfc8785

# The version of the deciding code, stored with every event. Raise it when a rule changes.
RULES = "1"
SYSTEM = "system"


class Role(StrEnum):
    DEVELOPER = "developer"
    REVIEWER = "reviewer"
    SENIOR_REVIEWER = "senior_reviewer"
    PRODUCT_LEAD = "product_lead"
    SAFETY_ONCALL = "safety_oncall"
    POLICY_EDITOR = "policy_editor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Relation(StrEnum):
    """How an actor stands to one subject. The first that holds, in this order, is the relation."""

    SYSTEM = "system"
    OWNER = "owner"  # belongs to the publisher
    CLAIMANT = "claimant"  # holds the claim
    DECIDER = "decider"  # gave the decision or the order that stands
    SPOKE = "spoke"  # gave a voice on this round before
    OTHER = "other"


@dataclass(frozen=True)
class Actor:
    """Who commands. `publishers` are the ids of the publishers this person belongs to."""

    id: str
    roles: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()

    @property
    def is_system(self) -> bool:
        return self.id == SYSTEM


SYSTEM_ACTOR = Actor(SYSTEM, (Role.SYSTEM,))


@dataclass(frozen=True)
class Command:
    """One order about one subject. `at` is when the edge took it (UTC). `due` holds deadlines
    the edge resolved on the business calendar, since workflow code may not resolve zones."""

    id: str
    kind: str
    store: str
    subject: str
    actor: Actor
    at: datetime
    body: dict[str, Any] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    on_behalf_of: str | None = None
    mac: str = ""


@dataclass(frozen=True)
class Fact:
    """What a decider says happened. `body` holds ids, codes, digests, numbers, due dates."""

    type: str
    body: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """One recorded fact. `seq` counts from 1 without gaps within its subject; times are UTC."""

    store: str
    position: int
    subject: str
    seq: int
    type: str
    actor_id: str
    command_id: str
    occurred_at: datetime
    recorded_at: datetime
    pack: str
    rules: str
    body: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    on_behalf_of: str | None = None
    caused_by: str | None = None
    prev: str = ""
    schema: int = 1


S = TypeVar("S")


@dataclass(frozen=True)
class Machine(Generic[S]):
    """One kind of subject: its state type, its deciders, the facts only a person may cause."""

    kind: str
    state: type[S]
    decide: Callable[[S | None, Command, datetime, Mapping[str, Any]], tuple[Fact, ...]]
    permit: Callable[[S | None, str, Actor, datetime], None]
    evolve: Callable[[S | None, Event], S]
    commands: tuple[str, ...]  # that a person may give
    human_facts: frozenset[str]  # that the system can never cause
    causes: Mapping[str, frozenset[str]]  # person's command → the facts it may cause
    answer: Callable[[S], dict[str, Any]]


def command_bytes(command: Command) -> bytes:
    """The canonical bytes a MAC covers: everything but the MAC."""
    value = asdict(command)
    del value["mac"]
    value["at"] = iso(command.at)
    value["due"] = {name: iso(at) for name, at in command.due.items()}
    value["actor"] = {
        "id": command.actor.id,
        "roles": sorted(command.actor.roles),
        "publishers": sorted(command.actor.publishers),
    }
    return rfc8785.dumps(value)


def mac_of(command: Command, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) over the canonical command, hex."""
    return hmac.new(key, command_bytes(command), hashlib.sha256).hexdigest()


def mac_holds(command: Command, key: bytes) -> bool:
    return hmac.compare_digest(command.mac, mac_of(command, key))


def event_bytes(event: Event) -> bytes:
    """The event in RFC 8785 form: every field of it, `position` and `recorded_at` too."""
    value = asdict(event)
    value["occurred_at"], value["recorded_at"] = iso(event.occurred_at), iso(event.recorded_at)
    value["evidence"] = list(event.evidence)
    return rfc8785.dumps(value)


def event_hash(event: Event) -> str:
    """SHA-256 over the event's bytes; the next event of the subject carries it as `prev`."""
    return hashlib.sha256(event_bytes(event)).hexdigest()


def iso(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds, so equal instants are equal text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instant(text: Any) -> datetime:
    """Read back what `iso` wrote; also accepts a datetime that a converter already restored.

    Raises `ValueError` for anything else, a time without zone included: nobody may guess it.
    """
    if not isinstance(text, str | datetime):
        raise ValueError(f"not a time: {text!r}")
    at = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without zone: {text}")
    return at.astimezone(UTC)


def instant_or_none(text: Any) -> datetime | None:
    return None if text is None else instant(text)
