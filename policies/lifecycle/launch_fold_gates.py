"""The part of a launch's fold that keeps answers to gates and votes of the poll."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from policies.lifecycle.kernel import Event, instant
from policies.lifecycle.launch_look import measured_mark
from policies.lifecycle.launch_state import Launch, Poll, Status, Vote
from policies.rules.gates import Mark

Body = Mapping[str, Any]


def _marked(s: Launch, mark: Mark) -> Launch:
    return replace(s, marks={**s.marks, mark.gate: mark})


def attested(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    mark = Mark(b["gate"], True, e.actor_id, at, instant(b["until"]), evidence=b["evidence"])
    return _marked(s, mark)


def signed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    yes = b["verdict"] == "yes"
    mark = Mark(b["gate"], yes, e.actor_id, at, instant(b["until"]), reason=b.get("reason"))
    return _marked(s, mark)


def measured(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return _marked(s, measured_mark(s.marks.get(b["gate"]), b, e.actor_id, at))


def waived(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    old = s.marks.get(b["gate"])
    mark = Mark(b["gate"], bool(old and old.holds), e.actor_id, at, instant(b["until"]),
                value=old.value if old else None, waived=True, reason=b["reason"])  # fmt: skip
    return _marked(s, mark)


def lapsed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    return _marked(s, replace(s.marks[b["gate"]], lapsed=True))


def poll_opened(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    poll = Poll(b["round"], opened_at=at, closes_at=instant(b["closes_at"]))
    return replace(s, status=Status.POLL, poll=poll, rounds=b["round"])


def voted(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    vote = Vote(b["round"], b["role"], b["vote"], e.actor_id, at, b.get("statement"))
    return replace(s, votes=(*s.votes, vote))


def overridden(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    """The NO-GO stays what it is; who accepted its risk stands beside it."""
    stands = s.standing_votes()[b["role"]]
    votes = tuple(replace(v, override=e.actor_id) if v is stands else v for v in s.votes)
    return replace(s, votes=votes)


def poll_closed(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    assert s.poll is not None  # NEXT: only from an open poll
    status = Status.ARMED if b["outcome"] == "go" else Status.GATING
    return replace(s, status=status, poll=replace(s.poll, outcome=b["outcome"]))


def called(s: Launch, e: Event, b: Body, at: datetime) -> Launch:
    assert s.poll is not None  # there was one to be called again
    return replace(s, poll=replace(s.poll, called_again=True))
