"""What stops and legal holds have in common: an order that one person gives and one lifts."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from policies.lifecycle.kernel import Event


@dataclass(frozen=True)
class Order:
    """`status` is `lifted` at its end; what it is before that the kinds of orders say."""

    id: str
    store: str
    scope: str
    target: str
    reason: str
    placed_by: str
    placed_at: datetime
    seq: int = 0
    version: int = 1
    status: str = ""
    lifted_by: str | None = None
    lifted_at: datetime | None = None


AnOrder = TypeVar("AnOrder", bound=Order)


def placed(kind: type[AnOrder], event: Event, **more: Any) -> AnOrder:
    b = event.body
    return kind(
        id=event.subject,
        store=event.store,
        scope=b["scope"],
        target=b["target"],
        reason=b["reason"],
        placed_by=event.actor_id,
        placed_at=event.occurred_at,
        seq=event.seq,
        **more,
    )


def lifted(state: AnOrder | None, event: Event, of_type: str) -> AnOrder:
    """Raises `ValueError` for another event than `of_type`, and for an order that is over."""
    if state is None or event.type != of_type or state.status == "lifted":
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    return replace(
        state,
        status="lifted",
        lifted_by=event.actor_id,
        lifted_at=event.occurred_at,
        seq=event.seq,
        version=state.version + 1,
    )


def answer(name: str, state: Order) -> dict[str, Any]:
    return {
        name: state.id,
        "scope": state.scope,
        "target": state.target,
        "status": state.status,
        "seq": state.seq,
        "version": state.version,
    }
