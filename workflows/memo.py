"""A memo has no clock: it takes a command at a time."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.exposure import SubjectInput
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.memo import MACHINE, Memo
    from workflows.subject import Subject


@workflow.defn(name="Memo", failure_exception_types=[PolicyError])
class MemoWorkflow:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._memo: Subject[Memo] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._memo.load(start.past)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._memo.state.status if self._memo.state else "never prepared"

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._memo.apply(command)

    @command.validator
    def _check(self, command: Command) -> None:
        self._memo.check(command)

    @workflow.signal
    async def refresh(self) -> None:
        await self._memo.refresh()
