"""A launch in a house: drafted, planned for an instant, its gates answered, its items bound."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment

from activities.exposure import SubjectInput
from policies.lifecycle.kernel import Actor
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_terms import launch_terms_from
from policies.wire import RecordAnswer, RecordRequest
from tests.policies.launches import at
from tests.workflows.house import LEA, MAX, SENA, SOL, House

PIA = Actor("per_pia", ("policy_editor",))
LAUNCH = "lch_1"


@dataclass
class Event:
    """A launch under way. `now` is the time of the server that runs it."""

    house: House
    server: WorkflowEnvironment
    opens_at: datetime

    async def give(self, kind: str, actor: Actor, **body: Any) -> dict[str, Any]:
        return await self.house.give(kind, LAUNCH, actor, body)

    async def now(self) -> datetime:
        return await self.server.get_current_time()

    async def until(self, *statuses: str) -> Any:
        return await self.house.until(LAUNCH, lambda s: s.status.value in statuses)

    async def sleep_to(self, before: timedelta) -> None:
        """Let time pass up to `before` the opening."""
        await self.server.sleep(self.opens_at - before - await self.now())

    async def green(self) -> None:
        await self.give("attest", PIA, gate="policy_published", evidence="sha256:e")
        await self.give("attest", SENA, gate="support_ready", evidence="sha256:e")
        await self.give("sign", SOL, gate="safety_review", verdict="yes")

    async def all_go(self) -> None:
        state = await self.until("poll")
        for role, actor in (("product_lead", MAX), ("safety_oncall", SOL), ("policy_editor", PIA)):
            await self.give("vote", actor, role=role, vote="GO", round=state.rounds)

    async def bind(self, release: str, importance: str = "must", wave: int = 1) -> None:
        body = {"launch": LAUNCH, "wave": wave, "importance": importance}
        await self.house.give("bind", release, LEA, body)

    def directly(self, kind: str, actor: Actor, at: datetime, **body: Any) -> RecordAnswer:
        """What is safer is recorded by the edge itself, without the orchestrator."""
        house = self.house
        state, command = house.state(LAUNCH), house.command(kind, LAUNCH, actor, body)
        facts = MACHINE.decide(state, command, at, {})
        return house.ledger.record(
            RecordRequest("launch", state.seq, command, facts, at, house.pack.digest, "1")
        )

    async def refresh(self) -> None:
        await self.house.client.get_workflow_handle(f"launch/{LAUNCH}").signal("refresh")


async def planned(house: House, server: WorkflowEnvironment, opens_in: timedelta) -> Event:
    """In gating, with every gate of people green."""
    opens_at = (await server.get_current_time() + opens_in).replace(microsecond=0)
    event = Event(house, server, opens_at)
    await drafted(house, at(opens_at))
    await event.give("open_gates", LEA)
    await event.green()
    return event


async def drafted(house: House, target: dict[str, Any]) -> None:
    """Drafted and planned."""
    draft = house.command(
        "draft",
        LAUNCH,
        LEA,
        {"name": "Store opening", "tz": "UTC", "mode": "independent", "quorum": None,
         "terms": launch_terms_from(house.pack), "pack": house.pack.digest},
    )  # fmt: skip
    start: WithStartWorkflowOperation[Any, str] = WithStartWorkflowOperation(
        "Launch",
        SubjectInput("default", LAUNCH, past=False),
        id=f"launch/{LAUNCH}",
        task_queue=house.queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    await house.client.execute_update_with_start_workflow(
        "command", draft, start_workflow_operation=start, id=draft.id
    )
    await house.give("plan", LAUNCH, LEA, {"target": target})
