"""A launch and the windows over its opening: it waits a little, or people decide.

A public date that falls into a freeze is not moved in silence. Where the freeze ends before the
opening would count as missed, the launch waits in its countdown and opens by itself; where it does
not, it is held, and people postpone it or get past the windows by name and reason. A later wave has
no announced time: it waits for as long as it takes.

`observed["freeze"]` is what `freezing` says, of the whole store at the moment of the opening;
`observed["narrow"]` the windows that keep single items back, each with the role that may override
it or None.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from policies.errors import EvidenceBlocks, IllegalMove, Incomplete, NotAllowed, NotYet
from policies.lifecycle.freezing import Frozen, frozen, must_be_allowed, refusal
from policies.lifecycle.kernel import Command, Fact
from policies.lifecycle.launch_bodies import held, told
from policies.lifecycle.launch_gating import measured
from policies.lifecycle.launch_look import after
from policies.lifecycle.launch_state import COMMITTED, Freeze, Launch, Status

Facts = tuple[Fact, ...]
Observed = Mapping[str, Any]
WINDOWS_MOST = 50  # that one override names
_ID_MOST = 80


def lateness_ends(s: Launch) -> datetime | None:
    """After this an opening counts as missed; None where no instant was announced for it."""
    if s.opens_at is None or s.wave > 0:
        return None
    return s.opens_at + timedelta(seconds=s.terms.max_lateness_s)


def kept_back(s: Launch, stop: Frozen, now: datetime) -> Facts:
    """Its time has come and windows forbid it. Raises `NotYet` while nothing is new about that."""
    last = lateness_ends(s)
    if stop.until is None or (last is not None and stop.until > last):
        why = [f"frozen:{window}" for window in stop.windows]
        return (held(s, now, "frozen", why=why, freeze=stop.as_json()),)
    if (
        s.freeze
        and s.freeze.waits
        and (s.freeze.windows, s.freeze.until)
        == (
            stop.windows,
            stop.until,
        )
    ):
        raise refusal(stop)
    return (Fact("launch:frozen", stop.as_json()),)


def ahead(o: Observed) -> dict[str, Any] | None:
    """What a check before the opening records of windows over it."""
    stop = frozen(o)
    return stop.as_json() if stop else None


def seen(body: Mapping[str, Any] | None, at: datetime, *, waits: bool = False) -> Freeze | None:
    """The state's own word for a freeze in the body of an event."""
    stop = frozen({"freeze": body})
    return Freeze(stop.windows, stop.until, stop.roles, at, waits) if stop else None


def override_freeze(s: Launch, c: Command, now: datetime, o: Observed) -> Facts:
    """Get past windows that name a role for it, for the opening ahead alone. A launch that they
    held goes on, if nothing else is in the way and its time has not passed."""
    words, stop, narrow = told(c.body), frozen(o), dict(o.get("narrow") or {})
    store = set(stop.windows) if stop else set()
    wanted = _named(c.body, store)
    unknown = sorted(wanted - store - narrow.keys())
    if unknown or not wanted:
        what = ", ".join(unknown) or "no window"
        raise IllegalMove(f"{what} is in its way", windows=unknown)
    if stop and wanted & store:
        must_be_allowed(stop, c.actor)
    for window in sorted(wanted - store):
        if narrow[window] not in c.actor.roles:
            needed = narrow[window] or "nobody"
            raise NotAllowed(f"to get past {window} it takes: {needed}", windows=[window])
    passed = Fact("launch:freeze:overridden", {"windows": sorted(wanted), **words})
    if s.status is Status.HOLD and store <= wanted:
        return (passed, *_goes_on(s, now, o))
    return (passed,)


def _named(body: Mapping[str, Any], store: set[str]) -> set[str]:
    given = body.get("windows")
    if given is None:
        return store
    fits = isinstance(given, list) and len(given) <= WINDOWS_MOST
    if not fits or not all(isinstance(one, str) and 0 < len(one) <= _ID_MOST for one in given):
        raise Incomplete(f"at most {WINDOWS_MOST} windows, each by its id", field="windows")
    return set(given)


def _goes_on(s: Launch, now: datetime, o: Observed) -> Facts:
    assert s.held is not None  # on hold
    last = lateness_ends(s)
    if last is not None and now > last:
        raise NotYet("its time has passed; postpone it to a new date")
    looks = measured(s, now, o)
    gates = after(s, looks, now).gates(now)
    if s.held.before in COMMITTED and not gates:
        raise EvidenceBlocks("gates do not hold: " + ", ".join(gates.why), reasons=list(gates.why))
    return (*looks, Fact("launch:resumed", {"to": s.held.before.value, "closes_at": None}))
