"""A listing: a GPT's public presence. It alone owns its exposure, one candidate at a time.

    unlisted → listed ⇄ quarantined,  either → delisted;  listed → unlisted by the developer

Exposure is `{stable, candidate, weight_bp, visibility, salt}`. Weight 0 to 10000 basis points.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotAllowed
from policies.lifecycle.kernel import Actor, Command, Event, Fact, Machine, Relation
from policies.rules.access import allow

Facts = tuple[Fact, ...]


class Status(StrEnum):
    UNLISTED = "unlisted"
    LISTED = "listed"
    QUARANTINED = "quarantined"
    DELISTED = "delisted"  # two people; comes later, named now


NEXT: Mapping[Status, frozenset[Status]] = {
    Status.UNLISTED: frozenset({Status.LISTED, Status.QUARANTINED, Status.DELISTED}),
    Status.LISTED: frozenset({Status.UNLISTED, Status.QUARANTINED, Status.DELISTED}),
    Status.QUARANTINED: frozenset({Status.LISTED, Status.UNLISTED, Status.DELISTED}),
    Status.DELISTED: frozenset({Status.LISTED}),
}


@dataclass(frozen=True)
class Exposure:
    """Who is served what. `halted` keeps weight and salt, so that resuming serves the same people."""

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


def evolve(state: Listing | None, event: Event) -> Listing:
    body, at = event.body, event.occurred_at
    if event.type == "listing:created":
        return Listing(
            id=event.subject, store=event.store, gpt=body["gpt"], publisher=body["publisher"],
            status=Status.UNLISTED, since=at, exposure=Exposure(), seq=event.seq,
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
        s.exposure, candidate=b["candidate"], release=b["release"], weight_bp=b["weight_bp"],
        visibility=b["visibility"], salt=b["salt"], halted=False,
    )
    status = Status.LISTED if b["lists"] else s.status
    return replace(s, exposure=exposure, status=status)


def _promoted(s: Listing, e: Event, b: dict[str, Any]) -> Listing:
    return replace(s, exposure=Exposure(stable=b["digest"], visibility=s.exposure.visibility))


def _retracted(s: Listing, e: Event, b: dict[str, Any]) -> Listing:
    stable = s.exposure.stable
    status = Status.UNLISTED if stable is None and s.status is Status.LISTED else s.status
    visibility = s.exposure.visibility if stable else "link"
    return replace(s, status=status, exposure=Exposure(stable=stable, visibility=visibility))


_CHANGES: Mapping[str, Any] = {
    "listing:exposure:set": _exposed,
    "listing:exposure:promoted": _promoted,
    "listing:exposure:retracted": _retracted,
    "listing:exposure:halted":
        lambda s, e, b: replace(s, exposure=replace(s.exposure, halted=True)),
    "listing:exposure:resumed":
        lambda s, e, b: replace(s, exposure=replace(s.exposure, halted=False)),
    "listing:quarantined": lambda s, e, b: replace(
        s, status=Status.QUARANTINED, before=s.status, quarantined_by=e.actor_id,
        why=(b["reason"],)),
    "listing:quarantine:lifted": lambda s, e, b: replace(
        s, status=s.before or Status.UNLISTED, before=None, quarantined_by=None, why=()),
    "listing:unlisted": lambda s, e, b: replace(s, status=Status.UNLISTED, why=("by_developer",)),
    "listing:relisted": lambda s, e, b: replace(s, status=Status.LISTED, why=()),
}

SYSTEM_COMMANDS = frozenset({"expose", "promote", "retract", "halt", "resume"})
LEGAL: Mapping[str, frozenset[Status]] = {
    "quarantine": frozenset({Status.UNLISTED, Status.LISTED}),
    "lift_quarantine": frozenset({Status.QUARANTINED}),
    "unlist": frozenset({Status.LISTED}),
    "relist": frozenset({Status.UNLISTED}),
    "expose": frozenset(Status) - {Status.DELISTED},
    "promote": frozenset(Status) - {Status.DELISTED},
    "retract": frozenset(Status),
    "halt": frozenset(Status),
    "resume": frozenset(Status) - {Status.DELISTED},
}
PERSONS_COMMANDS = tuple(kind for kind in LEGAL if kind not in SYSTEM_COMMANDS)


def relation_of(state: Listing, actor: Actor) -> Relation:
    if actor.is_system:
        return Relation.SYSTEM
    if state.publisher in actor.publishers:
        return Relation.OWNER
    return Relation.DECIDER if state.quarantined_by == actor.id else Relation.OTHER


def permit(state: Listing | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind not in LEGAL:
        raise IllegalMove(f"a listing knows no command “{kind}”", command=kind)
    if kind in SYSTEM_COMMANDS:
        if not actor.is_system:
            raise NotAllowed(f"“{kind}” is the system's own command", command=kind)
        if state is None and kind == "expose":
            return
    if state is None:
        raise IllegalMove("there is no such listing", command=kind)
    if kind not in SYSTEM_COMMANDS:
        allow("listing", kind, actor, relation_of(state, actor))
    if state.status not in LEGAL[kind]:
        raise IllegalMove(f"“{kind}” is not possible while the listing is {state.status.value}",
                          command=kind, status=state.status.value)
    if kind == "relist" and state.exposure.stable is None and state.exposure.candidate is None:
        raise IllegalMove("there is no approved revision to list")


def decide(
    state: Listing | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> Facts:
    """The facts a command causes. A repeat of what already holds causes none."""
    permit(state, command.kind, command.actor, now)
    if command.kind == "expose":
        return _expose(state, command)
    assert state is not None  # permit refuses everything else on nothing
    return _DECIDERS[command.kind](state, command)


def _expose(s: Listing | None, c: Command) -> Facts:
    b = c.body
    current = s.exposure if s else Exposure()
    superseded = current.release if current.release not in (None, b["release"]) else None
    salt = current.salt if current.candidate else b["release"]
    wanted = {"candidate": b["digest"], "release": b["release"], "weight_bp": b["weight_bp"],
              "visibility": b["visibility"], "salt": salt}
    opening = () if s else (Fact("listing:created", {"gpt": b["gpt"], "publisher": b["publisher"]}),)
    has = {"candidate": current.candidate, "release": current.release, "salt": current.salt,
           "weight_bp": current.weight_bp, "visibility": current.visibility}
    if s and has == wanted and not current.halted:
        return ()
    # A developer's own unlisting and a quarantine outlast the steps of a release.
    lists = s is None or (s.status is Status.UNLISTED and "by_developer" not in s.why)
    return (*opening, Fact("listing:exposure:set", {
        **wanted, "lists": lists, "superseded": superseded, "was_weight_bp": current.weight_bp,
    }))


def _is_candidate(s: Listing, c: Command) -> bool:
    return s.exposure.candidate is not None and s.exposure.release == c.body["release"]


def _promote(s: Listing, c: Command) -> Facts:
    if not _is_candidate(s, c):
        return ()
    return (Fact("listing:exposure:promoted",
                 {"digest": s.exposure.candidate, "release": c.body["release"]}),)


def _retract(s: Listing, c: Command) -> Facts:
    if not _is_candidate(s, c):
        return ()
    return (Fact("listing:exposure:retracted", {"release": c.body["release"]}),)


def _halt(s: Listing, c: Command) -> Facts:
    if not _is_candidate(s, c) or s.exposure.halted:
        return ()
    return (Fact("listing:exposure:halted", {"release": c.body["release"]}),)


def _resume(s: Listing, c: Command) -> Facts:
    if not _is_candidate(s, c) or not s.exposure.halted:
        return ()
    return (Fact("listing:exposure:resumed", {"release": c.body["release"]}),)


def _quarantine(s: Listing, c: Command) -> Facts:
    if not c.body.get("reason"):
        raise Incomplete("a reason is missing", field="reason")
    return (Fact("listing:quarantined", {"reason": c.body["reason"], "note": c.body.get("note")}),)


_DECIDERS: Mapping[str, Callable[[Listing, Command], Facts]] = {
    "promote": _promote, "retract": _retract, "halt": _halt, "resume": _resume,
    "quarantine": _quarantine,
    "lift_quarantine": lambda s, c: (
        Fact("listing:quarantine:lifted", {"note": c.body.get("note")}),),
    "unlist": lambda s, c: (Fact("listing:unlisted", {}),),
    "relist": lambda s, c: (Fact("listing:relisted", {}),),
}


def answer(state: Listing) -> dict[str, Any]:
    e = state.exposure
    return {
        "listing": state.id, "gpt": state.gpt, "status": state.status.value, "seq": state.seq,
        "version": state.version, "stable": e.stable, "candidate": e.candidate,
        "weight_bp": e.weight_bp, "visibility": e.visibility, "halted": e.halted,
    }


MACHINE: Machine[Listing] = Machine(
    kind="listing", state=Listing, decide=decide, permit=permit, evolve=evolve,
    commands=PERSONS_COMMANDS, answer=answer,
    human_facts=frozenset({"listing:quarantined", "listing:quarantine:lifted",
                           "listing:unlisted", "listing:relisted"}),
)
