"""L15: a launch is closed once it has soaked, with its report filed and its forecast scored.

A score that nobody can compute is not made up: it is null, and a code says why.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import Incomplete, NotYet
from policies.lifecycle.kernel import Command, Fact, iso
from policies.lifecycle.launch_bodies import digest
from policies.lifecycle.launch_state import Launch

# Why there is no score: none was kept, or the date of none of those that were kept has come.
UNSCORED = frozenset({"no_forecast", "not_due"})


def soaked_at(s: Launch) -> datetime:
    """From when on (UTC) it may be closed: the newest wave has been open long enough."""
    return (s.wave_at or s.since) + timedelta(seconds=s.terms.soak_s)


def close(s: Launch, c: Command, now: datetime, o: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Raises `NotYet` before the soak is over, `Incomplete` without a report, or with neither a
    score nor the reason why there is none."""
    if now < soaked_at(s):
        raise NotYet("it has not soaked long enough", until=iso(soaked_at(s)))
    lessons = c.body.get("lessons")
    body = {
        "report": digest(c.body, "report", "the report"),
        "lessons": None if lessons is None else digest(c.body, "lessons", "what was learnt"),
        **_scored(c.body),
    }
    return (Fact("launch:closed", body),)


def _scored(body: Mapping[str, Any]) -> dict[str, Any]:
    score, unscored = body.get("score"), body.get("unscored")
    if score is None:
        if unscored not in UNSCORED:
            raise Incomplete(
                "how good was the forecast? A score is missing, or why there is none",
                field="score",
                reasons=sorted(UNSCORED),
            )
        return {"score": None, "unscored": unscored}
    fits = isinstance(score, int | float) and not isinstance(score, bool)
    if not fits or not math.isfinite(score) or unscored is not None:
        raise Incomplete("a score is a number, and then nothing says why there is none",
                         field="score")  # fmt: skip
    return {"score": float(score), "unscored": None}
