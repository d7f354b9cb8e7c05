"""What a launch looks at before it decides, and whom it tells afterwards."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from activities.exposure import SubjectInput
from gonogo.db.codec import state_of
from gonogo.db.launch_exclusions import is_excluded
from gonogo.db.launch_gates import measure
from gonogo.db.launch_items import WAITING, observe
from gonogo.db.launch_windows import as_observed, windows_of_launch
from gonogo.db.launches import LaunchPicture
from gonogo.db.session import reading
from gonogo.db.standing import standing_of
from gonogo.db.tables import ReleasePicture
from gonogo.prometheus import Prometheus
from policies.lifecycle.kernel import instant_or_none
from policies.lifecycle.release_choice import asked_value, defaulted
from policies.lifecycle.release_launch import OVER, is_open
from policies.pack import PolicyPack
from policies.rules.approvals import exposure_may_grow
from policies.rules.measures import Seen

BATCH = 200
_AT_A_TIME = 10


@dataclass(frozen=True)
class SeatRequest:
    store: str
    release: str


@dataclass(frozen=True)
class Seat:
    """What a bound release sees of its launch. `does` is the command it now gives itself, if any:
    `open`, `let_go`, `settle`. `row` is `observed["launch"]`, `precheck` I6 as of the opening."""

    does: str | None = None
    row: dict[str, Any] | None = None
    precheck: tuple[str, ...] = ("precheck_missing",)


@dataclass(frozen=True)
class LookRequest:
    """`at`: the moment to judge items by; `now`: of the look (UTC). `opened`: all that is open up
    to `wave`, else what waits in it. `opens`: when windows are asked about, else `at`."""

    store: str
    launch: str
    wave: int
    opened: bool
    at: datetime
    now: datetime
    opens: datetime | None = None


@dataclass(frozen=True)
class LaunchLook:
    """`observed` of a launch's decider: items, measured gates, and windows. A look from before
    windows were asked has none of these; the record asks them again in any case."""

    items: dict[str, Any]
    gates: dict[str, Any]
    freeze: dict[str, Any] | None = None
    narrow: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class TellRequest:
    """Tell the items of `launch` with ids above `after`, at most `BATCH`."""

    store: str
    launch: str
    after: str = ""


@dataclass(frozen=True)
class Told:
    """`last` is where the next batch begins; None when this was the last one."""

    count: int
    last: str | None


class Launching:
    """`in_force`: the policies that builders accept now. `prometheus`: whom gates with a query
    ask, None: nobody is named."""

    def __init__(
        self,
        engine: Engine,
        client: Client,
        task_queue: str,
        in_force: PolicyPack,
        prometheus: Prometheus | None = None,
    ) -> None:
        self._engine, self._client, self._queue = engine, client, task_queue
        self._in_force, self._prometheus = in_force, prometheus

    def asking(self, prometheus: Prometheus | None) -> "Launching":
        """The same, with whom gates that have a query ask."""
        return Launching(self._engine, self._client, self._queue, self._in_force, prometheus)

    @activity.defn(name="look_at_launch")
    async def seat(self, request: SeatRequest) -> Seat:
        return await asyncio.to_thread(self._seat, request)

    @activity.defn(name="look_at_items")
    async def look(self, request: LookRequest) -> LaunchLook:
        """Our own data in one snapshot; what Prometheus knows is asked afterwards."""
        look, queries = await asyncio.to_thread(self._look, request)
        asked = await self._ask(queries)
        seen = {gate: one.observed(request.now) for gate, one in asked.items()}
        return replace(look, gates=look.gates | seen)

    async def _ask(self, queries: Mapping[str, str]) -> Mapping[str, Seen]:
        if not queries:
            return {}
        if self._prometheus is None:
            return dict.fromkeys(queries, Seen(why="nobody_named"))
        return await self._prometheus.ask(queries)

    @activity.defn(name="tell_items")
    async def tell(self, request: TellRequest) -> Told:
        """Have each item look at its launch. Telling the same twice changes nothing."""
        rows = await asyncio.to_thread(self._items, request)
        for start in range(0, len(rows), _AT_A_TIME):
            await asyncio.gather(*(self._signal(row) for row in rows[start : start + _AT_A_TIME]))
        return Told(len(rows), rows[-1].id if len(rows) == BATCH else None)

    def _seat(self, request: SeatRequest) -> Seat:
        store = request.store
        with reading(self._engine) as session:
            release = session.get(ReleasePicture, (store, request.release))
            if release is None or release.launch is None:
                return Seat()
            launch = session.get(LaunchPicture, (store, release.launch))
            if launch is None:
                return Seat()
            over = is_excluded(session, release)
            opened = instant_or_none(launch.state.get("wave_at")) or datetime.now(UTC)
            standing = standing_of(session, store, release.submission, release.digest)
        failing = exposure_may_grow(standing, opened).why
        excluded = list(failing or ("passed_over",)) if over else None
        row = {
            "status": launch.status,
            "wave": launch.wave,
            "excluded": excluded,
            "asked": asked_value(launch.state.get("asked")),
        }
        return Seat(_does(row, release), row, failing)

    def _look(self, request: LookRequest) -> tuple[LaunchLook, Mapping[str, str]]:
        store, launch = request.store, request.launch
        with reading(self._engine) as session:
            closed = windows_of_launch(session, store, launch, request.opens or request.at)
            items = observe(
                session,
                store,
                launch,
                wave=request.wave,
                opened=request.opened,
                at=request.at,
                closed=closed,
                opens=request.opens,
            )
            measured = measure(session, store, launch, request.now, self._in_force)
        look = LaunchLook(items, measured.gates, **as_observed(closed))
        return look, measured.queries

    def _items(self, request: TellRequest) -> list[ReleasePicture]:
        with reading(self._engine) as session:
            return list(
                session.exec(
                    select(ReleasePicture)
                    .where(
                        ReleasePicture.store_id == request.store,
                        ReleasePicture.launch == request.launch,
                        col(ReleasePicture.phase).in_(WAITING),
                        col(ReleasePicture.id) > request.after,
                    )
                    .order_by(col(ReleasePicture.id))
                    .limit(BATCH)
                )
            )

    async def _signal(self, row: ReleasePicture) -> None:
        """A release whose workflow is lost begins again from its events."""
        await self._client.start_workflow(
            "Rollout",
            SubjectInput(row.store_id, row.id, row.gpt, row.submission),
            id=f"release/{row.id}",
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            start_signal="launch_moved",
        )


def _does(row: dict[str, Any], release: ReleasePicture) -> str | None:
    is_passed_over = row["excluded"] is not None
    opened = is_open(row["status"], row["wave"], release.wave)
    if row["status"] in OVER and (is_passed_over or not opened):
        return "let_go"
    if defaulted(state_of("release", release.state), row) is not None:
        return "settle"
    if release.phase == "blocked":
        return "recheck" if not is_passed_over else None
    return "open" if opened else None
