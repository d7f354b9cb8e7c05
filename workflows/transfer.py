"""An offer waits for its answer: warned before it ends, then over by itself.

offered ──answer──► accepted, declined, withdrawn;  ──until──► expired
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.exposure import SubjectInput
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.transfer import MACHINE, Transfer
    from workflows.subject import Subject

_FIRST = timedelta(seconds=30)  # within which the offering Update comes with the start


@workflow.defn(name="Transfer", failure_exception_types=[PolicyError])
class TransferWorkflow:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._transfer: Subject[Transfer] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._transfer.load(start.past)
        if not await self._offered():
            return "never offered"
        while (at := self._state.next_at) is not None:
            if not await self._transfer.changed(at):
                await self._transfer.own("warn" if self._state.warn_at else "expire")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state.step.value

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._transfer.apply(command)

    @command.validator
    def _check(self, command: Command) -> None:
        self._transfer.check(command)

    @workflow.signal
    async def refresh(self) -> None:
        await self._transfer.refresh()

    @property
    def _state(self) -> Transfer:
        assert self._transfer.state is not None  # run() waits for the offer
        return self._transfer.state

    async def _offered(self) -> bool:
        """An offer that was refused leaves nothing; one that was recorded is in the record."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._transfer.state is None:
            await self._transfer.refresh()
        return self._transfer.state is not None or await self._transfer.changed(
            workflow.now() + _FIRST
        )
