"""A launch's plan and what surrounds it, as the record knows it: what previews are made of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, cast
from sqlmodel import Session, col, func, select

from gonogo.db.launch_duties import asked_of, duties_left
from gonogo.db.launch_freezes import freezes, freezes_of_items
from gonogo.db.launch_items import items_of_launch
from gonogo.db.people import PersonRow
from gonogo.db.review_times import ReviewTimes, review_times
from gonogo.db.tables import SubmissionPicture
from policies.lifecycle.launch_state import Launch
from policies.pack import PolicyPack
from policies.rules.launch_around import Around, Hours, SignOff
from policies.rules.launch_opening import Item as Bound
from policies.rules.launch_plan import Importance, Item, Plan, plan_of
from policies.rules.launch_readiness import Known

# A reviewer does other things too. What half a day means is anybody's guess, so it is said.
REVIEWER_SHARE = 0.5
_AHEAD = timedelta(days=731)  # how far freezes are looked for
_REVIEWERS = ("reviewer", "senior_reviewer")


@dataclass(frozen=True)
class Gathered:
    plan: Plan
    around: Around
    times: ReviewTimes
    reviewers: tuple[str, ...]


def gather(
    session: Session,
    launch: Launch,
    pack: PolicyPack,
    now: datetime,
    *,
    in_force: PolicyPack,
    share: float = REVIEWER_SHARE,
) -> Gathered:
    """Everything bound to `launch`, in about twenty queries whatever its size. `share` is the part
    of the opening hours that a reviewer reviews, `in_force` the policies that builders accept."""
    store = launch.store
    look = items_of_launch(session, store, launch.id)
    plan = plan_of(map(_item, look.items), public=frozenset(look.visible))
    left = duties_left(session, store, launch.id, asked_of(pack, in_force))
    times = review_times(session, store)
    reviewers = _reviewers(session, store)
    queued = session.exec(
        select(func.count())
        .select_from(SubmissionPicture)
        .where(
            SubmissionPicture.store_id == store,
            col(SubmissionPicture.stage).in_(("queued", "in_review", "held")),
        )
    ).one()
    work, far = times.usual_work_s, now + _AHEAD
    around = Around(
        calendar=pack.calendar,
        hours=Hours(len(reviewers) * share, queued * work),
        known={one.release: _known(one, left.get(one.release)) for one in look.items},
        tiers={one.release: one.tier for one in look.items},
        effort_s={tier: work * rules.approvals for tier, rules in pack.review.tiers.items()},
        due_business_s={
            tier: float(rules.due_business_s) for tier, rules in pack.review.tiers.items()
        },
        evidence_life_s=float(pack.testing.evidence_life_s),
        freezes=(
            *freezes(session, store, pack.digest, now, far),
            *freezes_of_items(session, store, launch.id, pack.digest, look.items, now, far),
        ),
        sign_offs=_sign_offs(launch),
    )
    return Gathered(plan, around, times, reviewers)


def _item(bound: Bound) -> Item:
    return Item(
        id=bound.release,
        wave=max(1, bound.wave),
        importance=Importance(bound.importance),
        requires=bound.requires,
        offset_s=max(0, bound.offset_s),
        not_before=bound.not_before,
    )


def _known(bound: Bound, left: tuple[str, ...] | None) -> Known:
    """What earlier bindings kept standing still is part of the approval's life."""
    one = bound.standing
    until = one.approval_until
    approved = (
        one.approved_digest == one.digest
        and one.approval_settled
        and one.evidence_blocks == ()
        and not bound.erased
        and one.listing_status in (None, "listed", "unlisted")
    )
    return Known(
        approved=approved,
        approval_until=until + timedelta(seconds=one.bound_s) if until else None,
        bound_at=one.bound_from,
        evidence_until=one.evidence_until,
        publisher_verified=one.publisher_verified,
        duties_left=left,
        stops=one.stops,
    )


def _sign_offs(launch: Launch) -> tuple[SignOff, ...]:
    """Answers of people that hold; what the system measures it measures again."""
    kinds = {gate.id: gate.kind for gate in launch.terms.gates}
    return tuple(
        SignOff(mark.gate, mark.until)
        for mark in launch.marks.values()
        if kinds.get(mark.gate) in ("attested", "signed") and (mark.holds or mark.waived)
    )


def _reviewers(session: Session, store: str) -> tuple[str, ...]:
    text = cast(col(PersonRow.roles), String)
    found: dict[str, None] = {}
    for role in _REVIEWERS:
        rows = session.exec(
            select(PersonRow.id)
            .where(
                PersonRow.store_id == store,
                col(PersonRow.left_at).is_(None),
                text.like(f'%"{role}"%'),
            )
            .order_by(col(PersonRow.id))
            .limit(500)
        )
        found |= dict.fromkeys(rows)
    return tuple(found)


def opening_of(launch: Launch) -> datetime | None:
    """The latest moment of its target: what readiness is judged at."""
    return launch.target.end if launch.target else None
