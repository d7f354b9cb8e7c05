"""A request to erase takes two people's words, then is carried out until it is done.

Legal holds live here too: they have no clock and take a command at a time.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.exposure import SubjectInput
    from activities.purging import PurgeOrder, Purging, SweepOrder
    from policies.errors import PolicyError
    from policies.lifecycle.hold import MACHINE as HOLDS
    from policies.lifecycle.hold import Hold
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.purge import MACHINE, Purge, Step
    from workflows.ids import new_id
    from workflows.options import ERASE
    from workflows.subject import Subject

# A hold that came between the confirmation and the erasing is looked at again this often.
_AGAIN = timedelta(hours=6)
_SWEEPS = 20  # of fifty cases each, a day


@workflow.defn(name="Purge", failure_exception_types=[PolicyError])
class PurgeWorkflow:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._purge: Subject[Purge] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._purge.load(start.past)
        while True:
            await workflow.wait_condition(workflow.all_handlers_finished)
            state = self._purge.state
            if state is None or state.step is not Step.CONFIRMED:
                return state.step.value if state else "never asked"
            await self._erase(state)

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._purge.apply(command)

    @command.validator
    def _check(self, command: Command) -> None:
        self._purge.check(command)

    @workflow.signal
    async def refresh(self) -> None:
        await self._purge.refresh()

    async def _erase(self, state: Purge) -> None:
        report = await workflow.execute_activity_method(
            Purging.erase,
            PurgeOrder(state.store, state.id, state.scope, state.target),
            **ERASE,
        )
        if report.blocked_by:
            # Meanwhile somebody may decline it.
            await self._purge.changed(workflow.now() + _AGAIN)
            return
        await self._purge.own("finish", report.body)


@workflow.defn(name="RetentionSweep", failure_exception_types=[PolicyError])
class RetentionSweep:
    @workflow.run
    async def run(self, store: str) -> int:
        """How many sweeps erased something. What is left over comes with the next day."""
        count = 0
        for _ in range(_SWEEPS):
            purge = new_id("prg")
            report = await workflow.execute_activity_method(
                Purging.sweep, SweepOrder(store, purge), **ERASE
            )
            if report.body is not None:
                subject: Subject[Purge] = Subject(MACHINE, store, purge)
                await subject.load(past=False)
                await subject.own("sweep", report.body)
                count += 1
            if not report.more:
                break
        return count


@workflow.defn(name="LegalHold", failure_exception_types=[PolicyError])
class LegalHold:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._hold: Subject[Hold] = Subject(HOLDS, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._hold.load(start.past)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._hold.state.status if self._hold.state else "never placed"

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        return await self._hold.apply(command)

    @command.validator
    def _check(self, command: Command) -> None:
        self._hold.check(command)

    @workflow.signal
    async def refresh(self) -> None:
        await self._hold.refresh()
