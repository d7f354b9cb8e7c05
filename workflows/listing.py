"""A GPT's public presence: the only writer of its exposure. Lives while it has commands to take.

A listing has no clock of its own, so its workflow ends when nothing is left to do; the next command
starts it again from its events.
"""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.exposure import SubjectInput
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.listing import MACHINE, Listing
    from workflows.subject import Subject


@workflow.defn(name="Listing", failure_exception_types=[PolicyError])
class ListingWorkflow:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._listing: Subject[Listing] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._listing.load()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._listing.state.status.value if self._listing.state else "never listed"

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        answer = await self._listing.apply(command)
        event = self._listing.last
        if event and event.command_id == command.id and event.body.get("superseded"):
            await self._supersede(event.body["superseded"], event.body["release"])
        return answer

    @command.validator
    def _check(self, command: Command) -> None:
        self._listing.check(command)

    async def _supersede(self, old: str, new: str) -> None:
        """One candidate at a time: tell the release that lost its place."""
        try:
            await workflow.get_external_workflow_handle(f"release/{old}").signal("superseded", new)
        except ApplicationError as gone:
            workflow.logger.info("release %s is over already: %s", old, gone.type)
