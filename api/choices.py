"""What launches ask of a publisher since they were postponed, and what it said. Routes and pages
share it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.deps import Services
from api.views import can_one, time_text
from gonogo.db import launch_choices, queries
from gonogo.db.codec import state_of
from gonogo.db.launch_choices import Asking
from gonogo.db.launches import LaunchPicture
from gonogo.db.session import reading
from gonogo.db.tables import ReleasePicture
from policies.lifecycle.kernel import Actor, instant
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.release_state import Release

RELEASES_MOST = 200  # of one publisher, in one call and on one page


def choices_view(svc: Services, who: Actor, publisher: str) -> list[dict[str, Any]]:
    """What every launch that was postponed asks of `publisher`, by launch, the oldest first."""
    with reading(svc.engine) as session:
        found = launch_choices.askings(session, svc.store, publisher, RELEASES_MOST)
        gpts = queries.gpts(session, svc.store, {row.gpt for one in found for row in one.releases})
    now = datetime.now(UTC)
    return [_asking(one, {id: gpt.name for id, gpt in gpts.items()}, who, now) for one in found]


def _asking(one: Asking, names: Mapping[str, str], who: Actor, now: datetime) -> dict[str, Any]:
    nth = one.asked["nth"]
    releases = [_release(row, one.launch.id, nth, names, who) for row in one.releases]
    return {
        "launch": one.launch.id,
        "name": one.launch.name,
        "status": one.launch.status,
        "tz": one.launch.tz,
        **_asked(one.asked, now),
        "silent": sum(not r["choice"] and r["bound"] for r in releases),
        "releases": releases,
    }


def _asked(asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    until = instant(asked["decide_by"])
    return {
        "nth": asked["nth"],
        "decide_by": time_text(until),
        "default": asked["default"],
        "open": not asked["closed"] and now < until,
    }


def _release(
    row: ReleasePicture, launch: str, nth: int, names: Mapping[str, str], who: Actor
) -> dict[str, Any]:
    state: Release = state_of("release", row.state)
    said = state.chose(launch, nth)
    return {
        "release": row.id,
        "gpt": row.gpt,
        "name": names.get(row.gpt),
        "phase": row.phase,
        "bound": state.is_bound and row.launch == launch,
        "choice": said.value if said else None,
        "by_default": bool(said and state.chosen and state.chosen.by_default),
        "can": can_one("release", "choose", state, who),
    }


def asked_of(svc: Services, release: Release) -> dict[str, Any]:
    """For one release: what its launch asks (None: nothing), and what its developer said last."""
    said = release.chosen
    launch = release.launch if release.is_bound else said.launch if said else None
    asked = None
    if launch is not None:
        with reading(svc.engine) as session:
            row = session.get(LaunchPicture, (svc.store, launch))
        asked = row.state.get("asked") if row else None
    if asked is None or (not release.is_bound and said and said.nth != asked["nth"]):
        return {"asked": None, "chosen": _chosen(release)}
    told = {"launch": launch, **_asked(asked, datetime.now(UTC))}
    return {"asked": told, "chosen": _chosen(release)}


def _chosen(release: Release) -> dict[str, Any] | None:
    said = release.chosen
    if said is None:
        return None
    return {
        "launch": said.launch,
        "nth": said.nth,
        "choice": said.choice.value,
        "at": time_text(said.at),
        "by_default": said.by_default,
    }


def tally_view(svc: Services, launch: Launch) -> dict[str, Any] | None:
    """What developers chose since the last postponement, by count; None where nobody was asked."""
    asked = launch.asked
    if asked is None:
        return None
    with reading(svc.engine) as session:
        count = launch_choices.tally(session, svc.store, launch.id, asked.nth)
    return {
        "nth": asked.nth,
        "decide_by": time_text(asked.decide_by),
        "default": asked.default,
        "open": not asked.closed and datetime.now(UTC) < asked.decide_by,
        "wait": count.wait,
        "ship_alone": count.ship_alone,
        "withdraw": count.withdraw,
        "silent": count.silent,
        "started": count.started,
    }


def board_choices(svc: Services, launch: Launch) -> dict[str, Any] | None:
    """`tally_view`, with the items that hang on one that left and is not public."""
    seen = tally_view(svc, launch)
    if seen is None:
        return None
    with reading(svc.engine) as session:
        fallen = launch_choices.fallen(session, svc.store, launch.id, seen["nth"])
        gpts = queries.gpts(session, svc.store, set(fallen.values()))
    named = [
        {"release": one, "name": gpts[gpt].name if gpt in gpts else gpt}
        for one, gpt in fallen.items()
    ]
    return seen | {"fallen": named}


def asks_of(svc: Services, who: Actor, launch: Launch) -> dict[str, Any] | None:
    """For a developer: until when they choose, and for which publishers of theirs."""
    asked = launch.asked
    if asked is None:
        return None
    with reading(svc.engine) as session:
        mine = launch_choices.publishers_in(session, svc.store, launch.id, who.publishers)
    return {
        "decide_by": time_text(asked.decide_by),
        "default": asked.default,
        "open": not asked.closed and datetime.now(UTC) < asked.decide_by,
        "publishers": mine,
    }
