"""One subject before one person: found if they may see it, what they may do, a command given.

JSON routes and pages share this. What somebody may not see does not exist for them: ids are not to
be probed, so both are `not-found`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool

from api.deps import Services, SubjectId, Svc, Who, expected_version
from api.errors import Problem
from api.kept import Order, Outcome
from gonogo.db import queries
from gonogo.db.codec import state_of
from gonogo.db.session import reading
from gonogo.db.tables import CommandRow, ListingPicture, ProseRow, StopPicture
from gonogo.ids import command_id
from policies.lifecycle.kernel import Actor, Role
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.listing import Listing
from policies.lifecycle.release_state import Release
from policies.lifecycle.stop import Stop
from policies.lifecycle.submission_state import Submission
from policies.rules.deadlines import add_business

STAFF = frozenset(set(Role) - {Role.DEVELOPER, Role.SYSTEM})


def is_staff(who: Actor) -> bool:
    return bool(STAFF & set(who.roles))


def is_inside(who: Actor, case: Submission) -> bool:
    """Whether `who` may read what reviewers say to each other: of the store's staff, and not of
    the publisher (I2)."""
    return is_staff(who) and case.publisher not in who.publishers


def staff_only(who: Actor) -> None:
    """Raises `not-allowed` unless `who` works for the store."""
    if not is_staff(who):
        raise Problem(
            "not-allowed", "this is for the store's staff", refusal={"roles": sorted(STAFF)}
        )


def may_see(who: Actor, publisher: str) -> bool:
    return publisher in who.publishers or is_staff(who)


def visible(svc: Services, who: Actor, subject: str) -> Submission:
    """The case, if `who` may see it. Raises `not-found`."""
    with reading(svc.engine) as session:
        state = queries.submission(session, svc.store, subject)
    if state is None or not may_see(who, state.publisher):
        raise Problem("not-found", f"there is no submission {subject} that you may see")
    return state


def visible_release(svc: Services, who: Actor, subject: str) -> Release:
    with reading(svc.engine) as session:
        state = queries.release(session, svc.store, subject)
    if state is None or not may_see(who, state.publisher):
        raise Problem("not-found", f"there is no release {subject} that you may see")
    return state


def visible_listing(svc: Services, who: Actor, gpt: str) -> Listing:
    """The listing of a GPT, by the GPT's id."""
    with reading(svc.engine) as session:
        row = listing_row(session, svc.store, gpt)
    if row is None or not may_see(who, row.publisher):
        raise Problem("not-found", f"there is no listing of {gpt} that you may see")
    state: Listing = state_of("listing", row.state)
    return state


def listing_row(session: Session, store: str, gpt: str) -> ListingPicture | None:
    return session.exec(
        select(ListingPicture).where(ListingPicture.store_id == store, ListingPicture.gpt == gpt)
    ).first()


def visible_stop(svc: Services, who: Actor, subject: str) -> Stop:
    """A stop; staff only. Publishers learn of theirs where it bites: listing and release."""
    staff_only(who)
    with reading(svc.engine) as session:
        row = session.get(StopPicture, (svc.store, subject))
    if row is None:
        raise Problem("not-found", f"there is no stop {subject}")
    state: Stop = state_of("stop", row.state)
    return state


def launch_in(svc: Services, session: Session, subject: str) -> Launch:
    """The launch as `session` sees it, for staff: `api.launch_board` knows which launches a
    developer may see. Raises `not-found`."""
    state = queries.launch(session, svc.store, subject)
    if state is None:
        raise Problem("not-found", f"there is no launch {subject}")
    return state


def launch_named(svc: Services, subject: str) -> Launch:
    """The same in a transaction of its own."""
    with reading(svc.engine) as session:
        return launch_in(svc, session, subject)


def _case(svc: Svc, who: Who, subject: SubjectId) -> Submission:
    return visible(svc, who, subject)


def _release(svc: Svc, who: Who, subject: SubjectId) -> Release:
    return visible_release(svc, who, subject)


def _listing(svc: Svc, who: Who, gpt: SubjectId) -> Listing:
    return visible_listing(svc, who, gpt)


def _stop(svc: Svc, who: Who, subject: SubjectId) -> Stop:
    return visible_stop(svc, who, subject)


def _staff(who: Who) -> Actor:
    staff_only(who)
    return who


SeenCase = Annotated[Submission, Depends(_case)]
SeenRelease = Annotated[Release, Depends(_release)]
SeenListing = Annotated[Listing, Depends(_listing)]
SeenStop = Annotated[Stop, Depends(_stop)]
Staff = Annotated[Actor, Depends(_staff)]


async def met_before(svc: Services, who: Actor, key: str | None) -> bool:
    """Whether this Idempotency-Key brought a command already: then no precondition is asked again,
    because a repeat gets the first answer whatever happened since (I8)."""
    if key is None:
        return False

    def look() -> bool:
        with reading(svc.engine) as session:
            found = session.get(CommandRow, (svc.store, command_id(svc.store, who.id, key)))
        return found is not None

    return await run_in_threadpool(look)


async def precondition(
    svc: Services, who: Actor, key: str | None, if_match: str | None, version: int, *, needed: bool
) -> bool:
    """Whether it is a repeat. Of anything else `If-Match` is asked: raises 428 and 412."""
    repeated = await met_before(svc, who, key)
    if not repeated:
        expected_version(if_match, version, needed=needed)
    return repeated


async def give(
    svc: Services,
    who: Actor,
    machine: str,
    state: Any,
    kind: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    due: Mapping[str, datetime] | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    texts: tuple[ProseRow, ...] = (),
) -> Outcome:
    """Give `kind` to the subject whose present state is `state`. Raises what `Gateway.send` does.

    `fingerprint` is what makes a repeat the same, where `body` holds minted digests of prose.
    """
    same = None if fingerprint is None else {**fingerprint, "subject": state.id}
    # A stop may cover no GPT at all; its workflow is named by its own id.
    return await svc.gateway.send(
        Order(
            machine=machine,
            kind=kind,
            subject=state.id,
            gpt=getattr(state, "gpt", ""),
            actor=who,
            body=dict(body or {}),
            key=key,
            due=due,
            fingerprint=same,
            texts=texts,
        )
    )


def review_due(svc: Services, state: Submission) -> dict[str, datetime]:
    """The deadlines a review command may start, resolved on the calendar of the case's pack."""
    pack, now = svc.packs(state.terms.pack), datetime.now(UTC)
    return {
        "answer": add_business(pack.calendar, now, pack.review.answer_due_business_s),
        "second": add_business(pack.calendar, now, pack.review.second_due_business_s),
    }
