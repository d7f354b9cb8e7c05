"""A release and the windows that freeze it. It waits by itself and goes on by itself.

A frozen start is `blocked` until the next legal time; a frozen stage is `release:frozen`: it stays
rolling, exposure and soak clock go on.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from policies.lifecycle.freezing import Frozen, frozen
from policies.lifecycle.kernel import Command, Fact, instant, iso
from policies.lifecycle.release_launch import stage_entered
from policies.lifecycle.release_state import Phase, Release
from policies.rules.window_plan import moves_of

Facts = tuple[Fact, ...]

JITTER_S = 60  # what waited for the end of one window does not go on in one second
_STARTING = frozenset({"start", "schedule", "fire", "recheck"})


def moves_for(s: Release, kind: str) -> tuple[str, ...]:
    """What `kind` would do to exposure, in the words of windows; nothing: it needs no window."""
    if kind in _STARTING or (kind == "resume" and s.stage is None):
        return moves_of(0, s.plan[0].weight_bp)
    if s.stage is None:
        return ()
    if kind == "advance":
        after = s.stage + 1
        return moves_of(after, s.plan[after].weight_bp) if after < len(s.plan) else ("complete",)
    if kind == "resume" and s.phase is Phase.HALTED:
        return moves_of(s.stage, s.plan[s.stage].weight_bp)
    return ()


def noted(facts: Facts, override: Mapping[str, Any]) -> Facts:
    """The facts with what was overridden, if anything was."""
    if not override:
        return facts
    return tuple(replace(fact, body={**fact.body, **override}) for fact in facts)


def kept_back(stop: Frozen) -> Facts:
    """A start that has to wait; it goes on by itself where the end is known."""
    return (
        Fact(
            "release:blocked",
            {
                "why": [f"frozen:{window}" for window in stop.windows],
                "windows": list(stop.windows),
                "until": iso(stop.until) if stop.until else None,
            },
        ),
    )


def thawed(s: Release, now: datetime, observed: Mapping[str, Any]) -> Facts:
    """A start that a window kept back, looked at again. Too late after its end, people decide."""
    stop = frozen(observed)
    if stop is not None:
        same = (stop.windows, stop.until) == (s.frozen_by, s.frozen_until)
        return () if same else kept_back(stop)
    if s.frozen_until is None:
        return (Fact("release:cleared", {}),)
    if now > s.frozen_until + timedelta(seconds=s.max_lateness_s):
        return (Fact("release:held", {"cause": "missed", "why": [iso(s.frozen_until)]}),)
    return stage_entered(s, 0)


def step_on(s: Release, observed: Mapping[str, Any]) -> Facts:
    """The next stage, or the end of the last one, unless windows keep it back."""
    assert s.stage is not None  # rolling
    after = s.stage + 1
    stop = frozen(observed)
    if stop is not None:
        if s.frozen_by and (stop.windows, stop.until) == (s.frozen_by, s.frozen_until):
            return ()
        body = {"windows": list(stop.windows), "until": iso(stop.until) if stop.until else None}
        return (Fact("release:frozen", {"next": after, **body}),)
    if after < len(s.plan):
        return stage_entered(s, after)
    return (Fact("release:completed", {"digest": s.digest}),)


def retimed(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """Newer zone data moves the instant of a civil time; what people said stays."""
    time, known = c.body["time"], s.scheduled_local
    said = (time["local"], time["iana_tz"])
    if known is None or s.scheduled_at is None or (known["local"], known["iana_tz"]) != said:
        return ()
    at = instant(time["utc"])
    if at == s.scheduled_at:
        return ()
    return (
        Fact("release:time:resolved", {"at": iso(at), "was": iso(s.scheduled_at), "time": time}),
    )


def thaws_at(s: Release) -> datetime | None:
    """When a frozen release goes on: the end of its windows, and a little later for each."""
    if s.frozen_until is None:
        return None
    return s.frozen_until + timedelta(seconds=zlib.crc32(s.id.encode()) % JITTER_S)
