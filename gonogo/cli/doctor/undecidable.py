"""Cases that nobody may decide: a store too small for its own rules should hear of it (I2)."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from gonogo.db.codec import state_of
from gonogo.db.people import MemberRow, PersonRow
from gonogo.db.session import reading
from gonogo.db.tables import SubmissionPicture
from policies.errors import EvidenceBlocks, Refused
from policies.lifecycle.kernel import Actor
from policies.lifecycle.machines import MACHINES
from policies.lifecycle.submission_state import Stage, Submission


def undecidable(engine: Engine, store: str) -> list[tuple[str, str]]:
    """Open cases that wait for a reviewer whom nobody is, with the reason (I2)."""
    waiting = {Stage.QUEUED: "claim", Stage.HELD: "confirm"}
    with reading(engine) as session:
        rows = session.exec(
            select(SubmissionPicture).where(
                SubmissionPicture.store_id == store, col(SubmissionPicture.stage).in_(waiting)
            )
        ).all()
        people = session.exec(
            select(PersonRow).where(PersonRow.store_id == store, col(PersonRow.left_at).is_(None))
        ).all()
        members = session.exec(select(MemberRow).where(MemberRow.store_id == store)).all()
    actors = [
        Actor(p.id, tuple(p.roles), tuple(m.publisher for m in members if m.person == p.id))
        for p in people
    ]
    found = []
    for row in rows:
        state: Submission = state_of("submission", row.state)
        if not any(_may(state, waiting[state.stage], actor) for actor in actors):
            found.append((row.id, f"nobody may {waiting[state.stage]} it"))
    return found


def _may(state: Submission, kind: str, actor: Actor) -> bool:
    try:
        MACHINES["submission"].permit(replace(state, blocked_by=()), kind, actor, datetime.now(UTC))
    except EvidenceBlocks:
        return True  # a person may speak; what the evidence says is another matter
    except Refused:
        return False
    return True
