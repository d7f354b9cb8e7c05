"""Moving and lifting an embargo. Setting one never comes here: the API writes it by itself."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.exposure import SubjectInput
    from policies.errors import PolicyError
    from policies.lifecycle.embargo import MACHINE, Embargo
    from policies.lifecycle.kernel import Command
    from workflows.subject import Subject


@workflow.defn(name="EmbargoOrder", failure_exception_types=[PolicyError])
class EmbargoOrder:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._embargo: Subject[Embargo] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._embargo.load()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._embargo.state.status if self._embargo.state else "unknown"

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._embargo.apply(command)

    @command.validator
    def _check(self, command: Command) -> None:
        self._embargo.check(command)
