"""Decide what a command does to a listing: its exposure by the system, its status by people."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotAllowed
from policies.lifecycle.kernel import Actor, Command, Fact, Machine, Relation
from policies.lifecycle.listing_state import Exposure, Listing, Status, evolve
from policies.rules.access import allow

__all__ = ["LEGAL", "MACHINE", "Exposure", "Listing", "Status"]

Facts = tuple[Fact, ...]

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
        raise IllegalMove(
            f"“{kind}” is not possible while the listing is {state.status.value}",
            command=kind,
            status=state.status.value,
        )
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
    if current.release == b["release"] and b["weight_bp"] < current.weight_bp:
        raise IllegalMove(
            "a release never shrinks: halt it or roll it back",  # I9
            weight_bp=current.weight_bp,
        )
    superseded = current.release if current.release not in (None, b["release"]) else None
    salt = current.salt if current.candidate else b["release"]
    wanted = {
        "candidate": b["digest"],
        "release": b["release"],
        "weight_bp": b["weight_bp"],
        "visibility": b["visibility"],
        "salt": salt,
    }
    opening = (
        () if s else (Fact("listing:created", {"gpt": b["gpt"], "publisher": b["publisher"]}),)
    )
    has = {
        "candidate": current.candidate,
        "release": current.release,
        "salt": current.salt,
        "weight_bp": current.weight_bp,
        "visibility": current.visibility,
    }
    if s and has == wanted and not current.halted:
        return ()
    # A developer's own unlisting and a quarantine outlast the steps of a release.
    lists = s is None or (s.status is Status.UNLISTED and not s.withheld)
    return (
        *opening,
        Fact(
            "listing:exposure:set",
            {
                **wanted,
                "lists": lists,
                "superseded": superseded,
                "was_weight_bp": current.weight_bp,
            },
        ),
    )


def _is_candidate(s: Listing, c: Command) -> bool:
    return s.exposure.candidate is not None and s.exposure.release == c.body["release"]


def _promote(s: Listing, c: Command) -> Facts:
    if not _is_candidate(s, c):
        return ()
    return (
        Fact(
            "listing:exposure:promoted",
            {"digest": s.exposure.candidate, "release": c.body["release"]},
        ),
    )


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
    "promote": _promote,
    "retract": _retract,
    "halt": _halt,
    "resume": _resume,
    "quarantine": _quarantine,
    "lift_quarantine": lambda s, c: (
        Fact("listing:quarantine:lifted", {"note": c.body.get("note")}),
    ),
    "unlist": lambda s, c: (Fact("listing:unlisted", {}),),
    "relist": lambda s, c: (Fact("listing:relisted", {}),),
}


def answer(state: Listing) -> dict[str, Any]:
    e = state.exposure
    return {
        "listing": state.id,
        "gpt": state.gpt,
        "status": state.status.value,
        "seq": state.seq,
        "version": state.version,
        "stable": e.stable,
        "candidate": e.candidate,
        "weight_bp": e.weight_bp,
        "visibility": e.visibility,
        "halted": e.halted,
    }


MACHINE: Machine[Listing] = Machine(
    kind="listing",
    state=Listing,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=PERSONS_COMMANDS,
    answer=answer,
    causes={
        "quarantine": frozenset({"listing:quarantined"}),
        "lift_quarantine": frozenset({"listing:quarantine:lifted"}),
        "unlist": frozenset({"listing:unlisted"}),
        "relist": frozenset({"listing:relisted"}),
    },
    # `listing:transferred` follows from an accepted transfer, within the record; no command causes
    # it, a person's as little as the system's.
    human_facts=frozenset(
        {
            "listing:quarantined",
            "listing:quarantine:lifted",
            "listing:unlisted",
            "listing:relisted",
            "listing:transferred",
        }
    ),
)
