"""Lifting a stop. Placing one never comes here: the API writes it, whatever else is down."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.exposure import SubjectInput
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.stop import MACHINE, Stop
    from workflows.subject import Subject


@workflow.defn(name="StopOrder", failure_exception_types=[PolicyError])
class StopOrder:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._stop: Subject[Stop] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._stop.load()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._stop.state.status if self._stop.state else "unknown"

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._stop.apply(command)

    @command.validator
    def _check(self, command: Command) -> None:
        self._stop.check(command)
