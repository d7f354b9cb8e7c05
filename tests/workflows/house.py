"""A house for workflow tests: real workflows, real record, scripted scan and probes."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Worker

from activities.exposure import Exposure, SubjectInput
from activities.forecasting import Forecasting
from activities.intake import ScanReport, ScanRequest
from activities.launching import Launching
from activities.planning import Planning
from activities.probing import ProbeReport, ProbeRequest
from activities.records import Records
from gonogo.db.codec import PICTURES, state_of
from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of, migrate, reading
from gonogo.packs import PackStore, load_pack
from gonogo.worker import RUNNER, WORKFLOWS
from policies.lifecycle.kernel import Actor, Command, Event, mac_of
from policies.lifecycle.machines import kind_of
from policies.lifecycle.terms import terms_from
from policies.pack import PolicyPack, merge, pack_of
from policies.rules.deadlines import review_due
from workflows.options import PROBE_QUEUE

KEY = b"k" * 32
ADA = Actor("per_ada", ("developer",), ("pub_a",))
RUI = Actor("per_rui", ("reviewer",))
SENA = Actor("per_sena", ("senior_reviewer",))
LEA = Actor("per_lea", ("product_lead",))
MAX = Actor("per_max", ("product_lead",))
SOL = Actor("per_sol", ("safety_oncall",))
CLEAN_SCAN = ScanReport(evidence="e" * 64, blocking=0, advisory=0, tier="low")
CLEAN_PROBE = ProbeReport(
    evidence="f" * 64,
    run_id="run",
    planned=3,
    finished=3,
    violations=0,
    inconclusive=0,
    errors=0,
    over_refusals=0,
    blocks=False,
    stand_in=False,
)


@dataclass
class Scripted:
    """The two long activities, answering what the test says; `gate` keeps them waiting."""

    pack: PolicyPack
    scan: ScanReport | Exception = CLEAN_SCAN
    scan_gate: asyncio.Event | None = None
    report: ProbeReport | Exception = CLEAN_PROBE
    gate: asyncio.Event | None = None
    asked: list[str] = field(default_factory=list)

    @activity.defn(name="static_scan")
    async def static_scan(self, request: ScanRequest) -> ScanReport:
        self.asked.append(f"scan {request.digest}")
        if self.scan_gate is not None:
            await self.scan_gate.wait()
        if isinstance(self.scan, Exception):
            raise self.scan
        return self.scan

    @activity.defn(name="probe")
    async def probe(self, request: ProbeRequest) -> ProbeReport:
        self.asked.append(f"probe {request.digest}")
        while self.gate is not None and not self.gate.is_set():
            activity.heartbeat()
            await asyncio.sleep(0.02)
        if isinstance(self.report, Exception):
            raise self.report
        now = activity.info().current_attempt_scheduled_time  # by the clock of the server
        return replace(self.report, due_at=review_due(self.pack, request.tier, now))

    @activity.defn(name="conclude_probe")
    async def conclude(self, request: ProbeRequest) -> ProbeReport:
        return replace(CLEAN_PROBE, finished=1, blocks=True, reasons=("secret-leak:missing",))


class House:
    """One database, one client, one worker. `at` is the clock that commands are stamped with."""

    def __init__(self, client: Client, database: str, pack: PolicyPack) -> None:
        self.client, self.pack, self.scripted = client, pack, Scripted(pack)
        self.engine: Engine = engine_of(database)
        migrate(self.engine)
        self.queue = f"house-{uuid.uuid4().hex[:8]}"
        self.packs = PackStore(self.engine)
        self.packs.install(pack)
        identity = Identity(self.engine, "default")
        identity.ensure_store("Test")
        identity.add_publisher("A", verified=True, publisher="pub_a")
        self.ledger = Ledger(self.engine, KEY)
        self.records = Records(self.ledger)

    def worker(self, **changes: Any) -> Worker:
        planning = Planning(self.engine, self.packs)
        exposure = Exposure(self.client, self.queue)
        forecasting = Forecasting(self.engine, self.packs, self.pack)
        launching = Launching(self.engine, self.client, self.queue, self.pack)
        options: dict[str, Any] = {
            "task_queue": self.queue,
            "workflows": WORKFLOWS,
            "workflow_runner": RUNNER,
            "activities": [
                self.records.record,
                self.records.load_events,
                planning.review_due,
                planning.lease_until,
                planning.plan_release,
                planning.precheck,
                planning.freeze,
                exposure.set_exposure,
                exposure.begin_release,
                launching.seat,
                launching.look,
                launching.tell,
                forecasting.keep,
                forecasting.look_forward,
                self.scripted.static_scan,
            ],
            "graceful_shutdown_timeout": timedelta(seconds=1),
        }
        return Worker(self.client, **{**options, **changes})

    def prober(self) -> Worker:
        return Worker(
            self.client,
            task_queue=PROBE_QUEUE,
            activities=[self.scripted.probe, self.scripted.conclude],
        )

    def command(
        self,
        kind: str,
        subject: str,
        actor: Actor,
        body: dict[str, Any] | None = None,
        command_id: str | None = None,
    ) -> Command:
        now = datetime.now(UTC)
        due = {"answer": now + timedelta(days=2), "second": now + timedelta(days=1)}
        unsigned = Command(
            command_id or f"cmd_{uuid.uuid4().hex}",
            kind,
            "default",
            subject,
            actor,
            now,
            body or {},
            due,
        )
        return replace(unsigned, mac=mac_of(unsigned, KEY))

    async def submit(
        self, gpt: str = "gpt_a", digest: str = "d1", subject: str | None = None, by: Actor = ADA
    ) -> str:
        subject_id = subject or f"sub_{uuid.uuid4().hex}"
        command = self.command(
            "submit",
            subject_id,
            by,
            {
                "gpt": gpt,
                "publisher": "pub_a",
                "digest": digest,
                "terms": terms_from(self.pack),
                "pack": self.pack.digest,
            },
        )
        start: WithStartWorkflowOperation[Any, str] = WithStartWorkflowOperation(
            "Case",
            SubjectInput("default", subject_id, gpt, past=subject is not None),
            id=f"case/default/{gpt}",
            task_queue=self.queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await self.client.execute_update_with_start_workflow(
            "command", command, start_workflow_operation=start, id=command.id
        )
        return subject_id

    async def give(
        self, kind: str, subject: str, actor: Actor, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send a command to the subject's workflow, as the edge does."""
        command = self.command(kind, subject, actor, body)
        state = self.state(subject)
        machine = kind_of(subject)
        workflow_id = (
            f"case/default/{state.gpt}" if machine == "submission" else f"{machine}/{subject}"
        )
        answer: dict[str, Any] = await self.client.get_workflow_handle(workflow_id).execute_update(
            "command", command, id=command.id, result_type=dict
        )
        return answer

    async def decide(self, kind: str, subject: str, actor: Actor, **body: Any) -> dict[str, Any]:
        state = self.state(subject)
        return await self.give(
            kind,
            subject,
            actor,
            {
                "digest": state.digest,
                "version": state.version,
                "checklist": list(state.terms.checklist),
                **body,
            },
        )

    def state(self, subject: str) -> Any:
        with reading(self.engine) as session:
            kind = kind_of(subject)
            row: Any = session.get(PICTURES[kind], ("default", subject))
            return state_of(kind, row.state) if row is not None else None

    def events(self, subject: str) -> tuple[Event, ...]:
        return self.ledger.events("default", subject)

    def types(self, subject: str) -> list[str]:
        return [event.type.partition(":")[2] for event in self.events(subject)]

    async def until(self, subject: str, good: Callable[[Any], bool], within_s: float = 20) -> Any:
        """Wait in real time for the record to say so."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while loop.time() < end:
            state = self.state(subject)
            if state is not None and good(state):
                return state
            await asyncio.sleep(0.02)
        raise AssertionError(f"{subject} stays {self.state(subject)}; {self.types(subject)}")

    async def queued(self, **submit: Any) -> str:
        subject = await self.submit(**submit)
        await self.until(subject, lambda s: s.stage.value == "queued")
        return subject

    async def approved(self, **submit: Any) -> str:
        """An approval that has taken effect needs the caller to let time pass."""
        subject = await self.queued(**submit)
        await self.give("claim", subject, RUI)
        await self.decide("approve", subject, RUI)
        return subject


def pack_with(**over: Any) -> PolicyPack:
    """The default pack with chapters replaced in part: `pack_with(review={"undo_s": 1})`."""
    return pack_of(merge(load_pack("default").model_dump(mode="json"), over))
