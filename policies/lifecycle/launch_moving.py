"""Dates: planned, narrowed, postponed, planned anew (L1, L9, L10). Sooner: launch_forward.py.

Later is easy and takes one person; sooner needs its guards and a second one (I3).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policies.errors import Incomplete, NotAllowed, NotYet
from policies.lifecycle.kernel import Command, Fact, Role, iso
from policies.lifecycle.launch_asking import after_choosing, asking
from policies.lifecycle.launch_bodies import count, digest, target, told
from policies.lifecycle.launch_gating import lapsed
from policies.lifecycle.launch_state import Launch
from policies.rules.target import Target, compare, within

Facts = tuple[Fact, ...]
Observed = Mapping[str, Any]
ITEMS_MOST = 1_000_000


def plan(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    return (Fact("launch:planned", {"target": target(c.body, now).as_json()}),)


def narrow(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """Inside what was announced this is no postponement."""
    wanted = target(c.body, now)
    change = compare(wanted, promised(s))
    if change != "narrowed":
        raise Incomplete(f"that is not inside what was announced: {SAYS[change]}", field="target")
    _not_sooner(s, wanted)
    after_choosing(s, wanted, now)
    return (Fact("launch:target:narrowed", {"target": wanted.as_json()}),)


SAYS = {
    "same": "it is the same date",
    "narrowed": "it is inside what was announced; narrow it",
    "postponed": "it is later; postpone it",
    "brought_forward": "it is sooner; bring it forward",
}


def promised(s: Launch) -> Target:
    assert s.target is not None  # NEXT: every state with these commands comes after `planned`
    return s.target


def postpone(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """It holds at once, every time; from the second time on the new date needs an approval."""
    wanted, old = target(c.body, now), promised(s)
    change = compare(wanted, old)
    if change != "postponed":
        raise Incomplete(f"that is no postponement: {SAYS[change]}", field="target")
    body = {
        **told(c.body),
        "from": old.as_json(),
        "to": wanted.as_json(),
        "nth": s.postponements + 1,
        "plan_hash": _preview(c),
        "moved": count(c.body, "moved", most=ITEMS_MOST),
        "flagged": count(c.body, "flagged", most=ITEMS_MOST),
        **asking(s, c, wanted, now),
    }
    return (Fact("launch:postponed", body),)


def _preview(c: Command) -> str | None:
    """What the postponing person saw before; a stop that cannot wait has none (I3)."""
    return digest(c.body, "plan_hash", "the preview") if c.body.get("plan_hash") else None


def approve_date(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    wanted = target(c.body, now)
    if wanted.start is None or not within(wanted, promised(s)):
        raise Incomplete("approve a date inside the new target", field="target")
    return (Fact("launch:date:approved", {"target": wanted.as_json()}),)


def replan(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """L10: a date again, and gates past their freshness reopen."""
    wanted, until_now = target(c.body, now), promised(s)
    if wanted.start is None:
        raise Incomplete("a date is needed; “to be decided” is where it stands", field="target")
    if not within(wanted, until_now):
        change = compare(wanted, until_now)
        raise Incomplete(f"that is not inside the new target: {SAYS[change]}", field="target")
    if s.postponements > 1:
        if s.approved_date is None:
            raise NotYet("the date of a second postponement needs a higher approval",
                         roles=[s.terms.date_role])  # fmt: skip
        if not within(wanted, s.approved_date):
            raise Incomplete("that is not inside the date that was approved", field="target",
                             approved=s.approved_date.as_json())  # fmt: skip
    _not_sooner(s, wanted)
    after_choosing(s, wanted, now)
    return (Fact("launch:replanned", {"target": wanted.as_json()}), *lapsed(s, now))


def _not_sooner(s: Launch, wanted: Target) -> None:
    """Postponing widely, or to “to be decided”, is no way around the two voices and the notice that
    bringing forward takes (L13)."""
    first, last = s.promised_from, wanted.start if wanted.is_instant else wanted.end
    if first is None or last is None:
        return
    if last < first or (last == first and not wanted.is_instant):
        raise Incomplete(
            f"that is sooner than what it was postponed from: a date from {iso(first)} on, then "
            "bring it forward",
            field="target", promised_from=iso(first),
        )  # fmt: skip


def lead_first(c: Command) -> None:
    if Role.PRODUCT_LEAD not in c.actor.roles:
        raise NotAllowed("the product lead gives the first voice", roles=[Role.PRODUCT_LEAD.value])


def has_passed(s: Launch, now: datetime) -> bool:
    """Is there no moment of its target left to open at?"""
    if s.target is None or s.target.start is None:
        return False
    return now >= (s.target.start if s.target.is_instant else s.target.end or s.target.start)
