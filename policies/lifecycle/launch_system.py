"""What time and the system's own looks cause (L5, L7, L12): countdown, checks, the opening.

The system never opens what it does not know: an observation that is missing or odd holds the
launch (I7), and one that is too late does, too.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import EvidenceBlocks, IllegalMove, NotYet
from policies.lifecycle import launch_freeze
from policies.lifecycle.freezing import frozen
from policies.lifecycle.kernel import Command, Fact, iso
from policies.lifecycle.launch_bodies import held
from policies.lifecycle.launch_due import due, told_next
from policies.lifecycle.launch_gating import measured
from policies.lifecycle.launch_items import Items, in_the_way, items_of, quorum_met
from policies.lifecycle.launch_look import after
from policies.lifecycle.launch_moving import has_passed
from policies.lifecycle.launch_poll import safety_stands
from policies.lifecycle.launch_state import COMMITTED, Launch, Status
from policies.rules.target import deadline, is_overdue

Facts = tuple[Fact, ...]
Observed = Mapping[str, Any]
NAMED_MOST = 50  # releases that a hold names


def _opening(s: Launch) -> datetime:
    if s.opens_at is None:
        raise IllegalMove("the instant of the opening is not known")
    return s.opens_at


def _missed(s: Launch, now: datetime) -> Fact | None:
    """After an outage nobody wants a surprise at 03:00: a person decides."""
    opening = _opening(s)
    if now <= opening + timedelta(seconds=s.terms.max_lateness_s):
        return None
    return held(s, now, "missed", why=[iso(opening)])


def start_countdown(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    starts = _opening(s) - timedelta(seconds=s.terms.checks_s[0])
    if now < starts:
        raise NotYet("the countdown has not begun", until=iso(starts))
    missed = _missed(s, now)
    if missed:
        return (missed,)
    return (Fact("launch:countdown:started", {"opens_at": iso(_opening(s))}),)


def check(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """The gates again. Whoever woke late makes one look for all that are due."""
    opening = _opening(s)
    left = [before for before in s.terms.checks_s if before not in s.checked]
    reached = [before for before in left if now >= opening - timedelta(seconds=before)]
    if not reached:
        until = iso(opening - timedelta(seconds=left[0])) if left else None
        raise NotYet("no check is due", until=until)
    looks = measured(s, now, o)
    why = list(after(s, looks, now).gates(now).why)
    items = items_of(o)
    body = {
        "at_before_s": reached[-1],
        "stale": why,
        "must": items.must if items else None,
        "must_ready": items.must_ready if items else None,
        "freeze": launch_freeze.ahead(o),
    }
    checked = (*looks, Fact("launch:countdown:checked", body))
    if why:
        return (*checked, held(s, now, "gates", why=why))
    if safety_stands(s, items):
        return (*checked, held(s, now, "safety_no_go"))
    return checked


def open_wave(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """L7, L8: all of a wave at once, or a hold that says what is in the way."""
    if s.status is Status.COUNTDOWN:
        if now < _opening(s):
            raise NotYet("its time has not come", until=iso(_opening(s)))
        missed = _missed(s, now)
        if missed:
            return (missed,)
    elif s.wave_wanted is None:
        raise IllegalMove("nobody called the next wave")
    stop = frozen(o)
    if stop is not None:
        return launch_freeze.kept_back(s, stop, now)
    looks = measured(s, now, o)
    why = after(s, looks, now).gates(now).why
    if why:
        return (*looks, held(s, now, "gates", why=list(why)))
    items = items_of(o)
    why = in_the_way(s, items)
    if safety_stands(s, items):
        why = ("safety_no_go", *why)
    if why or items is None:
        failing = sorted(items.failing)[:NAMED_MOST] if items else []
        return (*looks, held(s, now, why[0], why=list(why), failing=failing))
    if items.holds_until is not None and items.holds_until <= now:
        raise EvidenceBlocks("something ended since the items were looked at; look again",
                             reasons=["items_stale"])  # fmt: skip
    narrow = sorted(o.get("narrow") or ())
    return (*looks, Fact("launch:launching", {"wave": items.wave}), _opened(items, now, narrow))


def _opened(items: Items, now: datetime, narrow: list[str]) -> Fact:
    return Fact(
        "launch:wave:opened",
        {
            "wave": items.wave,
            "waves": items.waves,
            "at": iso(now),
            "ready": items.ready,
            "excluded": sorted(items.failing),
            "more_excluded": False,
            # For the record, which looks again at what changed since this was seen.
            "position": items.position,
            "holds_until": iso(items.holds_until) if items.holds_until else None,
            "narrow": narrow,
        },
    )


def miss(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """Its date came and went, and it was not even on the way."""
    target = s.target
    if target is None or target.start is None:
        raise IllegalMove("there is no date that could have passed")
    passed = now >= deadline(target) if target.is_instant else is_overdue(target, now)
    if not passed:
        raise NotYet("its date has not passed", until=iso(deadline(target)))
    return (held(s, now, "missed", why=[iso(deadline(target))]),)


def item_left(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """L12: counted again; on the way to the opening, a broken promise stops it."""
    items = items_of(o)
    if items is None:
        raise EvidenceBlocks("the items were not counted", reasons=["items_unknown"])
    met = quorum_met(s, items)
    body = {
        "wave": items.wave,
        "waves": items.waves,
        "must": items.must,
        "must_ready": items.must_ready,
        "ready": items.ready,
        "quorum_met": met,
    }
    counted = Fact("launch:items:counted", body)
    if s.status not in COMMITTED:
        return (counted,)
    why = [] if met else ["quorum"]
    if c.body.get("importance") == "must":
        why.append("must_left")
    if items.total == 0:
        why.append("nothing_ready")
    return (counted, held(s, now, why[0], why=why)) if why else (counted,)


def remind_duties(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """Whoever owes something is reminded once for each point, however late somebody woke."""
    if s.target is None or s.target.start is None:
        raise IllegalMove("there is no date to be reminded of")
    if has_passed(s, now):
        raise IllegalMove("its date has passed; a new one is needed")
    start, points = s.target.start, s.terms.duties_remind_s
    left = [before for before in points if before not in s.reminded]
    reached = [before for before in left if now >= start - timedelta(seconds=before)]
    if not reached:
        until = iso(start - timedelta(seconds=left[0])) if left else None
        raise NotYet("nobody is reminded yet", until=until)
    return (Fact("launch:duties:reminded", {"before_s": reached[-1]}),)


def overdue(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    owed, at = due(s), told_next(s)
    if owed is None or at is None:
        raise IllegalMove("nothing is owed here")
    if now < at:
        raise NotYet("nobody is late", until=iso(at))
    body = {"what": owed.what, "due": iso(owed.at), "nth": s.told + 1}
    return (Fact("launch:overdue", body),)
