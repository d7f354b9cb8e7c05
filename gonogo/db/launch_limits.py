"""What `record` checks of launches in its transaction: who may be bound, who may leave, I6 again.

The look at ten thousand items was made outside, at a position of the store's order. Here only what
changed since is looked at again, so that the opening is short; whoever cannot tell looks at all.
"""

import json
from datetime import datetime
from typing import Any, cast

from sqlmodel import Session, col, func, or_, select

from gonogo.db.launch_exclusions import is_excluded
from gonogo.db.launch_items import OPENED, WAITING, items_of_launch
from gonogo.db.launch_windows import windows_over
from gonogo.db.launches import LaunchPicture
from gonogo.db.tables import EventRow, ListingPicture, ReleasePicture
from policies.errors import EvidenceBlocks, IllegalMove, Incomplete, OverLimit
from policies.lifecycle.kernel import Fact, instant, instant_or_none
from policies.lifecycle.launch_freeze import lateness_ends
from policies.lifecycle.release_launch import is_open
from policies.rules.launch_opening import Item, readiness
from policies.wire import RecordRequest

# Before its countdown a launch takes items; afterwards people have voted and been told.
_TAKING = frozenset({"draft", "planned", "gating", "poll", "armed", "postponed"})
_EVENTS_MOST = 2_000


def bound(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """A launch takes items until its countdown, and one release of a GPT at a time."""
    store, body = request.command.store, fact.body
    launch = session.get(LaunchPicture, (store, body["launch"]))
    if launch is None:
        raise Incomplete(f"there is no launch {body['launch']}", field="launch")
    if not _takes(launch) or body["wave"] <= launch.wave:
        raise IllegalMove(
            "this launch takes no items for that wave any more",
            launch=launch.id,
            status=launch.status,
            wave=body["wave"],
            opened=launch.wave,
        )
    most = launch.state["terms"]["waves_most"]
    if body["wave"] > most:
        raise OverLimit(f"this launch has at most {most} waves", limit=most)
    other = session.exec(
        select(ReleasePicture.id).where(
            ReleasePicture.store_id == store,
            ReleasePicture.gpt == state.gpt,
            col(ReleasePicture.launch).is_not(None),
            col(ReleasePicture.phase).in_(WAITING),
            ReleasePicture.id != request.command.subject,
        )
    ).first()
    if other is not None:
        raise OverLimit("another release of this GPT is bound; unbind that one", release=other)
    _known(session, store, body["requires"])


def _takes(launch: LaunchPicture) -> bool:
    if launch.status == "hold":
        return bool((launch.state.get("held") or {}).get("before") in _TAKING)
    if launch.status == "partial":  # a wave is open, the next is not called yet
        return launch.state.get("wave_wanted") is None
    return launch.status in _TAKING


def _known(session: Session, store: str, releases: list[str]) -> None:
    found = session.exec(
        select(ReleasePicture.id).where(
            ReleasePicture.store_id == store, col(ReleasePicture.id).in_(releases)
        )
    ).all()
    unknown = sorted(set(releases) - set(found))
    if unknown:
        raise Incomplete(
            "it requires releases that do not exist: " + ", ".join(unknown), field="requires"
        )


def left(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """What is visible already is not unbound from under people: it settles, or is stopped."""
    if not state.is_bound:
        return
    store = request.command.store
    launch = session.get(LaunchPicture, (store, state.launch))
    row = session.get(ReleasePicture, (store, state.id))
    if launch is None or row is None:
        return
    if is_open(launch.status, launch.wave, state.wave) and not is_excluded(session, row):
        raise IllegalMove(
            "its launch opened it, so people are served it: it follows in a moment; then roll it "
            "back, or stop it now",
            launch=launch.id,
        )


def opened_at(session: Session, store: str, release: str | None) -> datetime | None:
    """When a launch opened `release` (UTC), as long as it is open; None for every other release."""
    row = session.get(ReleasePicture, (store, release)) if release else None
    if row is None or row.launch is None:
        return None
    launch = session.get(LaunchPicture, (store, row.launch))
    if launch is None or not is_open(launch.status, launch.wave, row.wave):
        return None
    return None if is_excluded(session, row) else instant_or_none(launch.state.get("wave_at"))


def wave_opened(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """I6 for every item of the wave, and windows, as they stand in this very transaction."""
    body, at = fact.body, request.arrives_at
    last = lateness_ends(state)
    if last is not None and at > last:
        raise _changed([])  # decided in time, recorded after an outage: it is missed by now
    store, launch, wave = request.command.store, request.command.subject, body["wave"]
    excluded = set(body["excluded"])
    closed = windows_over(session, store, state.terms.pack, at, state.overridden)
    if not closed.whole:
        raise _changed([])
    if body["holds_until"] and at >= instant(body["holds_until"]):
        raise _changed([])
    count = session.exec(
        select(func.count())
        .select_from(ReleasePicture)
        .where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            ReleasePicture.wave == wave,
            col(ReleasePicture.phase).in_(WAITING),
        )
    ).one()
    if count != body["ready"] + len(excluded):
        raise _changed([])
    only = _touched(session, store, launch, wave, body["position"])
    if sorted(closed.roles) != body["narrow"]:
        only = None  # another window binds some of them by now
    if only is not None and not only:
        return
    look = items_of_launch(session, store, launch, waves=(wave,), only=only)
    if only is None:
        differs = set(readiness(look.items, look.visible, at, closed.scopes).failing) ^ excluded
    else:
        alone = [Item(**{**item.__dict__, "requires": ()}) for item in look.items]
        failing = set(readiness(alone, (), at, closed.scopes).failing)
        chained = {item.release for item in look.items if item.requires}
        seen = {item.release for item in look.items} & excluded
        # Excluded because something it requires fails: that was not touched, so it may stay.
        differs = (failing - excluded) | (seen - failing - chained)
    if differs:
        raise _changed(sorted(differs)[:50])


def restored(session: Session, request: RecordRequest, fact: Fact, state: Any) -> None:
    """I6 for everything that becomes visible again, and windows: it is as good as an opening."""
    at, passed = request.arrives_at, fact.body.get("override", {}).get("windows", ())
    closed = windows_over(session, request.command.store, state.terms.pack, at, passed)
    if not closed.whole:
        raise _changed([])
    look = items_of_launch(
        session,
        request.command.store,
        request.command.subject,
        waves=tuple(range(1, state.wave + 1)),
        phases=OPENED,
    )
    failing = set(readiness(look.items, look.visible, at, closed.scopes).failing)
    differs = failing - set(fact.body["excluded"])
    if differs:
        raise _changed(sorted(differs)[:50])


def _changed(releases: list[str]) -> EvidenceBlocks:
    return EvidenceBlocks(
        "something changed since the items were looked at; look again",
        reasons=["changed"],
        releases=releases,
    )


def _required(session: Session, store: str, launch: str, wave: int) -> set[str]:
    """Releases that some item of the wave requires: of this launch, of another, or of none."""
    named = cast(Any, ReleasePicture.state)["requires"].as_string()
    rows = session.exec(
        select(named).where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            ReleasePicture.wave == wave,
            col(ReleasePicture.phase).in_(WAITING),
            named != "[]",
        )
    ).all()
    return {release for row in rows for release in json.loads(row)}


def _touched(
    session: Session, store: str, launch: str, wave: int, position: int
) -> set[str] | None:
    """Items that events after `position` may concern; None: possibly all of them."""
    rows = session.exec(
        select(EventRow.subject)
        .where(EventRow.store_id == store, EventRow.position > position)
        .limit(_EVENTS_MOST)
    ).all()
    if len(rows) == _EVENTS_MOST:
        return None
    by_kind: dict[str, set[str]] = {}
    for subject in rows:
        by_kind.setdefault(subject.partition("_")[0], set()).add(subject)
    by_kind.pop("lch", None)  # its own are guarded by `expected_seq`, others' concern others
    by_kind.pop("win", None)  # windows are asked again in any case
    if by_kind.keys() - {"rel", "sub", "lst", "pub"}:
        return None  # a stop, a purge, or what this code does not know
    if not by_kind:
        return set()
    if by_kind.get("rel", set()) & _required(session, store, launch, wave):
        return None  # what an item rests on, wherever it is, may be gone
    gpts = select(ListingPicture.gpt).where(
        ListingPicture.store_id == store, col(ListingPicture.id).in_(by_kind.get("lst", ()))
    )
    found = session.exec(
        select(ReleasePicture.id).where(
            ReleasePicture.store_id == store,
            ReleasePicture.launch == launch,
            or_(
                col(ReleasePicture.id).in_(by_kind.get("rel", ())),
                col(ReleasePicture.submission).in_(by_kind.get("sub", ())),
                col(ReleasePicture.publisher).in_(by_kind.get("pub", ())),
                col(ReleasePicture.gpt).in_(gpts),
            ),
        )
    )
    return set(found)
