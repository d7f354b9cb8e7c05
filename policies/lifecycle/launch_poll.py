"""The go/no-go poll (L3, L4). Every polled role says GO, or nothing opens; dissent is kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import (
    EvidenceBlocks,
    IllegalMove,
    Incomplete,
    NotAllowed,
    NotYet,
    OverLimit,
    SameVoice,
    StaleDecision,
)
from policies.lifecycle.kernel import Command, Fact, Role, iso
from policies.lifecycle.launch_bodies import digest
from policies.lifecycle.launch_gating import measured
from policies.lifecycle.launch_items import Items, in_the_way, items_of
from policies.lifecycle.launch_look import after
from policies.lifecycle.launch_state import Launch, Vote

Facts = tuple[Fact, ...]
Observed = Mapping[str, Any]
TIERS = ("low", "medium", "high")
WORDS = ("GO", "NO_GO", "ABSTAIN")


def begin_poll(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """L3: the instant is known and near, gates are green or waived, enough items are ready."""
    opening = s.opens_at
    if opening is None:
        raise NotYet("the instant of the opening is not known yet; narrow the target")
    opens = opening - timedelta(seconds=s.terms.poll_open_before_s)
    if now < opens:
        raise NotYet("the poll opens later", until=iso(opens))
    if now >= opening:
        raise IllegalMove("its time has passed; a new date is needed")
    if s.poll and s.poll.waits_for_call:
        raise NotYet("the last poll failed; the lead calls the next one")
    looks = measured(s, now, o)
    gates = after(s, looks, now).gates(now)
    why = (*gates.why, *in_the_way(s, items_of(o)))
    if why:
        raise EvidenceBlocks("the poll cannot open: " + ", ".join(why), reasons=list(why))
    closes = min(now + timedelta(seconds=s.terms.silence_s), opening)
    body = {"round": s.rounds + 1, "roles": list(s.terms.poll_roles), "closes_at": iso(closes)}
    return (*looks, Fact("launch:poll:opened", body))


def _of_this_round(s: Launch, c: Command) -> str:
    """The role a command about the present round names."""
    role, present = c.body.get("role"), s.poll.round if s.poll else 0
    if role not in s.terms.poll_roles:
        raise Incomplete("this role is not polled", field="role", roles=list(s.terms.poll_roles))
    if c.body.get("round") != present:
        raise StaleDecision(
            "that is not the present round of the poll",
            saw={"round": c.body.get("round")},
            now={"round": present},
        )
    return str(role)


def vote(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    role, word = _of_this_round(s, c), c.body.get("vote")
    if role not in c.actor.roles:
        raise NotAllowed(f"you do not speak for {role}", roles=[role])
    if word not in WORDS:
        raise Incomplete("GO, NO_GO or ABSTAIN", field="vote")
    if role == Role.SAFETY_ONCALL and word == "ABSTAIN":
        raise IllegalMove("safety cannot abstain: GO or NO_GO", role=role)
    if s.poll and now >= s.poll.closes_at:
        raise IllegalMove("this round is over", closed_at=iso(s.poll.closes_at))
    mine = [v for v in s.votes if s.poll and v.round == s.poll.round]
    if any(v.by == c.actor.id and v.role != role for v in mine):
        raise SameVoice("you voted for another role; one person speaks for one")
    if any(v.override == c.actor.id for v in mine):
        raise SameVoice("you accepted a risk in this poll; somebody else votes")
    if sum(v.role == role for v in mine) >= s.terms.votes_most:
        raise OverLimit("this vote was changed too often", limit=s.terms.votes_most)
    statement = c.body.get("statement")
    if word != "GO" or statement is not None:
        statement = digest(c.body, "statement", "the statement")
    body = {"round": c.body["round"], "role": role, "vote": word, "statement": statement}
    return (Fact("launch:poll:voted", body),)


def override(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """A named risk acceptor takes a NO-GO upon themselves; safety's above the line nobody does."""
    role = _of_this_round(s, c)
    stands = s.standing_votes().get(role)
    if stands is None or stands.vote != "NO_GO":
        raise IllegalMove(f"there is no NO-GO of {role} to override", role=role)
    if stands.override is not None:
        raise IllegalMove("this NO-GO was overridden already", by=stands.override)
    if s.poll and now >= s.poll.closes_at:
        raise IllegalMove("this round is over", closed_at=iso(s.poll.closes_at))
    items = items_of(o)
    if role == Role.SAFETY_ONCALL and above_the_line(s, items):
        raise NotAllowed(
            "safety's NO-GO on these items is never overridden",
            tier=_tier(items),
            line=s.terms.tier_line,
        )
    body = {
        "round": c.body["round"],
        "role": role,
        "rationale": digest(c.body, "rationale", "the rationale"),
        "tier": _tier(items),
    }
    return (Fact("launch:poll:overridden", body),)


def _tier(items: Items | None) -> str:
    return items.tier if items else "high"  # unknown: as bad as it can be (I7)


def above_the_line(s: Launch, items: Items | None) -> bool:
    """Are there items on which safety's NO-GO is the last word?"""
    tier, line = _tier(items), s.terms.tier_line
    return tier not in TIERS or TIERS.index(tier) > TIERS.index(line)


def safety_stands(s: Launch, items: Items | None) -> bool:
    """Is there a NO-GO of safety, overridden over other items, that nobody may override over these?
    Items join after a vote, and later waves open by the poll of the first."""
    mine = s.standing_votes().get(Role.SAFETY_ONCALL)
    return mine is not None and mine.vote == "NO_GO" and above_the_line(s, items)


def lets_pass(stands: Vote | None) -> bool:
    if stands is None or stands.vote == "ABSTAIN":
        return False
    return stands.vote == "GO" or stands.override is not None


def poll_over(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    if s.poll is None:
        raise IllegalMove("no poll is open")
    stand = s.standing_votes()
    if all(lets_pass(stand.get(role)) for role in s.terms.poll_roles):
        outcome = "go"
    elif now < s.poll.closes_at:
        raise NotYet("roles may still speak, or change their mind", until=iso(s.poll.closes_at))
    else:
        words = {v.vote for v in stand.values() if not lets_pass(v)}
        outcome = "no_go" if "NO_GO" in words else "abstained" if words else "silent"
    return (Fact("launch:poll:closed", {"round": s.poll.round, "outcome": outcome}),)


def call_poll(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    return (Fact("launch:poll:called", {"round": s.rounds}),)
