"""Civil times to come, read again with the zone data of this worker."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select
from temporalio import activity

from gonogo.db.codec import state_of
from gonogo.db.launches import LaunchPicture
from gonogo.db.session import reading
from gonogo.db.tables import ReleasePicture
from gonogo.db.timing import EmbargoPicture
from gonogo.zones import release, zone_named
from policies.errors import Refused
from policies.lifecycle.embargo import Embargo
from policies.lifecycle.launch_permits import LEGAL
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.release_state import Release
from policies.rules.civil_time import resolve
from policies.rules.target import Target, again

PAGE = 200
_AHEAD = tuple(sorted(status.value for status in LEGAL["retime"]))


@dataclass(frozen=True)
class MovedRequest:
    """Subjects with an id above `after`."""

    store: str
    after: str = ""


@dataclass(frozen=True)
class Moved:
    """A civil time that is another instant now: `time` of a release, `target` of an embargo or a
    launch, whose approved date is `approved`."""

    subject: str
    time: dict[str, Any] | None = None
    target: dict[str, Any] | None = None
    approved: dict[str, Any] | None = None


@dataclass(frozen=True)
class MovedReport:
    moved: tuple[Moved, ...]
    next: str | None  # where to go on; None at the end


class CivilTimes:
    """`zone_of` and `data` are the zone data in use, and the name of its release."""

    def __init__(
        self,
        engine: Engine,
        zone_of: Callable[[str], tzinfo] = zone_named,
        data: str | None = None,
    ) -> None:
        self._engine, self._zone_of, self._data = engine, zone_of, data or release()

    @activity.defn(name="moved_times")
    async def moved(self, request: MovedRequest) -> MovedReport:
        return await asyncio.to_thread(self._moved, request)

    def _moved(self, request: MovedRequest) -> MovedReport:
        found: list[tuple[str, Moved | None]] = []
        with reading(self._engine) as session:
            sources: tuple[tuple[Any, Any, Callable[[dict[str, Any]], Moved | None]], ...] = (
                (EmbargoPicture, EmbargoPicture.status == "active", self._embargo),
                (LaunchPicture, col(LaunchPicture.status).in_(_AHEAD), self._launch),
                (ReleasePicture, ReleasePicture.phase == "scheduled", self._release),
            )
            for table, which, read in sources:
                rows = session.exec(
                    select(table)
                    .where(table.store_id == request.store, which, col(table.id) > request.after)
                    .order_by(col(table.id))
                    .limit(PAGE)
                )
                found += [(row.id, read(row.state)) for row in rows]
        # One order of ids for all kinds, and a page is cut where all of them are known.
        found.sort(key=lambda one: one[0])
        page = found[:PAGE]
        more = page[-1][0] if len(found) >= PAGE else None
        return MovedReport(tuple(one for _, one in page if one is not None), more)

    def _release(self, value: dict[str, Any]) -> Moved | None:
        state: Release = state_of("release", value)
        known = state.scheduled_local
        if known is None:
            return None
        try:
            zone = self._zone_of(known["iana_tz"])
        except Refused:
            return None  # a zone that is gone keeps what it meant
        local = datetime.fromisoformat(known["local"])
        new = resolve(local, zone, name=known["iana_tz"], tzdata=self._data)
        return None if new.at == state.scheduled_at else Moved(state.id, time=new.time.as_json())

    def _launch(self, value: dict[str, Any]) -> Moved | None:
        state: Launch = state_of("launch", value)
        if state.target is None or state.wave > 0:
            return None
        new, approved = self._again(state.target), self._again(state.approved_date)
        if new is None or _interval(new) == _interval(state.target):
            return None
        told = approved.as_json() if approved else None
        return Moved(state.id, target=new.as_json(), approved=told)

    def _again(self, target: Target | None) -> Target | None:
        """None where there is nothing to read again, or a zone is gone and keeps what it meant."""
        if target is None:
            return None
        try:
            return again(target, self._zone_of(target.tz), self._data)
        except Refused:
            return None

    def _embargo(self, value: dict[str, Any]) -> Moved | None:
        state: Embargo = state_of("embargo", value)
        if state.not_before <= datetime.now(UTC):
            return None
        new = self._again(state.target)
        if new is None or new.start == state.target.start:
            return None
        return Moved(state.id, target=new.as_json())


def _interval(target: Target) -> tuple[datetime | None, ...]:
    return target.start, target.end, target.replan_by
