"""A publisher takes commands; a look at its domain happens between asking and recording.

Lives for a command, as a listing does. `Reverification` is what the schedule starts: it has every
proof that is due looked at again, one after the other.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.domains import (
        Domains,
        DueRequest,
        Proof,
        ProveRequest,
        RecheckRequest,
        Rechecks,
    )
    from activities.exposure import SubjectInput
    from policies.errors import PolicyError
    from policies.lifecycle.kernel import Command
    from policies.lifecycle.publisher import MACHINE, to_prove
    from policies.lifecycle.publisher_state import Publisher
    from workflows.options import COMMAND, LASTING, LOOK
    from workflows.subject import Subject

_LOOKING = frozenset({"check", "recheck"})


@workflow.defn(name="Publisher", failure_exception_types=[PolicyError])
class PublisherWorkflow:
    @workflow.init
    def __init__(self, start: SubjectInput) -> None:
        self._publisher: Subject[Publisher] = Subject(MACHINE, start.store, start.subject)

    @workflow.run
    async def run(self, start: SubjectInput) -> str:
        await self._publisher.load(start.past)
        await workflow.wait_condition(workflow.all_handlers_finished)
        state = self._publisher.state
        return state.standing.value if state else "never founded"

    @workflow.update(name="command")
    async def command(self, command: Command) -> dict[str, Any]:
        observe = partial(self._prove, command.kind) if command.kind in _LOOKING else None
        return await self._publisher.apply(command, observe)

    @command.validator
    def _check(self, command: Command) -> None:
        self._publisher.check(command)

    @workflow.signal
    async def refresh(self) -> None:
        await self._publisher.refresh()

    async def _prove(self, kind: str) -> Mapping[str, Any]:
        """What the domain that `kind` is about shows now. No look, no proof (I7)."""
        state = self._publisher.state
        domain = to_prove(state, kind, workflow.now()) if state else None
        if state is None or domain is None:
            return _seen(None, Proof(None, ("no_domain",)))
        try:
            proof = await workflow.execute_activity_method(
                Domains.prove, ProveRequest(state.store, state.id, domain), **LOOK
            )
        except ActivityError:
            return _seen(domain, Proof(None, ("not_looked",)))
        return _seen(domain, proof)


def _seen(domain: str | None, proof: Proof) -> dict[str, Any]:
    return {
        "proof": {"domain": domain, "method": proof.method, "why": proof.why},
        "reverify_s": proof.reverify_s,
    }


@workflow.defn(name="Reverification", failure_exception_types=[PolicyError])
class Reverification:
    @workflow.run
    async def run(self, store: str) -> int:
        """How many publishers were looked at. What is left over comes with the next round."""
        due = await workflow.execute_activity_method(Rechecks.due, DueRequest(store), **LASTING)
        for publisher in due.ids:
            await workflow.execute_activity_method(
                Rechecks.recheck, RecheckRequest(store, publisher), **COMMAND
            )
        return len(due.ids)
