"""Once a day civil times to come are read with the zone data of today.

page of times that moved → each told to its subject → next page
"""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.zones import CivilTimes, Moved, MovedRequest
    from policies.errors import PolicyError
    from policies.lifecycle.embargo import MACHINE, Embargo
    from workflows.effects import surely
    from workflows.subject import Subject


@workflow.defn(name="ZoneSweep", failure_exception_types=[PolicyError])
class ZoneSweep:
    @workflow.run
    async def run(self, store: str, after: str = "") -> int:
        """How many times of the last pages moved."""
        count, more = 0, after
        while True:
            report = await surely(CivilTimes.moved, MovedRequest(store, more))
            for moved in report.moved:
                await _tell(store, moved)
                count += 1
            if report.next is None:
                return count
            more = report.next
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(args=[store, more])


async def _tell(store: str, moved: Moved) -> None:
    """A person who is faster is right: then the subject refuses, and tomorrow looks again."""
    if moved.subject.startswith("lch_"):
        launch = workflow.get_external_workflow_handle(f"launch/{moved.subject}")
        await _signal(launch, {"target": moved.target, "approved": moved.approved})
        return
    if moved.target is not None:
        embargo: Subject[Embargo] = Subject(MACHINE, store, moved.subject)
        await embargo.load()
        await embargo.own("resolve", {"target": moved.target})
        return
    release = workflow.get_external_workflow_handle(f"release/{moved.subject}")
    await _signal(release, moved.time)


async def _signal(subject: workflow.ExternalWorkflowHandle[Any], told: Any) -> None:
    try:
        await subject.signal("retimed", told)
    except ApplicationError as gone:
        workflow.logger.info("%s is over already: %s", subject.id, gone.type)
