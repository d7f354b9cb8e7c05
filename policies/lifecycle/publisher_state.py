"""A publisher: the person or organisation that offers GPTs, its members, how it was verified.

    unverified → verified ⇄ lapsing → unverified;  each → closed

`lapsing`: what verified it did not hold when it was looked at again; until `grace_until` nothing
changes, then exposure stays and no longer grows (I6). `revoked_by`: staff took the verification
away, and only staff give it back. Names and domains are `prose:` references.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from policies.lifecycle.kernel import Event, instant


class Standing(StrEnum):
    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    LAPSING = "lapsing"
    CLOSED = "closed"


NEXT: Mapping[Standing, frozenset[Standing]] = {
    Standing.UNVERIFIED: frozenset({Standing.VERIFIED, Standing.CLOSED}),
    Standing.VERIFIED: frozenset({Standing.LAPSING, Standing.UNVERIFIED, Standing.CLOSED}),
    Standing.LAPSING: frozenset({Standing.VERIFIED, Standing.UNVERIFIED, Standing.CLOSED}),
    Standing.CLOSED: frozenset(),
}
HOLDS = frozenset({Standing.VERIFIED, Standing.LAPSING})
OWNER, MEMBER = "owner", "member"
ROLES = (OWNER, MEMBER)


@dataclass(frozen=True)
class Challenge:
    """A domain that is to be proven until `until`."""

    domain: str
    until: datetime


@dataclass(frozen=True)
class Tries:
    """Looks that found nothing since `since`, whatever they looked at; `last` is the newest."""

    count: int
    since: datetime
    last: datetime


@dataclass(frozen=True)
class Invitation:
    role: str
    by: str
    until: datetime


@dataclass(frozen=True)
class Publisher:
    """`members` and `invited` are by person. `method`: domain, name or operator, while it holds."""

    id: str
    store: str
    standing: Standing
    since: datetime
    founder: str | None = None
    name: str | None = None
    seq: int = 0
    version: int = 1
    members: dict[str, str] = field(default_factory=dict)
    invited: dict[str, Invitation] = field(default_factory=dict)
    challenge: Challenge | None = None
    tries: Tries | None = None
    method: str | None = None
    domain: str | None = None
    verified_at: datetime | None = None
    recheck_at: datetime | None = None
    grace_s: int = 0
    grace_until: datetime | None = None
    why: tuple[str, ...] = ()  # what did not hold at the last look
    revoked_by: str | None = None
    # Duty → digest of the policies it was confirmed under.
    confirmed: dict[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """What I6 asks: whether the verification stands, also while it lapses."""
        return self.standing in HOLDS

    @property
    def owners(self) -> tuple[str, ...]:
        return tuple(sorted(p for p, role in self.members.items() if role == OWNER))


def evolve(state: Publisher | None, event: Event) -> Publisher:
    """Raises `ValueError` for an event or a move the table does not know."""
    body = event.body
    if event.type in ("publisher:founded", "publisher:adopted"):
        return _begun(event, body)
    change = _CHANGES.get(event.type)
    if state is None or change is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    new: Publisher = change(state, event, body)
    if new.standing is not state.standing:
        if new.standing not in NEXT[state.standing]:
            raise ValueError(f"{event.type}: {state.standing} → {new.standing} is not a move")
        new = replace(new, since=event.occurred_at)
    return replace(new, seq=event.seq, version=state.version + 1)


def _begun(event: Event, b: Mapping[str, Any]) -> Publisher:
    verified = bool(b.get("verified"))
    return Publisher(
        id=event.subject,
        store=event.store,
        standing=Standing.VERIFIED if verified else Standing.UNVERIFIED,
        since=event.occurred_at,
        founder=None if event.type == "publisher:adopted" else event.actor_id,
        name=b.get("name"),
        seq=event.seq,
        members=dict(b.get("members") or {}),
        method="operator" if verified else None,
        verified_at=event.occurred_at if verified else None,
    )


def _verified(s: Publisher, e: Event, b: dict[str, Any]) -> Publisher:
    return replace(
        s,
        standing=Standing.VERIFIED,
        method=b["method"],
        domain=b.get("domain"),
        challenge=None if b.get("domain") else s.challenge,
        verified_at=e.occurred_at,
        recheck_at=instant(b["recheck_at"]),
        grace_s=b["grace_s"],
        grace_until=None,
        why=(),
        revoked_by=None,
    )


def _failed(s: Publisher, e: Event, b: dict[str, Any]) -> Publisher:
    since = instant(b["since"]) if b.get("since") else e.occurred_at
    tries = Tries(int(b.get("tries", 1)), since, e.occurred_at)
    return replace(s, tries=tries, why=tuple(b["why"]))


def _unverified(s: Publisher, e: Event, b: dict[str, Any]) -> Publisher:
    return replace(
        s,
        standing=Standing.UNVERIFIED,
        method=None,
        domain=None,
        verified_at=None,
        recheck_at=None,
        grace_until=None,
        why=tuple(b.get("why", ())) or ("revoked",),
    )


def _revoked(s: Publisher, e: Event, b: dict[str, Any]) -> Publisher:
    return replace(_unverified(s, e, b), revoked_by=e.actor_id, challenge=None)


def _without(s: Publisher, person: str) -> dict[str, Invitation]:
    return {who: one for who, one in s.invited.items() if who != person}


def _invited(s: Publisher, e: Event, b: dict[str, Any]) -> Publisher:
    # What ran out is dropped here, so that old invitations do not pile up.
    still = {who: one for who, one in s.invited.items() if one.until > e.occurred_at}
    new = Invitation(b["role"], e.actor_id, instant(b["until"]))
    return replace(s, invited={**still, b["person"]: new})


def _joined(s: Publisher, e: Event, b: dict[str, Any]) -> Publisher:
    return replace(
        s, members={**s.members, b["person"]: b["role"]}, invited=_without(s, b["person"])
    )


def _left(s: Publisher, e: Event, b: dict[str, Any]) -> Publisher:
    return replace(s, members={p: role for p, role in s.members.items() if p != b["person"]})


_CHANGES: Mapping[str, Any] = {
    "publisher:renamed": lambda s, e, b: replace(s, name=b["name"]),
    "publisher:member:invited": _invited,
    "publisher:member:uninvited": lambda s, e, b: replace(s, invited=_without(s, b["person"])),
    "publisher:member:joined": _joined,
    "publisher:member:enrolled": _joined,
    "publisher:member:left": _left,
    "publisher:member:removed": _left,
    "publisher:member:role_set": lambda s, e, b: replace(
        s, members={**s.members, b["person"]: b["role"]}
    ),
    "publisher:duty:confirmed": lambda s, e, b: replace(
        s, confirmed={**s.confirmed, b["duty"]: b["terms"]}
    ),
    "publisher:domain:challenged": lambda s, e, b: replace(
        s, challenge=Challenge(b["domain"], instant(b["until"])), why=()
    ),
    "publisher:domain:failed": _failed,
    "publisher:verified": _verified,
    "publisher:name:attested": _verified,
    "publisher:verification:lapsing": lambda s, e, b: replace(
        s, standing=Standing.LAPSING, grace_until=instant(b["until"]), why=tuple(b["why"])
    ),
    "publisher:verification:lost": _unverified,
    "publisher:verification:revoked": _revoked,
    "publisher:reinstated": lambda s, e, b: replace(s, revoked_by=None, why=()),
    "publisher:closed": lambda s, e, b: replace(
        s,
        standing=Standing.CLOSED,
        members={},
        invited={},
        challenge=None,
        recheck_at=None,
        grace_until=None,
    ),
}
