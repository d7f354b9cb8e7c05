"""When something of a launch is due: by people (then it is late, and told), by the system itself.

Every state that is not final has one of both (I10), and no wait is without an end (I4).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.lifecycle.launch_asking import remind_at
from policies.lifecycle.launch_permits import LEGAL
from policies.lifecycle.launch_state import COMMITTED, FINAL, Launch, Status
from policies.rules.target import deadline

# Looking at measured gates more often would only fill the record before anybody polls.
_LOOKS_APART = timedelta(hours=1)
# From here builders know what is asked of them; what is on hold asks nobody for anything.
REMINDING = COMMITTED | {Status.GATING}


@dataclass(frozen=True)
class Due:
    """`what` people owe, by when (UTC)."""

    what: str
    at: datetime


@dataclass(frozen=True)
class Timer:
    """The system's command `kind` is to be given at `at` (UTC), or at once if that has passed."""

    kind: str
    at: datetime


def due(s: Launch) -> Due | None:
    """What somebody owes next; None in a final state."""
    terms = s.terms
    if s.status in FINAL:
        return None
    if s.status is Status.DRAFT:
        return Due("plan", s.since + timedelta(seconds=terms.plan_within_s))
    if s.status is Status.HOLD and s.held:
        return Due("review_hold", s.held.review_by)
    if s.status is Status.SUSPENDED:
        return Due("decide_suspension", s.since + timedelta(seconds=terms.hold_review_s))
    if s.status in (Status.PARTIAL, Status.LIVE) and s.wave_at:
        if s.freeze and s.freeze.waits and s.freeze.until:
            return Due("open_wave", s.freeze.until)
        what = "open_wave" if s.wave_wanted else "finish" if s.status is Status.PARTIAL else "close"
        soaked = s.wave_at + timedelta(seconds=terms.soak_s)
        return Due(what, max(soaked, s.since) if what == "close" else soaked)
    if s.target is None:
        return None
    if s.status is Status.POLL and s.poll:
        return Due("vote", s.poll.closes_at)
    if s.status in (Status.ARMED, Status.COUNTDOWN, Status.LAUNCHING):
        waits = s.freeze.until if s.freeze and s.freeze.waits else None
        return Due("open", waits or deadline(s.target))
    return _before_the_poll(s)


def _before_the_poll(s: Launch) -> Due | None:
    """Planned, gating or postponed: in time for the poll, or for the day a date is owed."""
    target, lead = s.target, timedelta(seconds=s.terms.poll_open_before_s)
    if target is None:
        return None
    if target.start is None:
        return Due("replan", deadline(target))
    at = max(deadline(target) - lead, s.since)  # of an interval, the last moment in it
    if s.status is Status.POSTPONED:
        what = "replan" if s.postponements < 2 or s.approved_date else "approve_date"
    elif s.status is Status.PLANNED:
        what = "open_gates"
    elif not target.is_instant:
        what = "narrow"
    else:
        what = "call_poll" if s.poll and s.poll.waits_for_call else "gates"
    return Due(what, at)


def told_next(s: Launch) -> datetime | None:
    """When it is (again) said that somebody is late. None where the system itself goes on."""
    if s.status not in LEGAL["overdue"]:
        return None
    if s.told_at is not None:
        return s.told_at + timedelta(seconds=s.terms.remind_s)
    owed = due(s)
    return owed.at if owed else None


def timers(s: Launch) -> tuple[Timer, ...]:
    """The system's own next steps, the earliest first. One that is refused as not possible yet is
    to be tried again when something changed, not in a circle."""
    found = [*_way_timers(s), *_gate_timers(s), *_asking_timers(s), *_duty_timers(s)]
    late = told_next(s)
    if late is not None:
        found.append(Timer("overdue", late))
    return tuple(sorted(found, key=lambda timer: timer.at))


def _way_timers(s: Launch) -> list[Timer]:
    found, opening = [], s.opens_at
    if s.target and s.status in LEGAL["miss"] and s.target.start is not None:
        found.append(Timer("miss", deadline(s.target)))
    if s.status is Status.POLL and s.poll:
        found.append(Timer("poll_over", s.poll.closes_at))
    if s.status is Status.PARTIAL and s.wave_wanted and s.wave_at:
        found.append(Timer("open_wave", s.wave_at))
    if opening is None:
        return found
    if s.status is Status.GATING and not (s.poll and s.poll.waits_for_call):
        found.append(Timer("begin_poll", _before(opening, s.terms.poll_open_before_s)))
    if s.status is Status.ARMED:
        found.append(Timer("start_countdown", _before(opening, s.terms.checks_s[0])))
    if s.status is Status.COUNTDOWN:
        left = [before for before in s.terms.checks_s if before not in s.checked]
        found += [Timer("check", _before(opening, before)) for before in left[:1]]
        found.append(Timer("open_wave", opening))
    return found


def _asking_timers(s: Launch) -> list[Timer]:
    """The deadline stays, wherever the launch has got to meanwhile."""
    asked = s.asked
    if asked is None or asked.closed or s.status in FINAL:
        return []
    reminder = remind_at(s, asked)
    found = [Timer("remind_choices", reminder)] if reminder else []
    return [*found, Timer("close_choices", asked.decide_by)]


def _gate_timers(s: Launch) -> list[Timer]:
    """The first answer to end: on the way, its owner is told. While gates are answered, the next
    look at those that are measured: nobody has to be told that the store looks again."""
    if s.status not in COMMITTED | {Status.GATING}:
        return []
    own = {gate.id for gate in s.terms.gates if gate.kind == "measured"}
    ends = [
        mark.until
        for mark in s.marks.values()
        if not mark.lapsed
        and (mark.waived or (mark.holds and (s.status in COMMITTED or mark.gate not in own)))
    ]
    found = [Timer("reopen_gate", min(ends))] if ends else []
    look = look_due(s) if s.status is Status.GATING else None
    return [*found, Timer("measure", look)] if look else found


def look_due(s: Launch) -> datetime | None:
    """When the measured gates are looked at again before the poll: at once when the gates open,
    then day by day, so that a board shows numbers. None: there are none. The poll, the checks and
    the opening make a look of their own."""
    ids = [gate.id for gate in s.terms.gates if gate.kind == "measured"]
    if not ids:
        return None
    marks = [s.marks[one] for one in ids if one in s.marks]
    if len(marks) < len(ids):
        return s.since
    again = max(timedelta(seconds=s.terms.remind_s), _LOOKS_APART)
    # A look that finds nothing new leaves a waiver as it is.
    return min(mark.until if mark.waived else mark.at + again for mark in marks)


def _duty_timers(s: Launch) -> list[Timer]:
    """Builders who owe something are reminded, so long before the earliest opening."""
    if s.status not in REMINDING or s.target is None or s.target.start is None:
        return []
    left = [before for before in s.terms.duties_remind_s if before not in s.reminded]
    return [Timer("remind_duties", _before(s.target.start, left[0]))] if left else []


def _before(opening: datetime, seconds: int) -> datetime:
    return opening - timedelta(seconds=seconds)
