"""What needs the calendar, the pack or the picture before a workflow can go on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import select
from temporalio import activity

from gonogo.db.codec import state_of
from gonogo.db.session import reading
from gonogo.db.standing import standing_of
from gonogo.db.tables import LeaseRow, ListingPicture, ReleasePicture, SubmissionPicture
from gonogo.db.windows import freeze_of
from policies.errors import Refused
from policies.lifecycle.kernel import iso
from policies.lifecycle.submission_state import Submission
from policies.pack import PolicyPack
from policies.rules.approvals import exposure_may_grow
from policies.rules.deadlines import review_due
from policies.rules.window_plan import Covered


@dataclass(frozen=True)
class DueRequest:
    pack: str
    tier: str
    at: datetime


@dataclass(frozen=True)
class Due:
    at: datetime


@dataclass(frozen=True)
class LeaseRequest:
    store: str
    subject: str


@dataclass(frozen=True)
class Lease:
    """Until when the claim holds (UTC), or None when nobody holds it."""

    until: datetime | None


@dataclass(frozen=True)
class PlanRequest:
    store: str
    submission: str
    release: str


@dataclass(frozen=True)
class ReleasePlan:
    """The body of `release:prepared`: ids, digests and numbers only."""

    body: dict[str, Any]
    pack: str


@dataclass(frozen=True)
class PrecheckRequest:
    """`windows` is asked along, when the command would make exposure start or grow."""

    store: str
    submission: str
    digest: str
    windows: "FreezeRequest | None" = None


@dataclass(frozen=True)
class PrecheckReport:
    """Codes of what of I6 does not hold now; empty means exposure may start or grow. `freeze` as
    deciders observe it."""

    failing: tuple[str, ...]
    freeze: dict[str, Any] | None = None


@dataclass(frozen=True)
class FreezeRequest:
    """Do windows let this release make `moves` at `at` (UTC)? `overridden` ones are left aside."""

    of: Covered
    moves: tuple[str, ...]
    at: datetime
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True)
class FreezeReport:
    freeze: dict[str, Any] | None


class Planning:
    def __init__(self, engine: Engine, packs: Callable[[str], PolicyPack]) -> None:
        self._engine = engine
        self._packs = packs

    @activity.defn(name="review_due")
    async def review_due(self, request: DueRequest) -> Due:
        return Due(await asyncio.to_thread(self._review_due, request))

    @activity.defn(name="lease_until")
    async def lease_until(self, request: LeaseRequest) -> Lease:
        return await asyncio.to_thread(self._lease, request)

    @activity.defn(name="plan_release")
    async def plan_release(self, request: PlanRequest) -> ReleasePlan:
        return await asyncio.to_thread(self._plan, request)

    @activity.defn(name="precheck")
    async def precheck(self, request: PrecheckRequest) -> PrecheckReport:
        return await asyncio.to_thread(self._precheck, request)

    @activity.defn(name="freeze")
    async def freeze(self, request: FreezeRequest) -> FreezeReport:
        return FreezeReport(await asyncio.to_thread(self._freeze, request))

    def _review_due(self, request: DueRequest) -> datetime:
        return review_due(self._packs(request.pack), request.tier, request.at)

    def _lease(self, request: LeaseRequest) -> Lease:
        with reading(self._engine) as session:
            row = session.get(LeaseRow, (request.store, request.subject))
            return Lease(row.until if row else None)

    def _plan(self, request: PlanRequest) -> ReleasePlan:
        with reading(self._engine) as session:
            picture = session.get(SubmissionPicture, (request.store, request.submission))
            if picture is None:
                raise Refused(f"there is no submission {request.submission}")
            case: Submission = state_of("submission", picture.state)
            listing = session.exec(
                select(ListingPicture).where(
                    ListingPicture.store_id == request.store, ListingPicture.gpt == case.gpt
                )
            ).first()
            listing_id = listing.id if listing else f"lst_{request.release.partition('_')[2]}"
            if listing is None:
                # A sibling that was prepared but not started yet has named the listing already.
                sibling = session.exec(
                    select(ReleasePicture).where(
                        ReleasePicture.store_id == request.store, ReleasePicture.gpt == case.gpt
                    )
                ).first()
                listing_id = sibling.state["listing"] if sibling else listing_id
        pack = self._packs(case.terms.pack)
        stable = listing.stable if listing else None
        stages = pack.rollout.update if stable else pack.rollout.first
        return ReleasePlan(
            pack=case.terms.pack,
            body={
                "gpt": case.gpt,
                "publisher": case.publisher,
                "submission": case.id,
                "listing": listing_id,
                "digest": case.digest,
                "previous": stable,
                "plan": [stage.model_dump(mode="json") for stage in stages],
                "max_lateness_s": pack.rollout.max_lateness_s,
                "pause_max_s": pack.rollout.pause_max_s,
                "at": iso(datetime.now(UTC)),
            },
        )

    def _precheck(self, request: PrecheckRequest) -> PrecheckReport:
        with reading(self._engine) as session:
            standing = standing_of(session, request.store, request.submission, request.digest)
        freeze = self._freeze(request.windows) if request.windows else None
        return PrecheckReport(exposure_may_grow(standing, datetime.now(UTC)).why, freeze)

    def _freeze(self, request: FreezeRequest) -> dict[str, Any] | None:
        with reading(self._engine) as session:
            found = freeze_of(
                session, request.of, request.moves, request.at, frozenset(request.overridden)
            )
        if found:
            return None
        until = iso(found.until) if found.until else None
        return {"windows": list(found.windows), "until": until, "roles": list(found.roles)}
