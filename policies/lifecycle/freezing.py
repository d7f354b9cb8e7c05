"""Windows in the way of a command, as its decider observes them: of releases and launches alike.

What windows say arrives as `observed["freeze"]`: None when they are open for what the command would
do, otherwise `{"windows": [ids], "until": RFC 3339 or None, "roles": [who may override]}`. Absent
means that nobody looked, so it counts as frozen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.errors import Incomplete, NotAllowed, NotYet
from policies.lifecycle.kernel import Actor, Command, instant_or_none, iso


@dataclass(frozen=True)
class Frozen:
    windows: tuple[str, ...]
    until: datetime | None
    roles: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        until = iso(self.until) if self.until else None
        return {"windows": list(self.windows), "until": until, "roles": list(self.roles)}


def frozen(observed: Mapping[str, Any]) -> Frozen | None:
    """What is in the way, None if nothing is. Unknown never means open (I7)."""
    if "freeze" not in observed:
        return Frozen(("windows_unknown",), None)
    found = observed["freeze"]
    if found is None:
        return None
    return Frozen(
        tuple(found["windows"]), instant_or_none(found.get("until")), tuple(found.get("roles", ()))
    )


def refusal(stop: Frozen) -> NotYet:
    when = f"until {iso(stop.until)}" if stop.until else "with no end in sight"
    return NotYet(f"{', '.join(stop.windows)} forbids it {when}", **_told(stop))


def must_be_allowed(stop: Frozen, actor: Actor) -> None:
    """Each window names a role that gets past it; one that names none lets nobody past."""
    if not stop.roles or not set(stop.roles) <= set(actor.roles):
        needed = " and ".join(stop.roles) or "nobody"
        raise NotAllowed(f"to get past these windows it takes: {needed}", **_told(stop))


def _told(stop: Frozen) -> dict[str, Any]:
    told = stop.as_json()
    return {**told, "override_roles": told.pop("roles")}


def overriding(c: Command, observed: Mapping[str, Any]) -> dict[str, Any]:
    """What to record of an override; empty when nothing is in the way.

    Raises `NotYet` with the next legal time, and `NotAllowed` for a role that may not override.
    """
    stop = frozen(observed)
    if stop is None:
        return {}
    if not c.body.get("override"):
        raise refusal(stop)
    must_be_allowed(stop, c.actor)
    if not c.body["override"].get("reason"):
        raise Incomplete("an override needs its reason", field="override")
    given = c.body["override"]
    override = {"windows": list(stop.windows), "reason": given["reason"]}
    return {"override": override, "note": given.get("note")}
