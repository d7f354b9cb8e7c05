"""A release and its launch: bound, let go, opened. Bound, it has no time of its own (L-table).

Whether its launch is open arrives as `observed["launch"]`, the launch's row as it was read:
`{"status", "wave", "excluded": [codes] | None}`; absent means that nobody looked, so nothing opens.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotYet
from policies.lifecycle.kernel import Command, Fact, instant, iso
from policies.lifecycle.release_state import Phase, Release

Facts = tuple[Fact, ...]

IMPORTANCE = ("must", "should", "optional")
# What was opened stays visible whatever becomes of the waves to come (I9). A suspension takes it
# away, and so does a status that this code does not know.
OPEN = frozenset(
    {"launching", "live", "partial", "closed", "hold", "postponed", "cancelled"}
    | {"gating", "poll", "armed", "countdown"}
)
OVER = frozenset({"cancelled", "closed"})
WAVES_MOST, REQUIRES_MOST = 100, 50
OFFSET_MOST_S = 30 * 86400


def is_open(status: str, opened_wave: int, wave: int | None) -> bool:
    """Whether a launch in `status`, opened up to `opened_wave`, has opened what waits in `wave`."""
    return wave is not None and status in OPEN and wave <= opened_wave


def stage_entered(s: Release, index: int) -> Facts:
    step = s.plan[index]
    return (
        Fact(
            "release:stage:entered",
            {
                "stage": index,
                "of": len(s.plan),
                "weight_bp": step.weight_bp,
                "visibility": step.visibility,
                "soak_s": step.soak_s,
            },
        ),
    )


def bind(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """Bound from ready; once bound, the same launch may give it another wave or importance."""
    wanted = _place(s, c.body)
    if s.phase is not Phase.READY and s.launch != wanted["launch"]:
        raise IllegalMove(
            "unbind it first: a release waits for one launch"
            if s.launch
            else "it is blocked: clear what `why` names first",
            launch=s.launch,
        )
    if s.phase is Phase.BOUND and wanted == place_of(s):
        return ()
    return (Fact("release:bound", wanted),)


def place_of(s: Release) -> dict[str, Any]:
    """Where it stands in its launch, as `release:bound` says it."""
    return {
        "launch": s.launch,
        "wave": s.wave,
        "importance": s.importance,
        "requires": list(s.requires),
        "offset_s": s.offset_s,
        "not_before": iso(s.not_before) if s.not_before else None,
    }


def _place(s: Release, body: Mapping[str, Any]) -> dict[str, Any]:
    launch = body.get("launch")
    if not isinstance(launch, str) or not launch.startswith("lch_"):
        raise Incomplete("name the launch", field="launch")
    importance = body.get("importance", "should")
    if importance not in IMPORTANCE:
        raise Incomplete("importance is must, should or optional", field="importance")
    offset = _number(body.get("offset_s"), "offset_s", 0, OFFSET_MOST_S)
    if offset and importance == "must":
        raise Incomplete("a must opens with its wave, not some time after it", field="offset_s")
    return {
        "launch": launch,
        "wave": _number(body.get("wave", 1), "wave", 1, WAVES_MOST),
        "importance": importance,
        "requires": _requires(s, body.get("requires") or []),
        "offset_s": offset,
        "not_before": _time(body.get("not_before")),
    }


def _number(value: Any, field: str, least: int, most: int) -> int | None:
    if value is None and field != "wave":
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Incomplete(f"{field} is a whole number from {least} to {most}", field=field)
    return value


def _requires(s: Release, value: Any) -> list[str]:
    named = isinstance(value, list | tuple) and all(
        isinstance(one, str) and one.startswith("rel_") for one in value
    )
    if not named or len(value) > REQUIRES_MOST or s.id in value:
        raise Incomplete(f"requires names at most {REQUIRES_MOST} other releases", field="requires")
    return sorted(set(value))


def _time(value: Any) -> str | None:
    try:
        return None if value is None else iso(instant(value))
    except ValueError as fault:
        raise Incomplete("a time with its zone is needed", field="not_before") from fault


def unbind(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """To ship alone or to withdraw: it is ready again, with what is left of its approval's life."""
    _is_bound(s)
    why = c.body.get("reason")
    if not isinstance(why, str) or not why:
        raise Incomplete("a reason is missing", field="reason")
    return (Fact("release:unbound", {"launch": s.launch, "why": why, "note": c.body.get("note")}),)


def let_go(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """The system's: its launch is over and never opened it."""
    _is_bound(s)
    row = _row(o)
    status, opened = row["status"], is_open(row["status"], row["wave"], s.wave)
    if status not in OVER or (opened and row["excluded"] is None):
        raise NotYet("its launch may still open it")
    return (Fact("release:unbound", {"launch": s.launch, "why": f"launch_{status}"}),)


def open_(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """Follow the launch row, by which everybody is served already: a store opening is for everyone.

    Exposure started with the opening, whose I6 was checked then. What does not hold any more keeps
    it from settling (held, for a person) and takes nothing away (I9).
    """
    row = _row(o)
    if not is_open(row["status"], row["wave"], s.wave):
        raise NotYet("its launch has not opened its wave", launch=s.launch)
    if row["excluded"] is not None:
        return (Fact("release:blocked", {"why": list(row["excluded"]) or ["excluded"]}),)
    entered = stage_entered(s, len(s.plan) - 1)
    failing = list(o.get("precheck", ("precheck_missing",)))
    held = (Fact("release:held", {"cause": "precheck", "why": failing}),) if failing else ()
    return (*entered, *held)


def may_return(s: Release, o: Mapping[str, Any]) -> bool:
    """Whether what its launch passed over goes back to waiting: once it is passed over no more."""
    return not s.is_bound or _row(o)["excluded"] is None


def _is_bound(s: Release) -> None:
    if not s.is_bound:
        raise IllegalMove("it is bound to no launch", phase=s.phase.value)


def _row(o: Mapping[str, Any]) -> Mapping[str, Any]:
    row = o.get("launch")
    if row is None:
        raise NotYet("nobody looked at its launch")
    found: Mapping[str, Any] = row
    return found
