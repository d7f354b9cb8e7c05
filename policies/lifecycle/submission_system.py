"""What the system's own commands cause: the scan, the tests, time. No person gives them.

A missing report is never a good one (I7): what is not there blocks approval, whatever was sent.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import NotYet
from policies.lifecycle.kernel import Command, Fact, iso
from policies.lifecycle.submission_state import Submission

Facts = tuple[Fact, ...]


def _scanned(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    b, evidence = c.body, tuple(c.body["evidence"])
    missing = [] if evidence else ["static_scan_missing"]  # I7
    if b["blocking"]:
        return (
            Fact(
                "submission:static:blocked",
                {
                    "rules": b["rules"],
                    "until": iso(now + timedelta(seconds=s.terms.changes_s)),
                },
                evidence,
            ),
        )
    return (
        Fact(
            "submission:static:passed",
            {
                "tier": "high" if missing else b["tier"],
                "reasons": _union(b["reasons"], missing),
                "until": iso(now + timedelta(seconds=s.terms.testing_max_s)),
            },
            evidence,
        ),
    )


def _tested(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    b = c.body
    # I7: a report that is not there never lets a case pass, whatever its sender says.
    missing = [] if b["evidence"] else ["tests_missing"]
    missing += [code for code in s.tier_reasons if code == "static_scan_missing"]
    finished = Fact(
        "submission:tests:finished",
        {
            "blocked_by": _union(b["blocked_by"], missing),
            "why": b["why"],
            "due_at": b["due_at"],
            "incomplete": b["incomplete"],
        },
        tuple(b["evidence"]),
    )
    if s.returns_to is None:
        return (finished,)
    until = iso(now + timedelta(seconds=s.terms.lease_s))
    back = {"claimant": s.returns_to, "lease_until": until}
    return (finished, Fact("submission:review:resumed", back))


def _union(codes: Any, more: list[str]) -> list[str]:
    return [*codes, *(code for code in more if code not in codes)]


def _lease_over(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:review:released", {"why": "lease_over", "claimant": s.claimant}),)


def _warn(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    until = iso(s.wait_until) if s.wait_until else None
    return (Fact("submission:warned", {"until": until, "warning": s.warnings + 1}),)


def _expire(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    if s.wait_until and now < s.wait_until:
        raise NotYet("the developer still has time", until=iso(s.wait_until))
    return (Fact("submission:expired", {"why": [s.stage.value]}),)


def _overdue(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    step = s.ladder_steps + 1
    names = ("nudge", "breach", "escalation")
    return (Fact("submission:overdue", {"step": step, "what": names[min(step, 3) - 1]}),)


def _settle(s: Submission, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    return (Fact("submission:decision:settled", {"release": c.body.get("release")}),)


SYSTEM_DECIDERS: Mapping[
    str, Callable[[Submission, Command, datetime, Mapping[str, Any]], Facts]
] = {
    "scanned": _scanned,
    "tested": _tested,
    "lease_over": _lease_over,
    "warn": _warn,
    "expire": _expire,
    "overdue": _overdue,
    "settle": _settle,
}
