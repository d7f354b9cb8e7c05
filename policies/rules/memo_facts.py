"""What a memo knows: the facts of one change to a launch, from one event, for every audience.

A memo is written from one record: the internal text tells reason, change, who decided and what to
do; the public one tells what changed and what it means for its reader. Facts hold ids, codes and
times; names and prose are looked up when a text is rendered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.lifecycle.kernel import Event, instant_or_none
from policies.rules.target import Target, of_json

KINDS = (
    "planned",
    "narrowed",
    "postponed",
    "brought_forward",
    "cancelled",
    "held",
    "opened",
    "suspended",
    "corrected",
)
# Memos of these kinds tell a date, to everybody too.
DATED = frozenset({"planned", "narrowed", "postponed", "brought_forward"})
AUDIENCES = ("internal", "public")
LOCALES = ("en", "fr")
# Reasons that a public memo says in words of its own; any other is “for reasons of our own”.
REASONS = ("unexpected", "safety", "quality", "capacity", "legal", "dependency", "feedback")


@dataclass(frozen=True)
class MemoFacts:
    """Times are UTC. `before` and `after` are targets, None where there is none. `decided_by` are
    ids of people, the first voice first. `note` is the digest of a text for insiders. `decide_by`
    is until when developers choose, `choice` what counts as chosen otherwise."""

    kind: str
    at: datetime
    decided_by: tuple[str, ...] = ()
    before: Target | None = None
    after: Target | None = None
    reason: str | None = None
    note: str | None = None
    nth: int = 0
    moved: int | None = None
    flagged: int | None = None
    decide_by: datetime | None = None
    choice: str | None = None
    review_by: datetime | None = None
    wave: int = 0
    opened: int | None = None
    excluded: int = 0


def memo_facts(event: Event, before: Any) -> MemoFacts | None:
    """The facts of a memo about `event` of a launch; None for what no memo is written about.

    `before` is the launch's state before the event, for the target it had.
    """
    teller = _TELLERS.get(event.type)
    return teller(event, getattr(before, "target", None)) if teller else None


def _said(kind: str) -> Callable[[Event, Target | None], MemoFacts]:
    def told(event: Event, had: Target | None) -> MemoFacts:
        body = event.body
        first = body.get("first")
        return MemoFacts(
            kind=kind,
            at=event.occurred_at,
            decided_by=tuple(dict.fromkeys(one for one in (first, event.actor_id) if one)),
            before=_target(body.get("from")) or had,
            after=_target(body.get("to") or body.get("target")),
            reason=_text(body.get("reason")) or _text(body.get("cause")),
            note=_text(body.get("note")),
            nth=_number(body.get("nth")) or 0,
            moved=_number(body.get("moved")),
            flagged=_number(body.get("flagged")),
            decide_by=instant_or_none(body.get("decide_by")),
            choice=_text(body.get("default")),
            review_by=instant_or_none(body.get("review_by")),
            wave=_number(body.get("wave")) or 0,
            opened=_number(body.get("ready")),
            excluded=len(body.get("excluded") or ()),
        )

    return told


_TELLERS: Mapping[str, Callable[[Event, Target | None], MemoFacts]] = {
    "launch:planned": _said("planned"),
    "launch:replanned": _said("planned"),
    "launch:target:narrowed": _said("narrowed"),
    "launch:postponed": _said("postponed"),
    "launch:brought_forward": _said("brought_forward"),
    "launch:cancelled": _said("cancelled"),
    "launch:held": _said("held"),
    "launch:wave:opened": _said("opened"),
    "launch:suspended": _said("suspended"),
}
TOLD_BY_MEMO = frozenset(_TELLERS)


def _target(value: Any) -> Target | None:
    return of_json(value) if isinstance(value, Mapping) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
