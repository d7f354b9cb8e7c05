"""The part of a launch's fold that moves its date: what counts for the new one, what builders are
asked and reminded of."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from policies.lifecycle.kernel import Event, instant, instant_or_none
from policies.lifecycle.launch_state import Asked, Launch, Status
from policies.rules.target import of_json

Body = Mapping[str, Any]


def _new_date(s: Launch, status: Status, target: Any, **changes: Any) -> Launch:
    """Another date: what was said and checked for the old one does not count for it."""
    return replace(
        s,
        status=status,
        target=of_json(target),
        poll=None,
        checked=(),
        musts=None,
        held=None,
        proposal=None,
        told=0,
        told_at=None,
        freeze=None,
        overridden=(),
        **changes,
    )


def replanned(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return gating(_new_date(s, Status.GATING, b["target"]), at)


def brought_forward(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return gating(_new_date(s, Status.GATING, b["target"], promised_from=None), at)


def gating(s: Launch, at: datetime) -> Launch:
    """Builders are told what they owe now; a point that is behind us reminds nobody again."""
    start = s.target.start if s.target else None
    behind = tuple(
        before
        for before in s.terms.duties_remind_s
        if start is not None and at >= start - timedelta(seconds=before)
    )
    return replace(s, status=Status.GATING, reminded=behind)


def reminded(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    done = tuple(before for before in s.terms.duties_remind_s if before >= b["before_s"])
    return replace(s, reminded=done)


def postponed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return _new_date(
        s,
        Status.POSTPONED,
        b["to"],
        postponements=b["nth"],
        postponed_by=e.actor_id,
        promised_from=_promised_from(s, b),
        approved_date=None,
        asked=_asked(b, at),
    )


def _promised_from(s: Launch, b: Body) -> datetime | None:
    """However often it is postponed, and however widely: nothing opens before this."""
    starts = instant_or_none((b.get("from") or {}).get("start"))
    return max(filter(None, (starts, s.promised_from)), default=None)


def _asked(b: Body, at: datetime) -> Asked | None:
    """Events written before developers were asked name no time."""
    if b.get("decide_by") is None:
        return None
    return Asked(b["nth"], at, instant(b["decide_by"]), b.get("default") or "wait")


def of_asked(**changes: Any) -> Callable[[Launch, Event, Body, datetime], Launch]:
    def change(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
        assert s.asked is not None  # only what was asked is reminded of and closed
        return replace(s, asked=replace(s.asked, **changes))

    return change


def retimed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    """The date is the same, its instants are not: looks that its new countdown asks for later are
    made again, and windows were asked about another moment."""
    target = of_json(b["target"])
    poll, opens = s.poll, target.start
    if poll and b["closes_at"]:
        poll = replace(poll, closes_at=instant(b["closes_at"]))
    checked = tuple(
        before
        for before in s.checked
        if opens is not None and at >= opens - timedelta(seconds=before)
    )
    return replace(
        s,
        target=target,
        approved_date=of_json(b["approved"]) if b["approved"] else None,
        poll=poll,
        checked=checked,
        freeze=None,
    )
