"""What developers are asked when a launch is postponed: wait, ship alone or withdraw, until when.

The launch asks once for all its items and says when the time is over. Answers are the releases' own
events (release_choice.py), so that ten thousand of them are not ten thousand of the launch's.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotYet
from policies.lifecycle.kernel import Command, Fact, iso
from policies.lifecycle.launch_bodies import time
from policies.lifecycle.launch_state import Asked, Launch
from policies.rules.launch_around import Aim
from policies.rules.postponing_request import Choice
from policies.rules.target import Target

Facts = tuple[Fact, ...]
LONGEST = timedelta(days=366)


def asking(s: Launch, c: Command, wanted: Target, now: datetime) -> dict[str, Any]:
    """Until when developers choose and what counts otherwise, for the body of a postponement to
    `wanted`. `decide_by` None: so little time is left that nobody is asked, and all wait."""
    default = _default(c.body.get("default"))
    given, last = time(c.body, "decide_by"), latest(s, wanted)
    if given is None:
        until = in_time(s, wanted, now + timedelta(seconds=s.terms.choose_within_s), now)
        return {"decide_by": iso(until) if until else None, "default": default}
    if not now < given <= now + LONGEST:
        raise Incomplete("developers choose until a time ahead, within a year", field="decide_by",
                         now=iso(now))  # fmt: skip
    if last is not None and given > last:
        raise Incomplete(
            "the countdown would begin before developers have chosen: let them choose until "
            f"{iso(last)} at the latest",
            field="decide_by", latest=iso(last),
        )  # fmt: skip
    return {"decide_by": iso(given), "default": default}


def _default(value: Any) -> str:
    try:
        return Choice(value or Choice.WAIT).value
    except ValueError:
        raise Incomplete("the default is wait, ship_alone or withdraw", field="default") from None


def latest(s: Launch, wanted: Aim) -> datetime | None:
    """By when it has to be known who goes: before the countdown to the last moment of `wanted`."""
    last = wanted.start if wanted.precision == "instant" else wanted.end
    return last - timedelta(seconds=s.terms.checks_s[0]) if last else None


def in_time(s: Launch, wanted: Aim, until: datetime, now: datetime) -> datetime | None:
    """`until`, or the latest moment before the countdown to `wanted`; None: none is left."""
    last = latest(s, wanted)
    until = min(until, last) if last else until
    return until if until > now else None


def after_choosing(s: Launch, wanted: Target, now: datetime) -> None:
    """Raise `NotYet` for a date before developers have chosen: it was promised to them."""
    asked, last = s.asked, latest(s, wanted)
    if asked is None or asked.closed or now >= asked.decide_by or last is None:
        return
    if last < asked.decide_by:
        first = asked.decide_by + timedelta(seconds=s.terms.checks_s[0])
        raise NotYet(
            f"developers choose until {iso(asked.decide_by)}: a date from {iso(first)} on",
            until=iso(first),
        )


def _open_asking(s: Launch) -> Asked:
    if s.asked is None or s.asked.closed:
        raise IllegalMove("nobody is asked for a choice")
    return s.asked


def remind_at(s: Launch, asked: Asked) -> datetime | None:
    """When those who said nothing are reminded; None: they were, or had hardly longer."""
    before = timedelta(seconds=s.terms.remind_s)
    if asked.reminded or asked.decide_by - asked.at <= 2 * before:
        return None
    return asked.decide_by - before


def remind_choices(s: Launch, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    asked = _open_asking(s)
    at = remind_at(s, asked)
    if at is None or now < at:
        raise NotYet("nobody is reminded yet", until=iso(at) if at else None)
    body = {"nth": asked.nth, "decide_by": iso(asked.decide_by), "default": asked.default}
    return (Fact("launch:choices:reminded", body),)


def close_choices(s: Launch, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """The time is over. Whoever said nothing has chosen the default; their releases act on it."""
    asked = _open_asking(s)
    if now < asked.decide_by:
        raise NotYet("developers still choose", until=iso(asked.decide_by))
    return (Fact("launch:choices:closed", {"nth": asked.nth, "default": asked.default}),)
