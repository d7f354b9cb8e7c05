"""What a measurement makes of a gate, before and after it is recorded alike."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from policies.lifecycle.kernel import SYSTEM, Fact, instant
from policies.lifecycle.launch_state import Launch
from policies.rules.gates import Mark


def measured_mark(old: Mark | None, body: Mapping[str, Any], by: str, at: datetime) -> Mark:
    """The mark after the fact `launch:gate:measured` with this `body`, recorded at `at`."""
    if old and old.waived and not body["holds"] and at < old.until:
        return replace(old, value=body["value"])  # that risk was accepted
    return Mark(
        gate=body["gate"],
        holds=body["holds"],
        by=by,
        at=instant(body["at"]),
        until=instant(body["until"]),
        value=body["value"],
        why=body.get("why"),
    )


def after(s: Launch, looks: Iterable[Fact], now: datetime) -> Launch:
    """`s` with the measurements in `looks`, to judge by what was seen just now."""
    marks = dict(s.marks)
    for fact in looks:
        gate = fact.body["gate"]
        marks[gate] = measured_mark(marks.get(gate), fact.body, SYSTEM, now)
    return replace(s, marks=marks)
