"""L13: brought forward, by two people, each on a fresh look at what the earlier date would meet.

The look is made outside, for one very date, and handed in as `observed["forward"]`: its `target`
and `why`, every reason against it as `code:id` (policies/rules/postponing_difference.py). A look at
another date is none, and what nobody looked at does not come forward (I7).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import EvidenceBlocks, Incomplete, NotYet, SameVoice
from policies.lifecycle.kernel import Command, Fact, iso
from policies.lifecycle.launch_asking import after_choosing
from policies.lifecycle.launch_bodies import target, told
from policies.lifecycle.launch_gating import measured
from policies.lifecycle.launch_look import after
from policies.lifecycle.launch_moving import SAYS, lead_first, promised
from policies.lifecycle.launch_state import Launch
from policies.rules.target import Target, compare

WHY_MOST = 200  # reasons that a look lists; more are counted by its last one


def bring_forward(s: Launch, c: Command, now: datetime, o: Mapping[str, Any]) -> tuple[Fact, ...]:
    """With gates that hold today, the developers' minimum notice, and everything ready by then."""
    wanted = target(c.body, now)
    change = compare(wanted, promised(s))
    if wanted.start is None or change != "brought_forward":
        raise Incomplete(f"that is not sooner: {SAYS[change]}", field="target")
    earliest = now + timedelta(seconds=s.terms.minimum_notice_s)
    if wanted.start < earliest:
        raise NotYet("developers are owed more notice", until=iso(earliest))
    after_choosing(s, wanted, now)
    looks = measured(s, now, o)
    gates = after(s, looks, now).gates(now)
    if not gates:
        why = list(gates.why)
        raise EvidenceBlocks("gates are not fresh: " + ", ".join(why), reasons=why)
    against = in_the_way(o, wanted)
    if against:
        said = ", ".join(against[:5]) + (f" and {len(against) - 5} more" if against[5:] else "")
        raise EvidenceBlocks(f"it cannot be brought forward: {said}", reasons=list(against))
    first = s.proposal if s.proposal and s.proposal.what == "forward" else None
    if first is None or first.target is None or compare(wanted, first.target) != "same":
        lead_first(c)
        body = {**told(c.body), "target": wanted.as_json()}
        return (*looks, Fact("launch:forward:proposed", body))
    if first.by == c.actor.id:
        raise SameVoice("you gave the first voice; a second person is needed")
    body = {"target": wanted.as_json(), "from": promised(s).as_json(), "first": first.by,
            "reason": first.reason, "note": first.note}  # fmt: skip
    return (*looks, Fact("launch:brought_forward", body))


def in_the_way(o: Mapping[str, Any], wanted: Target) -> tuple[str, ...]:
    """What the look at `wanted` found against it; “not looked” where there was none at it."""
    seen = o.get("forward")
    if not isinstance(seen, Mapping) or seen.get("target") != wanted.as_json():
        return ("not_looked:target",)
    why = seen.get("why")
    if not isinstance(why, list | tuple) or not all(isinstance(one, str) for one in why):
        return ("not_looked:target",)
    return tuple(why)
