"""Which levers a launch's board shows, and what on it is the viewer's to answer."""

from collections.abc import Mapping
from typing import Any

from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch_permits import LEGAL
from policies.lifecycle.launch_state import Launch, Status

# Levers in the order in which they stand; what makes it safer comes first, and is red.
LEVERS = (
    "hold",
    "suspend",
    "resume",
    "open_gates",
    "call_poll",
    "next_wave",
    "finish",
    "restore",
    "cancel",
)
_ALWAYS = ("hold", "resume", "cancel")


def levers(s: Launch) -> tuple[str, ...]:
    """Those that this state knows, and the three that everybody looks for."""
    if s.status in (Status.CLOSED, Status.CANCELLED):
        return ()
    before = {Status.LIVE, Status.SUSPENDED}
    return tuple(
        kind
        for kind in LEVERS
        if s.status in LEGAL[kind] or (kind in _ALWAYS[:1] and s.status not in before)
    )


def your_part(s: Launch, who: Actor, can: Mapping[str, Any]) -> dict[str, Any]:
    """Gates this person may answer or waive, and the roles they may vote for."""
    roles = set(who.roles)
    answering = [g for g in s.terms.gates if g.owner_role in roles and g.kind != "measured"]
    waiving = [g for g in s.terms.gates if g.waivable_by and g.waivable_by in roles]
    allowed = {
        "attested": can["attest"]["allowed"],
        "signed": can["sign"]["allowed"],
    }
    mine = [v.role for v in s.standing_votes().values() if v.by == who.id]
    voting = [role for role in s.terms.poll_roles if role in roles]
    stand = s.standing_votes()
    against = [r for r, v in stand.items() if v.vote == "NO_GO" and v.override is None]
    return {
        "answering": [g.id for g in answering if allowed[g.kind]],
        "signing": {g.id for g in answering if g.kind == "signed"},
        "waiving": [g.id for g in waiving if can["waive"]["allowed"]],
        "voting": (mine or voting) if can["vote"]["allowed"] else [],
        "overriding": against if can["override"]["allowed"] else [],
    }
