"""A memo about a launch: prepared from the record, edited, sent. What was sent is never changed.

prepared → sent (an audience at a time), or discarded while nobody has it

A memo that turns out wrong is corrected by another memo, which names it. Texts stand elsewhere, by
digest; a part is one audience in one language, such as `public/fr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from policies.errors import IllegalMove, Incomplete, StaleDecision
from policies.lifecycle.kernel import Actor, Command, Event, Fact, Machine, Relation
from policies.rules.access import allow
from policies.rules.memo_facts import AUDIENCES, KINDS, LOCALES

PARTS = tuple(f"{audience}/{locale}" for audience in AUDIENCES for locale in LOCALES)
_DIGEST_MOST = 80


@dataclass(frozen=True)
class Part:
    """Digests of subject line and text; `edits` counts how often people changed them."""

    subject: str
    text: str
    edits: int = 0


@dataclass(frozen=True)
class Sending:
    by: str
    at: datetime


@dataclass(frozen=True)
class Memo:
    """`about` is the number of the launch's event it tells of. Times UTC."""

    id: str
    store: str
    launch: str
    kind: str
    about: int
    prepared_by: str
    prepared_at: datetime
    parts: Mapping[str, Part]
    seq: int = 0
    version: int = 1
    status: Literal["prepared", "sent", "discarded"] = "prepared"
    sent: Mapping[str, Sending] = field(default_factory=dict)  # by audience
    corrects: str | None = None

    def open_to(self, audience: str) -> bool:
        """Whether the memo may still be changed for this audience."""
        return self.status != "discarded" and audience not in self.sent


def evolve(state: Memo | None, event: Event) -> Memo:
    b = event.body
    if event.type == "memo:prepared":
        return Memo(
            id=event.subject,
            store=event.store,
            launch=b["launch"],
            kind=b["what"],
            about=b["about"],
            prepared_by=event.actor_id,
            prepared_at=event.occurred_at,
            parts={name: Part(one["subject"], one["text"]) for name, one in b["parts"].items()},
            corrects=b.get("corrects"),
            seq=event.seq,
        )
    if state is None:
        raise ValueError(f"unknown event {event.type} on {event.subject}")
    moved = replace(state, seq=event.seq, version=state.version + 1)
    if event.type == "memo:edited":
        old = state.parts[b["part"]]
        part = Part(b["subject"], b["text"], old.edits + 1)
        return replace(moved, parts={**state.parts, b["part"]: part})
    if event.type == "memo:sent":
        sending = Sending(event.actor_id, event.occurred_at)
        return replace(moved, status="sent", sent={**state.sent, b["audience"]: sending})
    if event.type == "memo:discarded":
        return replace(moved, status="discarded")
    raise ValueError(f"unknown event {event.type} on {event.subject}")


def permit(state: Memo | None, kind: str, actor: Actor, now: datetime) -> None:
    allow("memo", kind, actor, Relation.OTHER)
    if kind == "prepare":
        if state is not None:
            raise IllegalMove("this memo was prepared already")
        return
    if state is None:
        raise IllegalMove(f"a memo knows no command “{kind}” here", command=kind)
    if state.status == "discarded":
        raise IllegalMove("this memo was discarded; prepare another one")
    if kind == "discard" and state.sent:
        raise IllegalMove("somebody has this memo; correct it by another one")
    if kind in ("edit", "send") and not any(state.open_to(one) for one in audiences(state)):
        raise IllegalMove("everybody has this memo; correct it by another one")


def audiences(state: Memo) -> tuple[str, ...]:
    """Those it is written for."""
    return tuple(one for one in AUDIENCES if any(p.startswith(one + "/") for p in state.parts))


def decide(
    state: Memo | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> tuple[Fact, ...]:
    permit(state, command.kind, command.actor, now)
    b = command.body
    if state is None:
        return (_prepared(b),)
    _must_have_read(state, b.get("version"))
    if command.kind == "discard":
        return (Fact("memo:discarded", {}),)
    if command.kind == "edit":
        return (_edited(state, b),)
    audience = b.get("audience")
    if audience not in audiences(state):
        raise Incomplete("say who gets it", field="audience", audiences=list(audiences(state)))
    if not state.open_to(audience):
        raise IllegalMove(f"the {audience} memo was sent already; correct it by another one")
    return (Fact("memo:sent", {"audience": audience, **_told(state, audience)}),)


def _must_have_read(state: Memo, version: Any) -> None:
    """I1: what was sent is never taken back, so nobody sends what another changed meanwhile."""
    if version is not None and version != state.version:
        raise StaleDecision(
            "the memo changed since you read it; read it again",
            saw={"version": version},
            now={"version": state.version},
        )


def _prepared(b: Mapping[str, Any]) -> Fact:
    parts, corrects = b.get("parts"), b.get("corrects")
    if b.get("what") not in KINDS:
        raise Incomplete("no memo tells of that", field="what", kinds=list(KINDS))
    if not _digest(b.get("launch")) or not isinstance(b.get("about"), int):
        raise Incomplete("a memo tells of an event of a launch", field="launch")
    if (b["what"] == "corrected") is not (_digest(corrects) is not None):
        raise Incomplete("a correction names the memo it corrects", field="corrects")
    if not isinstance(parts, Mapping) or not parts or not set(parts) <= set(PARTS):
        raise Incomplete("texts are missing", field="parts", parts=list(PARTS))
    kept = {name: _texts(part) for name, part in parts.items()}
    told = {"launch": b["launch"], "what": b["what"], "about": b["about"], "parts": kept}
    return Fact("memo:prepared", told | ({"corrects": corrects} if corrects else {}))


def _edited(state: Memo, b: Mapping[str, Any]) -> Fact:
    part = b.get("part")
    if not isinstance(part, str) or part not in state.parts:
        raise Incomplete("the memo has no such part", field="part", parts=list(state.parts))
    if not state.open_to(part.partition("/")[0]):
        raise IllegalMove("that was sent already; correct it by another memo", part=part)
    return Fact("memo:edited", {"part": part, **_texts(b)})


def _told(state: Memo, audience: str) -> dict[str, Any]:
    """What a notice of it needs: the text in the first language there is."""
    first = next(name for name in PARTS if name in state.parts and name.startswith(audience + "/"))
    return {"what": state.kind, "note": state.parts[first].text}


def _texts(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        subject, text = _digest(value.get("subject")), _digest(value.get("text"))
        if subject and text:
            return {"subject": subject, "text": text}
    raise Incomplete("a subject line and a text are needed", field="text")


def _digest(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _DIGEST_MOST else None


def answer(state: Memo) -> dict[str, Any]:
    return {
        "memo": state.id,
        "launch": state.launch,
        "kind": state.kind,
        "status": state.status,
        "sent": sorted(state.sent),
        "seq": state.seq,
        "version": state.version,
    }


_CAUSES = {
    "prepare": frozenset({"memo:prepared"}),
    "edit": frozenset({"memo:edited"}),
    "send": frozenset({"memo:sent"}),
    "discard": frozenset({"memo:discarded"}),
}
MACHINE: Machine[Memo] = Machine(
    kind="memo",
    state=Memo,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=tuple(_CAUSES),
    answer=answer,
    causes=_CAUSES,
    human_facts=frozenset().union(*_CAUSES.values()),
)
