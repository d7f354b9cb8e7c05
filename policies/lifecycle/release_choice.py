"""What the developer of a bound release wants since its launch was postponed.

Wait holds until it is changed, at the latest when the time to choose is over. Ship alone and
withdraw take the release out at once, and open nothing: started it is like any other, by a person
and with everything of I6. What was withdrawn nobody starts until its developer says so.

What the launch asks arrives as `observed["launch"]["asked"]`: `{"nth", "decide_by", "default",
"at", "closed"}`, or None where nobody is asked.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policies.errors import IllegalMove, Incomplete, NotYet, StaleDecision
from policies.lifecycle.kernel import Command, Fact, instant, iso
from policies.lifecycle.release_launch import is_open
from policies.lifecycle.release_state import Phase, Release
from policies.rules.postponing_request import Choice

Facts = tuple[Fact, ...]
WITHDRAWN = "its developer withdrew it: they say first that it may ship alone"
# Choice → why it left its launch, as the event says it.
_LEAVES = {Choice.SHIP_ALONE: "ships_alone", Choice.WITHDRAW: "withdrawn"}


def choose(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    launch, nth, wanted = _answered(c.body)
    if s.phase is Phase.READY:
        return _put_back(s, launch, nth, wanted)
    if not s.is_bound or s.launch != launch:
        raise IllegalMove("it is not bound to this launch", launch=s.launch)
    row = _row(o)
    asked = row.get("asked")
    if asked is None:
        raise IllegalMove("its launch asks nothing: it was not postponed", launch=launch)
    if asked["nth"] != nth:
        raise StaleDecision("the launch was postponed again since: choose anew",
                            saw={"nth": nth}, now={"nth": asked["nth"]})  # fmt: skip
    if asked["closed"] or now >= instant(asked["decide_by"]):
        raise IllegalMove("the time to choose is over", decide_by=asked["decide_by"],
                          default=asked["default"])  # fmt: skip
    if is_open(row["status"], row["wave"], s.wave) and row["excluded"] is None:
        raise IllegalMove("its launch opened it already", launch=launch)
    if s.chose(launch, nth) is wanted:
        return ()
    chosen = Fact("release:launch:chosen", {"launch": launch, "nth": nth, "choice": wanted.value})
    return (chosen, *_leaving(launch, wanted))


def _put_back(s: Release, launch: str, nth: int, wanted: Choice) -> Facts:
    """Who withdrew changes their mind, at any time: nobody waits for it any more."""
    if not s.is_withdrawn or s.chose(launch, nth) is None:
        raise IllegalMove("it is bound to no launch", phase=s.phase.value)
    if wanted is Choice.WITHDRAW:
        return ()
    if wanted is Choice.WAIT:
        raise IllegalMove("it left its launch: say that it ships alone, then a lead can bind it")
    body = {"launch": launch, "nth": nth, "choice": wanted.value}
    return (Fact("release:launch:chosen", body),)


def settle(s: Release, c: Command, now: datetime, o: Mapping[str, Any]) -> Facts:
    """The system's, when the time is over and its developer said nothing."""
    row = _row(o)
    choice = defaulted(s, row)
    if choice is None:
        raise NotYet("nothing follows from silence here")
    said = {"launch": s.launch, "nth": row["asked"]["nth"], "choice": choice.value}
    return (Fact("release:launch:defaulted", said), *_leaving(str(s.launch), choice))


def defaulted(s: Release, row: Mapping[str, Any]) -> Choice | None:
    """The choice that counts as made, where it takes the release out; None: it goes on waiting.

    Only once the launch said that the time is over, and of what was bound when it asked.
    """
    asked = row.get("asked")
    if not s.is_bound or s.bound_from is None or asked is None or not asked["closed"]:
        return None
    opened = is_open(row["status"], row["wave"], s.wave) and row["excluded"] is None
    if opened or s.bound_from > instant(asked["at"]):
        return None
    if s.chose(str(s.launch), asked["nth"]) is not None:
        return None
    choice = Choice(asked["default"])
    return None if choice is Choice.WAIT else choice


def _leaving(launch: str, choice: Choice) -> Facts:
    if choice is Choice.WAIT:
        return ()
    return (Fact("release:unbound", {"launch": launch, "why": _LEAVES[choice], "note": None}),)


def _answered(body: Mapping[str, Any]) -> tuple[str, int, Choice]:
    launch, nth = body.get("launch"), body.get("nth")
    if not isinstance(launch, str) or not launch.startswith("lch_"):
        raise Incomplete("name the launch", field="launch")
    if not isinstance(nth, int) or isinstance(nth, bool) or nth < 1:
        raise Incomplete("which postponement? its number, from 1", field="nth")
    try:
        return launch, nth, Choice(str(body.get("choice")))
    except ValueError:
        raise Incomplete("choose wait, ship_alone or withdraw", field="choice") from None


def _row(o: Mapping[str, Any]) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = o.get("launch")
    if row is None:
        raise NotYet("nobody looked at its launch")
    return row


def asked_value(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`Asked` of a launch's state, as JSON or as a value, for `observed["launch"]["asked"]`."""
    if asked is None:
        return None
    return {
        "nth": asked["nth"],
        "decide_by": iso(instant(asked["decide_by"])),
        "default": asked["default"],
        "at": iso(instant(asked["at"])),
        "closed": asked["closed"],
    }
