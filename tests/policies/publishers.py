"""Roads to every standing of a publisher, and well-formed bodies for every command to it."""

from collections.abc import Callable, Mapping
from typing import Any

from policies.lifecycle import publisher
from policies.lifecycle.publisher_state import Publisher
from tests.builders import ADA, ALF, AMY, EVE, LEA, PUBLISHER, SOL, Journal
from tests.policies.states import SYS


def shown(domain: str) -> dict[str, Any]:
    """A look at `domain` that found what it should."""
    return {"proof": {"domain": domain, "method": "dns", "why": ()}, "reverify_s": 30 * 86400}


SHOWN = shown("prose:domain")
HIDDEN: dict[str, Any] = {
    "proof": {
        "domain": "prose:domain",
        "method": None,
        "why": ("txt_missing", "https_status:404"),
    }
}
LOOK = {
    "check_every_s": 60,
    "checks_most": 3,
    "checks_within_s": 7 * 86400,
    "reverify_s": 30 * 86400,
    "grace_s": 14 * 86400,
}


def publisher_body(kind: str, **changes: Any) -> dict[str, Any]:
    """What a well-formed command of `kind` brings."""
    bodies: Mapping[str, dict[str, Any]] = {
        "found": {"name": "prose:name", "limit": 5},
        "adopt": {"name": "prose:name", "verified": True, "members": {ADA.id: "owner"}},
        "rename": {"name": "prose:other"},
        "invite": {"person": EVE.id, "limit": 50, "invite_s": 14 * 86400},
        "uninvite": {"person": EVE.id},
        "remove": {"person": ALF.id},
        "set_role": {"person": ALF.id, "role": "owner"},
        "add_member": {"person": "per_new"},
        "enrol": {"person": "per_new"},
        "challenge": {"domain": "prose:domain", "challenge_s": 7 * 86400},
        "check": LOOK,
        "attest": {
            "reason": "stated", "note": "prose:n", "name_life_s": 365 * 86400,
            "grace_s": 14 * 86400,
        },
        "revoke": {"reason": "not_theirs"},
        "reinstate": {"reason": "was_a_mistake"},
    }  # fmt: skip
    return bodies.get(kind, {}) | changes


Step = tuple[str, Any] | tuple[str, Any, Mapping[str, Any]] | float


def walked(*road: Step) -> Callable[[], Journal[Publisher]]:
    """Founded by Ada with Alf and Ola as members, then down the road; a number waits (days)."""

    def walk() -> Journal[Publisher]:
        journal = Journal(publisher.MACHINE, PUBLISHER)
        journal.give("found", ADA, publisher_body("found"))
        for person in (ALF.id, "per_ola"):
            journal.give("add_member", AMY, publisher_body("add_member", person=person))
        for step in road:
            if isinstance(step, tuple):
                kind, actor, *more = step
                observed = more[0] if more else SHOWN
                journal.give(kind, actor, publisher_body(kind), **observed)
            else:
                journal.wait(days=step)
        return journal

    return walk


PROVEN: tuple[Step, ...] = (("challenge", ADA), ("check", ALF))
PUBLISHERS: Mapping[str, Callable[[], Journal[Publisher]]] = {
    "nothing": lambda: Journal(publisher.MACHINE, PUBLISHER),
    "unverified": walked(),
    "inviting": walked(("invite", ADA)),
    "challenged": walked(("challenge", ADA)),
    "verified": walked(*PROVEN),
    "verified, due": walked(*PROVEN, 31),
    "attested": walked(("attest", LEA)),
    "lapsing": walked(*PROVEN, 31, ("recheck", SYS, HIDDEN)),
    "lapsing, over": walked(*PROVEN, 31, ("recheck", SYS, HIDDEN), 15),
    "revoked": walked(*PROVEN, ("revoke", SOL)),
    "closed": walked(("close", ADA)),
}
