"""Ending a window. Declaring one never comes here: the API writes it, whatever else is down."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.exposure import SubjectInput
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.window import MACHINE, DeclaredWindow
    from workflows.subject import Subject


@workflow.defn(name="WindowOrder", failure_exception_types=[PolicyError])
class WindowOrder:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._window: Subject[DeclaredWindow] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._window.load()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._window.state.status if self._window.state else "unknown"

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._window.apply(command)

    @command.validator
    def _check(self, command: Command) -> None:
        self._window.check(command)
