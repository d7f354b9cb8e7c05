"""The worker: the composition root, where every dependency is built and handed over once."""

import asyncio
import hashlib
import hmac
import signal
from collections.abc import Sequence
from datetime import timedelta

import openai
from sqlalchemy import Engine
from temporalio.client import Client, Interceptor
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.domains import Domains, Rechecks
from activities.exposure import Exposure
from activities.forecasting import Forecasting
from activities.intake import Intake
from activities.launching import Launching
from activities.notices import Notices
from activities.planning import Planning
from activities.probing import Probing
from activities.purging import Purging
from activities.records import Records
from activities.wellknown import WellKnown
from activities.zones import CivilTimes
from gonogo.audit.installation import Notary, health, keeper_of
from gonogo.auditor import auditor_of
from gonogo.db.ledger import Ledger
from gonogo.db.probes import ProbeCases
from gonogo.db.session import engine_of, migrate
from gonogo.logs import configure_logs, log
from gonogo.notices.lanes import LANES, lanes_of
from gonogo.objects import Objects
from gonogo.outside import resolver_of, servers_of
from gonogo.packs import PackStore, load_pack
from gonogo.prometheus import Prometheus
from gonogo.schedules import ensure_schedules
from gonogo.settings import Settings
from gonogo.telemetry.duties import keep_looking
from gonogo.telemetry.exporter import count_temporal, exported
from gonogo.telemetry.interceptors import Watched
from gonogo.telemetry.model import CountedClient, Prices
from gonogo.telemetry.tracing import traced
from gonogo.temporal import connect_soon
from workflows.embargo import EmbargoOrder
from workflows.launch import LaunchWorkflow
from workflows.listing import ListingWorkflow
from workflows.memo import MemoWorkflow
from workflows.notices import LaneStart, NoticeLane
from workflows.options import PROBE_QUEUE
from workflows.publisher import PublisherWorkflow, Reverification
from workflows.purge import LegalHold, PurgeWorkflow, RetentionSweep
from workflows.release import Rollout
from workflows.stop import StopOrder
from workflows.submission import Case
from workflows.transfer import TransferWorkflow
from workflows.window import WindowOrder
from workflows.zones import ZoneSweep

WORKFLOWS = [
    Case,
    Rollout,
    ListingWorkflow,
    StopOrder,
    NoticeLane,
    PublisherWorkflow,
    Reverification,
    PurgeWorkflow,
    LegalHold,
    MemoWorkflow,
    RetentionSweep,
    LaunchWorkflow,
    WindowOrder,
    TransferWorkflow,
    EmbargoOrder,
    ZoneSweep,
]
# One visible place: our own packages and what they import pass the sandbox unreloaded.
RUNNER = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "policies",
        "activities",
        "gonogo",
        "pydantic",
        "pydantic_core",
        "rfc8785",
        "yaml",
        "sqlalchemy",
        "sqlmodel",
        "openai",
        "httpx",
        "httpx_secure",
        "dns",
        "idna",
        "publicsuffixlist",
    )
)
# A worker trusts our workflows, which the tests run and replay by the rules of `RUNNER`: importing
# them anew for every case takes a quarter of its processor time (ADR 10).
TRUSTING = SandboxedWorkflowRunner(
    restrictions=RUNNER.restrictions.with_passthrough_modules("workflows")
)
_GRACE = timedelta(seconds=20)
_ENDING = (signal.SIGTERM, signal.SIGINT)
# Idle workflows a worker keeps in memory; the others are folded again when something happens.
CACHED = 2_000


def harness_key(settings: Settings) -> bytes:
    """What canaries are derived from: another key than the MAC's, from the same secret."""
    return hmac.new(settings.mac_key(), b"gonogo harness", hashlib.sha256).digest()


def model_client(settings: Settings) -> openai.AsyncOpenAI:
    """The endpoint that answers probes: Temporal retries, one answer may take five minutes."""
    return openai.AsyncOpenAI(
        base_url=settings.model_endpoint,
        api_key=settings.model_api_key.get_secret_value(),
        max_retries=0,
        timeout=300,
        http_client=CountedClient(
            settings.model,
            Prices(settings.model_price_prompt, settings.model_price_completion),
            timeout=300,
        ),
    )


def prometheus_of(settings: Settings) -> Prometheus | None:
    """Whom the gates of launches ask."""
    if settings.prometheus_url is None:
        return None
    token = settings.prometheus_token
    return Prometheus(settings.prometheus_url, token.get_secret_value() if token else None)


def domains_of(settings: Settings, engine: Engine) -> Domains:
    """Looks at domains through the resolver that the settings name, and no other way."""
    resolver = resolver_of(servers_of(settings.dns_servers))
    pack = load_pack(settings.pack, settings.packs)
    return Domains(engine, resolver, WellKnown(resolver), pack.publishers.reverify_s)


def build(
    settings: Settings, client: Client, model: openai.AsyncOpenAI, engine: Engine
) -> tuple[Worker, Worker]:
    """The workers of workflows with quick activities, and of model calls."""
    migrate(engine)
    packs, objects = PackStore(engine), Objects(settings.objects)
    records = Records(Ledger(engine, settings.mac_key()))
    planning = Planning(engine, packs)
    exposure = Exposure(client, settings.task_queue)
    pack = load_pack(settings.pack, settings.packs)
    forecasting = Forecasting(engine, packs, pack)
    launching = Launching(engine, client, settings.task_queue, pack)
    zone = pack.calendar.zone
    notices = Notices(settings.store, lanes_of(settings, engine, zone, pack))
    rechecks = Rechecks(engine, client, settings.task_queue)
    domains = domains_of(settings, engine)
    purging = Purging(engine, objects, pack.retention)
    probing = Probing(
        model,
        settings.model,
        settings.model_endpoint,
        objects,
        ProbeCases(engine),
        packs,
        harness_key=harness_key(settings),
    )
    cases = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        workflow_runner=TRUSTING,
        activities=[
            records.record,
            records.load_events,
            planning.review_due,
            planning.lease_until,
            planning.plan_release,
            planning.precheck,
            planning.freeze,
            CivilTimes(engine).moved,
            exposure.set_exposure,
            exposure.begin_release,
            launching.seat,
            launching.asking(prometheus_of(settings)).look,
            launching.tell,
            forecasting.keep,
            forecasting.look_forward,
            domains.prove,
            purging.erase,
            purging.sweep,
            rechecks.due,
            rechecks.recheck,
            Intake(objects, packs).static_scan,
            notices.work,
        ],
        max_cached_workflows=CACHED,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        interceptors=[Watched()],
        graceful_shutdown_timeout=_GRACE,
    )
    probes = Worker(
        client,
        task_queue=PROBE_QUEUE,
        activities=[probing.probe, probing.conclude],
        max_concurrent_activities=settings.model_concurrency,
        interceptors=[Watched()],
        graceful_shutdown_timeout=_GRACE,
    )
    return cases, probes


async def start_lanes(client: Client, settings: Settings) -> None:
    """Have every lane of notices run, once however many workers there are."""
    for lane in LANES:
        await client.start_workflow(
            "NoticeLane",
            LaneStart(settings.store, lane),
            id=f"notices/{settings.store}/{lane}",
            task_queue=settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )


async def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand."""
    configure_logs(settings.log_level, settings.secrets(), "worker")
    with traced(settings, "worker") as interceptors:
        await _serve(settings, interceptors)


async def _serve(settings: Settings, interceptors: Sequence[Interceptor]) -> None:
    count_temporal(settings.metrics_host, settings.metrics_temporal_port)
    client = await connect_soon(settings, interceptors=interceptors)
    await ensure_schedules(client, settings)
    model = model_client(settings)
    engine = engine_of(settings.database)
    cases, probes = build(settings, client, model, engine)
    stop = stopped_by_signal()
    notary = Notary(keeper_of(settings, engine), settings.checkpoint_s)
    with exported(settings.metrics_host, settings.metrics_worker_port):
        async with model, cases, probes:
            await start_lanes(client, settings)
            log.info("worker_ready", task_queue=settings.task_queue)
            (settings.data / "worker.ready").touch()
            signing = asyncio.create_task(notary.work(stop))
            looking = asyncio.create_task(
                keep_looking(stop, client, lambda: health(settings, engine)[0] == "fail")
            )
            auditing = (
                [asyncio.create_task(auditor_of(settings, engine).work(stop))]
                if settings.verify_s
                else []
            )
            await stop.wait()
            log.info("worker_draining")
        await asyncio.gather(*auditing)
        await signing
        await looking
        await asyncio.to_thread(notary.make)  # what was recorded while draining
    engine.dispose()


def stopped_by_signal() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; the second ends the process at once, as by default.

    What it had in hand is then done by another worker, from history and record.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def first() -> None:
        stop.set()
        for name in _ENDING:
            loop.remove_signal_handler(name)
            signal.signal(name, signal.SIG_DFL)

    for name in _ENDING:
        loop.add_signal_handler(name, first)
    return stop


def main(settings: Settings | None = None) -> None:
    asyncio.run(serve(settings or Settings()))


if __name__ == "__main__":
    main()
