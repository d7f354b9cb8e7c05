"""What a notice knows of its event: ids, codes, numbers and times, under names that never vary.

Templates are strict, so every notice has every field; what does not apply is None or empty.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from policies.lifecycle.kernel import Event, iso


@dataclass(frozen=True)
class Facts:
    """Times are RFC 3339 in UTC. `note` is the digest of a text its readers may read."""

    gpt: str | None = None
    publisher: str | None = None
    case: str | None = None
    release: str | None = None
    round: int | None = None
    due_at: str | None = None  # of our work
    until: str | None = None  # of theirs
    at: str | None = None  # of what is planned
    what: str | None = None  # nudge, breach, escalation; wait, ship_alone, withdraw
    reason: str | None = None
    why: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    note: str | None = None
    step: int | None = None  # counted from 1
    steps: int | None = None
    weight_bp: int | None = None
    scope: str | None = None
    target: str | None = None
    pack: str | None = None
    endpoint: str | None = None
    faults: int | None = None  # of the record
    launch: str | None = None
    date: Mapping[str, Any] | None = None  # a launch's new target, as `Target.as_json` has it


# Notes that were written for whoever gets these notices. All others stay on the pages.
NOTE_TOLD = frozenset(
    {
        "submission:review:asked",
        "submission:review:answered",
        "submission:review:changes_requested",
        "submission:decision:settled",
        "memo:sent",
    }
)


# Events that give a launch another date, which these notices say in words.
DATE_TOLD = frozenset({"launch:replanned", "launch:brought_forward"})


def facts_of(event: Event, after: Any) -> Facts:
    """`after` is the subject's state after the event; any kind of subject will do."""
    body = event.body
    kind = event.type.partition(":")[0]
    decision = getattr(after, "decision", None)
    judged = decision if event.type == "submission:decision:settled" else None
    due = getattr(after, "due_at", None)
    why = body.get("why") or body.get("rules") or ()
    # `reason` is a code; `why` a code or a list of them.
    return Facts(
        gpt=getattr(after, "gpt", None),
        publisher=getattr(after, "publisher", None)
        or (after.id if kind == "publisher" and after else None),
        case=event.subject if kind == "submission" else getattr(after, "submission", None),
        release=event.subject if kind == "release" else _text(body.get("release")),
        round=getattr(after, "round", None),
        due_at=_text(body.get("due_at")) or (iso(due) if due else None),
        until=_text(body.get("until")) or _text(body.get("decide_by")),
        at=_text(body.get("at")) or _text(body.get("effective_at")) or _planned(kind, after),
        what=_text(body.get("what")) or _text(body.get("default")),
        reason=_text(body.get("reason")) or _text(body.get("cause")),
        why=(why,) if isinstance(why, str) else _codes(why),
        clauses=tuple(judged.clauses) if judged else _codes(body.get("clauses")),
        blocked_by=_codes(body.get("blocked_by")),
        note=(judged.note if judged else _text(body.get("note")))
        if event.type in NOTE_TOLD
        else None,
        step=body["stage"] + 1 if isinstance(body.get("stage"), int) else None,
        steps=body.get("of") if isinstance(body.get("of"), int) else None,
        weight_bp=body.get("weight_bp") if isinstance(body.get("weight_bp"), int) else None,
        # A stop's. The target of a launch or an embargo is a date, and no text.
        scope=_text(getattr(after, "scope", None)),
        target=_text(getattr(after, "target", None)),
        pack=event.pack,
        launch=event.subject if kind == "launch" else getattr(after, "launch", None),
        date=body["target"] if event.type in DATE_TOLD else None,
    )


def _planned(kind: str, after: Any) -> str | None:
    """When an embargo ends; when a launch opens, once that is known to the instant."""
    name = {"embargo": "not_before", "launch": "opens_at"}.get(kind)
    moment = getattr(after, name, None) if name else None
    return iso(moment) if moment else None


def facts_value(facts: Facts) -> dict[str, Any]:
    """As JSON, without what is empty."""
    value = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(facts).items()}
    return {name: v for name, v in value.items() if v not in (None, [])}


def facts_from(value: Mapping[str, Any]) -> Facts:
    """Read back `facts_value`, also of another version: unknown names are left out."""
    known = {field.name for field in fields(Facts)}
    given: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in value.items() if name in known
    }
    return Facts(**given)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _codes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(str(one) for one in value)
