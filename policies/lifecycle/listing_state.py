"""A listing: a GPT's public presence. It alone owns its exposure, one candidate at a time.

    unlisted → listed ⇄ quarantined,  either → delisted;  listed → unlisted by the developer

Exposure is `{stable, candidate, weight_bp, visibility, salt}`. Weight 0 to 10000 basis points.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from policies.lifecycle.kernel import Event


class Status(StrEnum):
    UNLISTED = "unlisted"
    LISTED = "listed"
    QUARANTINED = "quarantined"
    DELISTED = "delisted"  # two people; comes later, named now


LATER = frozenset({Status.DELISTED})


NEXT: Mapping[Status, frozenset[Status]] = {
    Status.UNLISTED: frozenset({Status.LISTED, Status.QUARANTINED, Status.DELISTED}),
    Status.LISTED: frozenset({Status.UNLISTED, Status.QUARANTINED, Status.DELISTED}),
    Status.QUARANTINED: frozenset({Status.LISTED, Status.UNLISTED, Status.DELISTED}),
    Status.DELISTED: frozenset({Status.LISTED}),
}


@dataclass(frozen=True)
class Exposure:
    """Who is served what. `halted` keeps weight and salt: resumed, the same people are served."""

    stable: str | None = None
    candidate: str | None = None
    release: str | None = None
    weight_bp: int = 0
    visibility: str = "link"
    salt: str = ""
    halted: bool = False


@dataclass(frozen=True)
class Listing:
    id: str
    store: str
    gpt: str
    publisher: str
    status: Status
    since: datetime
    exposure: Exposure
    seq: int = 0
    version: int = 1
    before: Status | None = None  # what a lifted quarantine returns to
    quarantined_by: str | None = None
    why: tuple[str, ...] = ()
    withheld: bool = False  # unlisted by its developer, which a release and a quarantine leave


def evolve(state: Listing | None, event: Event) -> Listing:
    body, at = event.body, event.occurred_at
    if event.type == "listing:created":
        return Listing(
            id=event.subject,
            store=event.store,
            gpt=body["gpt"],
            publisher=body["publisher"],
            status=Status.UNLISTED,
            since=at,
            exposure=Exposure(),
            seq=event.seq,
        )
    if state is None:
        raise ValueError(f"{event.type} before listing:created on {event.subject}")
    change = _CHANGES.get(event.type)
    if change is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    new: Listing = change(state, event, body)
    if new.status is not state.status:
        if new.status not in NEXT[state.status]:
            raise ValueError(f"{event.type}: {state.status} → {new.status} is not a move")
        new = replace(new, since=at)
    return replace(new, seq=event.seq, version=state.version + 1)


def _exposed(s: Listing, e: Event, b: dict[str, Any]) -> Listing:
    exposure = replace(
        s.exposure,
        candidate=b["candidate"],
        release=b["release"],
        weight_bp=b["weight_bp"],
        visibility=b["visibility"],
        salt=b["salt"],
        halted=False,
    )
    status = Status.LISTED if b["lists"] else s.status
    return replace(s, exposure=exposure, status=status)


def _promoted(s: Listing, e: Event, b: dict[str, Any]) -> Listing:
    return replace(s, exposure=Exposure(stable=b["digest"], visibility=s.exposure.visibility))


def _retracted(s: Listing, e: Event, b: dict[str, Any]) -> Listing:
    stable = s.exposure.stable
    status = Status.UNLISTED if stable is None and s.status is Status.LISTED else s.status
    visibility = s.exposure.visibility if stable else "link"
    # A quarantine lifted later must not list a GPT that has nothing left to serve.
    before = Status.UNLISTED if stable is None and s.before else s.before
    return replace(
        s, status=status, before=before, exposure=Exposure(stable=stable, visibility=visibility)
    )


_CHANGES: Mapping[str, Any] = {
    "listing:exposure:set": _exposed,
    "listing:exposure:promoted": _promoted,
    "listing:exposure:retracted": _retracted,
    "listing:exposure:halted": lambda s, e, b: replace(
        s, exposure=replace(s.exposure, halted=True)
    ),
    "listing:exposure:resumed": lambda s, e, b: replace(
        s, exposure=replace(s.exposure, halted=False)
    ),
    "listing:quarantined": lambda s, e, b: replace(
        s, status=Status.QUARANTINED, before=s.status, quarantined_by=e.actor_id, why=(b["reason"],)
    ),
    "listing:quarantine:lifted": lambda s, e, b: replace(
        s,
        status=s.before or Status.UNLISTED,
        before=None,
        quarantined_by=None,
        why=("by_developer",) if s.withheld else (),
    ),
    "listing:unlisted": lambda s, e, b: replace(
        s, status=Status.UNLISTED, why=("by_developer",), withheld=True
    ),
    "listing:transferred": lambda s, e, b: replace(s, publisher=b["to"]),
    "listing:relisted": lambda s, e, b: replace(s, status=Status.LISTED, why=(), withheld=False),
}
