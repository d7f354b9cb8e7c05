"""Newer zone data moves the instants of a launch's civil date; what people said stays."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policies.errors import IllegalMove
from policies.lifecycle.kernel import Command, Fact, iso
from policies.lifecycle.launch_state import Launch
from policies.rules.target import Target, compare, of_json

Facts = tuple[Fact, ...]


def retime(s: Launch, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """Nothing, where they said something else meanwhile."""
    if s.wave > 0 or s.target is None:
        raise IllegalMove("it opened already; its date is past")
    wanted = of_json(c.body["target"])
    if not _says_the_same(wanted, s.target) or compare(wanted, s.target) == "same":
        return ()
    approved = of_json(c.body["approved"]) if c.body.get("approved") else None
    if s.approved_date is None or approved is None or not _says_the_same(approved, s.approved_date):
        approved = s.approved_date
    closes = s.poll.closes_at if s.poll else None
    if closes is not None and wanted.start is not None:
        closes = min(closes, wanted.start)  # nobody votes on what is past
    body = {
        "target": wanted.as_json(),
        "was": s.target.as_json(),
        "at": iso(wanted.start) if wanted.is_instant and wanted.start else None,
        "approved": approved.as_json() if approved else None,
        "closes_at": iso(closes) if closes else None,
    }
    return (Fact("launch:time:resolved", body),)


def _says_the_same(one: Target, other: Target) -> bool:
    return (one.label, one.precision, one.tz) == (other.label, other.precision, other.tz)
