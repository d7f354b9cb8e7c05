"""Decide what a command does to a publisher: membership by its owners, verification by proof.

What proves a domain is looked at outside and arrives as `observed["proof"]`:
`{"domain": the one looked at, "method": "dns" | "https" | None, "why": (codes,)}`. Nobody looked,
or looked at another domain, means it is not proven.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import IllegalMove, NotAllowed, NotYet, OverLimit
from policies.lifecycle import publisher_members as membership
from policies.lifecycle.kernel import Actor, Command, Fact, Machine, Relation, Role, iso
from policies.lifecycle.publisher_members import Facts, need
from policies.lifecycle.publisher_state import HOLDS, OWNER, Publisher, Standing, evolve
from policies.rules.access import allow

_OPEN = frozenset(Standing) - {Standing.CLOSED}
LEGAL: Mapping[str, frozenset[Standing]] = {
    "rename": _OPEN,
    "invite": _OPEN,
    "uninvite": _OPEN,
    "accept": _OPEN,
    "decline": _OPEN,
    "leave": _OPEN,
    "remove": _OPEN,
    "set_role": _OPEN,
    "add_member": _OPEN,
    "confirm_duty": _OPEN,
    "challenge": _OPEN,
    "check": _OPEN,
    "attest": frozenset({Standing.UNVERIFIED, Standing.LAPSING}),
    "revoke": HOLDS,
    "reinstate": frozenset({Standing.UNVERIFIED}),
    "close": _OPEN,
    "recheck": HOLDS,
    "enrol": _OPEN,
}
SYSTEM_COMMANDS = frozenset({"adopt", "enrol", "recheck"})
PERSONS_COMMANDS = ("found", *(kind for kind in LEGAL if kind not in SYSTEM_COMMANDS))
# Of the publisher's own people only owners may give these.
OWNERS_ALONE = frozenset(
    {"rename", "invite", "uninvite", "remove", "set_role", "challenge", "close"}
)
_INVITED = frozenset({"accept", "decline"})
DUTIES_MOST = 50
_BY_DOMAIN = frozenset({"challenge", "check"})


def relation_of(state: Publisher, actor: Actor) -> Relation:
    if actor.is_system:
        return Relation.SYSTEM
    if actor.id in state.members:
        return Relation.OWNER
    return Relation.DECIDER if actor.id == state.revoked_by else Relation.OTHER


def permit(state: Publisher | None, kind: str, actor: Actor, now: datetime) -> None:
    if kind not in LEGAL and kind not in ("found", "adopt"):
        raise IllegalMove(f"a publisher knows no command “{kind}”", command=kind)
    if kind in SYSTEM_COMMANDS and not actor.is_system:
        raise NotAllowed(f"“{kind}” is the system's own command", command=kind)
    if kind in ("found", "adopt"):
        if kind == "found":
            allow("publisher", kind, actor, Relation.OTHER)
        if state is not None:
            raise IllegalMove("this publisher was founded already")
        return
    if state is None:
        raise IllegalMove("there is no such publisher", command=kind)
    if kind not in SYSTEM_COMMANDS:
        _person_may(state, kind, actor, now)
    if state.standing not in LEGAL[kind]:
        raise IllegalMove(
            f"“{kind}” is not possible while the publisher is {state.standing.value}",
            command=kind,
            standing=state.standing.value,
        )
    if kind == "reinstate" and state.revoked_by is None:
        raise IllegalMove("its verification was not revoked: prove a domain, or attest the name")
    if kind in _BY_DOMAIN and state.revoked_by is not None:
        raise IllegalMove(
            "the store's staff revoked the verification, and a domain alone does not bring it "
            "back: ask them; somebody else than who revoked it reinstates it, or attests the name",
            reason="revoked",
        )
    if kind == "check":
        _may_check(state, now)


def _person_may(state: Publisher, kind: str, actor: Actor, now: datetime) -> None:
    if kind in _INVITED:
        invitation = state.invited.get(actor.id)
        if actor.is_system or invitation is None or invitation.until <= now:
            raise NotAllowed("there is no invitation of yours that still holds", command=kind)
        return
    allow("publisher", kind, actor, relation_of(state, actor))
    mine = state.members.get(actor.id)
    if kind in OWNERS_ALONE and mine != OWNER:
        raise NotAllowed("only an owner of the publisher does this", command=kind)


def to_prove(state: Publisher, kind: str, now: datetime) -> str | None:
    """The domain a look is about. A check: the one asked to be proven, else the one that was.

    A recheck only ever renews what was proven.
    """
    if kind == "check" and state.challenge is not None and now < state.challenge.until:
        return state.challenge.domain
    return state.domain


def _may_check(state: Publisher, now: datetime) -> None:
    if to_prove(state, "check", now) is None:
        raise IllegalMove("there is no domain to look at; name one first, it may have run out")


def decide(
    state: Publisher | None, command: Command, now: datetime, observed: Mapping[str, Any]
) -> Facts:
    """The facts a command causes. A repeat of what already holds causes none."""
    permit(state, command.kind, command.actor, now)
    if command.kind == "found":
        return _found(command)
    if command.kind == "adopt":
        body = {name: command.body.get(name) for name in ("name", "verified", "members")}
        return (Fact("publisher:adopted", body),)
    assert state is not None  # permit refuses everything else on nothing
    if command.kind == "check":
        return _check(state, command, now, observed)
    if command.kind == "recheck":
        return _recheck(state, now, observed)
    return _DECIDERS[command.kind](state, command, now)


def _found(c: Command) -> Facts:
    need(c, "name")
    # An administrator founds for others, who then join; a developer is the first owner.
    own = Role.DEVELOPER in c.actor.roles
    members = {c.actor.id: OWNER} if own else {}
    limit = c.body.get("limit") if own else None
    return (
        Fact("publisher:founded", {"name": c.body["name"], "members": members, "limit": limit}),
    )


def _rename(s: Publisher, c: Command, now: datetime) -> Facts:
    need(c, "name")
    renamed = Fact("publisher:renamed", {"name": c.body["name"]})
    # Another name than the one that a person vouched for; a domain stands for itself.
    if s.holds and s.method in ("name", "operator"):
        return (renamed, Fact("publisher:verification:lost", {"why": ["renamed"]}))
    return (renamed,)


def _challenge(s: Publisher, c: Command, now: datetime) -> Facts:
    need(c, "domain")
    until = now + timedelta(seconds=c.body["challenge_s"])
    return (Fact("publisher:domain:challenged", {"domain": c.body["domain"], "until": iso(until)}),)


def _proof(observed: Mapping[str, Any], domain: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Method and what did not hold; nobody looked at `domain`: not proven (I7)."""
    proof = observed.get("proof") or {}
    if proof.get("domain") != domain:
        return None, ("not_looked",)
    return proof.get("method"), tuple(proof.get("why") or ("not_looked",))


def _still_may_look(s: Publisher, c: Command, now: datetime) -> tuple[int, datetime]:
    """How many looks failed since when; another domain or challenge begins no new count.

    Raises `NotYet` and `OverLimit`, each with the moment from which on it is looked again.
    """
    tries = s.tries
    if tries is None:
        return 0, now
    again = tries.last + timedelta(seconds=c.body["check_every_s"])
    if again > now:
        raise NotYet("it was looked at a moment ago; mend it, then ask again", until=iso(again))
    over = tries.since + timedelta(seconds=c.body["checks_within_s"])
    if over <= now:
        return 0, now
    if tries.count >= c.body["checks_most"]:
        raise OverLimit(
            f"it was looked at {tries.count} times in vain, whatever the domain; mend it, and ask "
            f"again from {iso(over)} on",
            limit=c.body["checks_most"],
            until=iso(over),
        )
    return tries.count, tries.since


def _check(s: Publisher, c: Command, now: datetime, observed: Mapping[str, Any]) -> Facts:
    count, since = _still_may_look(s, c, now)
    if "proof" not in observed:  # a validator's question: nothing was looked at yet
        return ()
    domain = to_prove(s, "check", now)
    method, why = _proof(observed, domain)
    if method is None:
        body = {"domain": domain, "why": list(why), "tries": count + 1, "since": iso(since)}
        return (Fact("publisher:domain:failed", body),)
    recheck = now + timedelta(seconds=c.body["reverify_s"])
    return (_proven(domain, method, recheck, c.body["grace_s"]),)


def _proven(domain: str | None, by: str, recheck: datetime, grace_s: int) -> Fact:
    body = {"method": "domain", "domain": domain, "by": by}
    return Fact("publisher:verified", {**body, "recheck_at": iso(recheck), "grace_s": grace_s})


def _recheck(s: Publisher, now: datetime, observed: Mapping[str, Any]) -> Facts:
    """A look of the system's own. Not holding once starts the grace, and only its end loses it."""
    if s.recheck_at is None or now < s.recheck_at:
        return ()
    method, why = _proof(observed, s.domain)
    if s.method == "domain" and method is not None:
        life = timedelta(seconds=observed["reverify_s"])
        return (_proven(s.domain, method, now + life, s.grace_s),)
    if s.method != "domain":
        why = ("attestation_old",)
    if s.standing is Standing.VERIFIED:
        until = iso(now + timedelta(seconds=s.grace_s))
        return (Fact("publisher:verification:lapsing", {"why": list(why), "until": until}),)
    if s.grace_until is not None and now < s.grace_until:
        return ()
    return (Fact("publisher:verification:lost", {"why": list(why)}),)


def _attest(s: Publisher, c: Command, now: datetime) -> Facts:
    """Two documents that name it, seen by a person who says which and why that is enough."""
    need(c, "reason", "note")
    recheck = now + timedelta(seconds=c.body["name_life_s"])
    body = {
        "reason": c.body["reason"],
        "note": c.body["note"],
        "method": "name",
        "recheck_at": iso(recheck),
        "grace_s": c.body["grace_s"],
    }
    return (Fact("publisher:name:attested", body),)


def _revoke(s: Publisher, c: Command, now: datetime) -> Facts:
    need(c, "reason")
    body = {"reason": c.body["reason"], "note": c.body.get("note")}
    return (Fact("publisher:verification:revoked", body),)


def _reinstate(s: Publisher, c: Command, now: datetime) -> Facts:
    """What staff took away, another of them gives back; the proof itself is shown anew."""
    need(c, "reason")
    body = {"reason": c.body["reason"], "note": c.body.get("note")}
    return (Fact("publisher:reinstated", body),)


def _confirm_duty(s: Publisher, c: Command, now: datetime) -> Facts:
    """Somebody of the publisher says that a duty is done, under policies named by digest. Said
    again it causes nothing."""
    need(c, "duty", "terms")
    duty, terms = c.body["duty"], c.body["terms"]
    if s.confirmed.get(duty) == terms:
        return ()
    if duty not in s.confirmed and len(s.confirmed) >= DUTIES_MOST:
        raise OverLimit("that is as many duties as a publisher keeps", limit=DUTIES_MOST)
    return (Fact("publisher:duty:confirmed", {"duty": duty, "terms": terms}),)


_DECIDERS: Mapping[str, Callable[[Publisher, Command, datetime], Facts]] = {
    "rename": _rename,
    "invite": membership.invite,
    "uninvite": membership.uninvite,
    "accept": membership.accept,
    "decline": membership.decline,
    "leave": membership.leave,
    "remove": membership.remove,
    "set_role": membership.set_role,
    "add_member": membership.add_member,
    "enrol": membership.enrol,
    "confirm_duty": _confirm_duty,
    "challenge": _challenge,
    "attest": _attest,
    "revoke": _revoke,
    "reinstate": _reinstate,
    "close": lambda s, c, now: (Fact("publisher:closed", {}),),
}


def answer(state: Publisher) -> dict[str, Any]:
    return {
        "publisher": state.id,
        "standing": state.standing.value,
        "verified": state.holds,
        "why": list(state.why),
        "revoked": state.revoked_by is not None,
        "seq": state.seq,
        "version": state.version,
    }


_CAUSES: Mapping[str, frozenset[str]] = {
    "found": frozenset({"publisher:founded"}),
    "rename": frozenset({"publisher:renamed", "publisher:verification:lost"}),
    "invite": frozenset({"publisher:member:invited"}),
    "uninvite": frozenset({"publisher:member:uninvited"}),
    "accept": frozenset({"publisher:member:joined"}),
    "decline": frozenset({"publisher:member:uninvited"}),
    "leave": frozenset({"publisher:member:left"}),
    "remove": frozenset({"publisher:member:removed"}),
    "set_role": frozenset({"publisher:member:role_set"}),
    "add_member": frozenset({"publisher:member:joined", "publisher:member:role_set"}),
    "confirm_duty": frozenset({"publisher:duty:confirmed"}),
    "challenge": frozenset({"publisher:domain:challenged"}),
    "check": frozenset({"publisher:domain:failed", "publisher:verified"}),
    "attest": frozenset({"publisher:name:attested"}),
    "revoke": frozenset({"publisher:verification:revoked"}),
    "reinstate": frozenset({"publisher:reinstated"}),
    "close": frozenset({"publisher:closed"}),
}

MACHINE: Machine[Publisher] = Machine(
    kind="publisher",
    state=Publisher,
    decide=decide,
    permit=permit,
    evolve=evolve,
    commands=PERSONS_COMMANDS,
    answer=answer,
    causes=_CAUSES,
    # The system looks again by itself, so what a look finds is not among them.
    human_facts=frozenset(
        fact for kind, facts in _CAUSES.items() if kind != "check" for fact in facts
    )
    - {"publisher:verification:lost"},
)
