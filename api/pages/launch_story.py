"""What happened to a launch, newest first, as this viewer may read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.deps import Services
from api.erased import sentence
from api.pages.site import Viewer
from api.pages.story import Told
from api.streams import events_after
from gonogo.db import queries
from gonogo.zones import today_in
from policies.lifecycle.launch_state import Launch
from policies.rules import target_words
from policies.rules.target import of_json

# What developers are told: dates, holds and openings; how the store comes to them is its own.
_OUTSIDE = frozenset(
    {
        "launch:planned",
        "launch:target:narrowed",
        "launch:held",
        "launch:resumed",
        "launch:postponed",
        "launch:replanned",
        "launch:brought_forward",
        "launch:cancelled",
        "launch:wave:opened",
        "launch:finished",
        "launch:suspended",
        "launch:restored",
        "launch:closed",
    }
)
_ENTERS: Mapping[str, str] = {
    "launch:drafted": "draft",
    "launch:planned": "planned",
    "launch:gating:started": "gating",
    "launch:replanned": "gating",
    "launch:brought_forward": "gating",
    "launch:poll:opened": "poll",
    "launch:countdown:started": "countdown",
    "launch:wave:opened": "live",
    "launch:closed": "closed",
}
_PROSE = ("note", "statement", "rationale", "reason", "evidence")


@dataclass(frozen=True)
class Story:
    """`reached`: state → when it was entered last. `prose`: digest → text, or that it is erased."""

    told: list[Told]
    reached: Mapping[str, datetime]
    prose: Mapping[str, str]


def launch_story(svc: Services, look: Viewer, launch: Launch, *, staff: bool) -> Story:
    """The newest events; a launch with more than a page of them has the rest in its JSON list."""
    after = max(0, launch.seq - queries.MOST)
    found = events_after(svc, launch.id, after, queries.MOST, inside=staff)
    gone = {digest: sentence(why) or "" for digest, why in found["erased"].items()}
    prose = {**gone, **found["prose"]} if staff else {}
    people = {event["actor"] for event in found["items"]}
    people |= {vote.by for vote in launch.votes} | {mark.by for mark in launch.marks.values()}
    me = look.actor.id if look.actor else None
    look.names.learn({*people, me} if staff else {me})
    reached: dict[str, datetime] = {}
    told: list[Told] = []
    measured: dict[str, bool] = {}
    for event in found["items"]:
        at = datetime.fromisoformat(event["occurred_at"])
        kind, body = event["type"], event["body"]
        state = "armed" if body.get("outcome") == "go" else _ENTERS.get(kind)
        if state:
            reached[state] = at
        if (not staff and kind not in _OUTSIDE) or _is_no_news(kind, body, measured):
            continue
        body = worded(body, at)
        notes = (prose.get(str(body.get(field))) for field in _PROSE)
        told.append(
            Told(
                type=kind,
                who=_who(look, event["actor"], staff=staff),
                at=at,
                body=body,
                note=next((note for note in notes if note), None),
                seq=event["seq"],
            )
        )
    return Story(told[::-1], reached, prose)


def _is_no_news(kind: str, body: Mapping[str, Any], measured: dict[str, bool]) -> bool:
    """A gate that is measured every hour and goes on to hold fills no page."""
    if kind != "launch:gate:measured":
        return False
    before = measured.get(body["gate"])
    measured[body["gate"]] = body["holds"]
    return before is not None and before == body["holds"]


def worded(body: Mapping[str, Any], at: datetime) -> Mapping[str, Any]:
    """Targets with what people said then: in November “later this month” was November."""
    found = {}
    for field in ("target", "from", "to"):
        value = body.get(field)
        if isinstance(value, Mapping):
            target = of_json(value)
            today = today_in(target.tz, at)
            found[field] = {**value, "says": target_words.says(target, "en", today)}
    return {**body, **found}


def _who(look: Viewer, actor: str, *, staff: bool) -> str:
    if actor == "system":
        return "The store"
    if look.actor is not None and actor == look.actor.id:
        return "You"
    return look.names.get(actor, actor) if staff else "The store’s staff"
