"""A window that people declare at run time: from when to when exposure may not start or grow.

declared → ended

Declaring one needs no orchestrator: it is safer, so the API writes it by itself, as stops (I3).
What it says never changes; to change it, end it and declare another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from policies.errors import IllegalMove, Incomplete
from policies.lifecycle.kernel import (
    Actor,
    Command,
    Event,
    Fact,
    Machine,
    Relation,
    instant_or_none,
    iso,
)
from policies.rules.access import allow
from policies.rules.windows import Window, window_of


@dataclass(frozen=True)
class DeclaredWindow:
    """`over_at` (UTC) is when it has come for the last time, None if it never ends by itself;
    `publisher` is whom a window of a narrower scope binds."""

    id: str
    store: str
    window: Window
    reason: str
    declared_by: str
    declared_at: datetime
    over_at: datetime | None
    publisher: str | None = None
    seq: int = 0
    version: int = 1
    status: Literal["declared", "ended"] = "declared"
    ended_by: str | None = None
    ended_at: datetime | None = None


def evolve(state: DeclaredWindow | None, event: Event) -> DeclaredWindow:
    b = event.body
    if event.type == "window:declared":
        return DeclaredWindow(
            id=event.subject,
            store=event.store,
            window=window_of(b["window"], event.subject),
            reason=b["reason"],
            declared_by=event.actor_id,
            declared_at=event.occurred_at,
            over_at=instant_or_none(b["over_at"]),
            publisher=b["publisher"],
            seq=event.seq,
        )
    if state is None or event.type != "window:ended" or state.status == "ended":
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    return replace(
        state,
        status="ended",
        ended_by=event.actor_id,
        ended_at=event.occurred_at,
        seq=event.seq,
        version=state.version + 1,
    )


def permit(state: DeclaredWindow | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind == "declare":
        allow("window", "declare", actor, Relation.OTHER)
        if state is not None:
            raise IllegalMove("this window was declared already")
        return
    if kind != "end" or state is None:
        raise IllegalMove(f"a window knows no command “{kind}” here", command=kind)
    mine = state.publisher is not None and state.publisher in actor.publishers
    allow("window", "end", actor, Relation.OWNER if mine else Relation.OTHER)
    if state.status != "declared":
        raise IllegalMove("this window was ended already", status=state.status)


def decide(
    state: DeclaredWindow | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    """`over_at` comes with the command: the edge resolved it, since rules read no zones."""
    permit(state, command.kind, command.actor, now)
    b = command.body
    if not b.get("reason"):
        raise Incomplete("a reason is missing", field="reason")
    told = {"reason": b["reason"], "note": b.get("note")}
    if command.kind == "end":
        return (Fact("window:ended", told),)
    window = window_of(b["window"], command.subject)
    over = instant_or_none(b.get("over_at"))
    if over is not None and over <= now:
        raise Incomplete("it is over already", field="ends", over_at=iso(over))
    return (
        Fact(
            "window:declared",
            {
                "window": window.as_json(),
                "over_at": iso(over) if over else None,
                "publisher": b.get("publisher"),
                **told,
            },
        ),
    )


def answer(state: DeclaredWindow) -> dict[str, Any]:
    return {
        "window": state.id,
        "kind": state.window.kind,
        "scope": state.window.scope,
        "status": state.status,
        "seq": state.seq,
        "version": state.version,
    }


MACHINE: Machine[DeclaredWindow] = Machine(
    kind="window",
    state=DeclaredWindow,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=("declare", "end"),
    answer=answer,
    causes={
        "declare": frozenset({"window:declared"}),
        "end": frozenset({"window:ended"}),
    },
    human_facts=frozenset({"window:declared", "window:ended"}),
)
