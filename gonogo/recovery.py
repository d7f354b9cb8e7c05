"""What the record can do without anything else: redraw the picture, restart cases.

`rebuild` needs the database alone, `recover` also an orchestrator, empty or not.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from gonogo.db import launch_exclusions
from gonogo.db.codec import PICTURES, event_of, picture_values, state_of
from gonogo.db.erasures import PurgePicture
from gonogo.db.handover import project_owner
from gonogo.db.launches import LaunchPicture
from gonogo.db.publishers import project
from gonogo.db.session import reading, writing
from gonogo.db.tables import EventRow, ReleasePicture, SubmissionPicture
from gonogo.db.transfers import OPEN, TransferPicture
from gonogo.temporal import priority_of
from policies.lifecycle.kernel import Event
from policies.lifecycle.launch_state import FINAL as LAUNCHED
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.machines import fold, kind_of
from policies.lifecycle.publisher_state import Publisher
from policies.lifecycle.submission_state import Submission
from policies.lifecycle.transfer import Step, Transfer

_BATCH = 500
_AT_A_TIME = 16


@dataclass
class Rebuilt:
    """`differences` name the subjects whose stored picture was not what their events say."""

    subjects: int = 0
    differences: list[str] = field(default_factory=list)


@dataclass
class Recovered:
    """How many open subjects there are, and how many workflows had to be started."""

    cases: int = 0
    releases: int = 0
    started: int = 0
    purges: int = 0
    launches: int = 0
    transfers: int = 0


def rebuild(engine: Engine, store: str) -> Rebuilt:
    """Drop the picture, redraw it from the events, and say what was different. One transaction."""
    result = Rebuilt()
    with writing(engine) as session:
        before = {kind: _values(session, kind, store) for kind in PICTURES}
        for table in PICTURES.values():
            session.execute(delete(table).where(table.store_id == store))  # type: ignore[attr-defined]  # all pictures have it
        session.expunge_all()
        owners: dict[str, Transfer] = {}  # by GPT; ids grow, so the newest comes last
        for subject, events in _histories(session, store):
            kind = kind_of(subject)
            state = fold(kind, events)
            values = picture_values(kind, state)
            if isinstance(state, Publisher) and project(session, state):
                result.differences.append(f"{subject} (members)")
            if isinstance(state, Launch) and launch_exclusions.project(session, state):
                result.differences.append(f"{subject} (exclusions)")
            if isinstance(state, Transfer) and state.step is Step.ACCEPTED:
                owners[state.gpt] = state
            row = PICTURES[kind](**values)
            session.add(row)
            result.subjects += 1
            if before[kind].pop(subject, None) != row.model_dump():
                result.differences.append(subject)
        result.differences += [
            f"{state.gpt} (owner)" for state in owners.values() if project_owner(session, state)
        ]
        result.differences += [subject for rows in before.values() for subject in rows]
    return result


async def recover(engine: Engine, client: Client, store: str, task_queue: str) -> Recovered:
    """Start the workflow of every open case, release, launch and confirmed purge that has none.

    A few are started at a time: one after another, most of the time would go into waiting.
    """
    result, due = Recovered(), underway(engine, store)

    async def start_them() -> None:
        for workflow, workflow_id, argument, is_case in due:
            result.cases += is_case
            result.releases += workflow == "Rollout"
            result.purges += workflow == "Purge"
            result.launches += workflow == "Launch"
            result.transfers += workflow == "Transfer"
            with contextlib.suppress(WorkflowAlreadyStartedError):
                await client.start_workflow(
                    workflow,
                    argument,
                    id=workflow_id,
                    task_queue=task_queue,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    priority=priority_of(workflow),
                )
                result.started += 1

    try:
        async with asyncio.TaskGroup() as together:
            for _ in range(_AT_A_TIME):
                together.create_task(start_them())
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from None  # all of them say that the orchestrator is away
    return result


def underway(engine: Engine, store: str) -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """(workflow, id, argument, is a case) of everything that must be under way."""
    with reading(engine) as session:
        cases = session.exec(
            select(SubmissionPicture).where(
                SubmissionPicture.store_id == store,
                col(SubmissionPicture.is_open)
                | col(SubmissionPicture.stage).in_(("approved", "rejected")),
            )
        ).all()
        releases = session.exec(
            select(ReleasePicture).where(ReleasePicture.store_id == store)
        ).all()
        launches = session.exec(
            select(LaunchPicture.id).where(
                LaunchPicture.store_id == store,
                col(LaunchPicture.status).not_in([status.value for status in LAUNCHED]),
            )
        ).all()
        purges = session.exec(
            select(PurgePicture.id).where(
                PurgePicture.store_id == store, PurgePicture.step == "confirmed"
            )
        ).all()
        offers = session.exec(
            select(TransferPicture).where(
                TransferPicture.store_id == store, TransferPicture.step == OPEN
            )
        ).all()
    for launch in launches:
        yield "Launch", f"launch/{launch}", {"store": store, "subject": launch, "gpt": ""}, False
    for offer in offers:  # an offer has a clock
        argument = {"store": store, "subject": offer.id, "gpt": offer.gpt}
        yield "Transfer", f"transfer/{offer.id}", argument, False
    for purge in purges:  # two people said yes, and it is not done
        yield "Purge", f"purge/{purge}", {"store": store, "subject": purge, "gpt": ""}, False
    begun = {row.id for row in releases}
    for row in cases:
        state: Submission = state_of("submission", row.state)
        # A settled approval whose release never began is still owed one.
        owed = state.settled and state.release is not None and state.release not in begun
        if row.is_open or not state.settled or owed:
            argument = {"store": store, "subject": row.id, "gpt": row.gpt}
            yield "Case", f"case/{store}/{row.gpt}", argument, True
    for release in releases:
        if release.is_open:
            argument = {
                "store": store,
                "subject": release.id,
                "gpt": release.gpt,
                "submission": release.submission,
            }
            yield "Rollout", f"release/{release.id}", argument, False


def _histories(session: Session, store: str) -> Iterator[tuple[str, list[Event]]]:
    rows = session.exec(
        select(EventRow)
        .where(EventRow.store_id == store)
        .order_by(col(EventRow.subject), col(EventRow.seq))
        .execution_options(yield_per=_BATCH)
    )
    for subject, group in groupby(rows, key=lambda row: row.subject):
        yield subject, [event_of(row) for row in group]


def _values(session: Session, kind: str, store: str) -> dict[str, dict[str, Any]]:
    table: Any = PICTURES[kind]
    return {
        row.id: row.model_dump()
        for row in session.exec(select(table).where(table.store_id == store))
    }
