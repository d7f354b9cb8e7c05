"""What do many open cases cost, and is anything slower because of them?

Cases are filled in through the real rules and the real record, their workflows started as `gonogo
recover` starts them (benchmarks/parts/filling.py). Before and after: the review queue and decisions
over HTTP; then everything is killed and started again.

./run bench open [--json] [--cases N]
"""

import asyncio
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from temporalio.client import Client

from benchmarks.parts import stack
from benchmarks.parts.desk import Desk, desk_of
from benchmarks.parts.filling import fill
from benchmarks.parts.people import lanes_of
from benchmarks.parts.report import parser_of, percentile, report, say
from gonogo.db.identity import Identity
from gonogo.db.session import engine_of
from gonogo.packs import load_pack
from gonogo.recovery import recover
from gonogo.settings import Settings
from gonogo.supervisor import Supervisor
from gonogo.temporal import connect
from gonogo.worker import CACHED

LOOKS = 60
FEW = 60  # more than a page of the queue: a page of many is compared with a full page of few
IDLE_S = 600.0  # at most this long until workflows and notices have come to rest


@dataclass(frozen=True)
class Speed:
    """Medians and 99th percentiles in ms."""

    queue: float
    queue_p99: float
    decision: float
    decision_p99: float


async def speed_of(desk: Desk, looks: int) -> Speed:
    """The first page of the queue, and an approval (then undone) of a claimed case."""
    queue, decisions = [], []
    for _ in range(looks):
        began = time.perf_counter()
        answer = await desk.lane.reviewer.get("/v1/reviews")
        queue.append(time.perf_counter() - began)
        answer.raise_for_status()
        decisions.append(await desk.approve())
    return Speed(
        1000 * statistics.median(queue),
        1000 * percentile(queue, 0.99),
        1000 * statistics.median(decisions),
        1000 * percentile(decisions, 0.99),
    )


async def at_rest(running: Supervisor) -> None:
    """Until nothing is left to tell and workers hardly work any more, at most `IDLE_S`."""
    until = time.monotonic() + IDLE_S
    while time.monotonic() < until:
        before = stack.cpu_seconds(running)
        await asyncio.sleep(2)
        used = stack.spent(before, stack.cpu_seconds(running))
        if used.get("worker", 0) + used.get("temporal", 0) < 0.4:
            return
    say(f"not at rest after {IDLE_S:.0f} s")


def sizes(running: Supervisor, settings: Settings) -> dict[str, float]:
    """Memory by part and disk by database, in MB."""
    found = {name: stack.resident_mb(child.pid) for name, child in running.children.items()}
    for name in ("temporal.db", "gonogo.db"):
        found[name] = sum(f.stat().st_size for f in settings.data.glob(f"{name}*")) / 1e6
    return found


async def restarted(running: Supervisor, settings: Settings, desk: Desk) -> tuple[float, float]:
    """Seconds until all parts are ready again after SIGKILL, and of the first decision then."""
    await running.stop(signal.SIGKILL)
    for name in ("worker.ready", "bare.ready"):
        (settings.data / name).unlink()
    began = time.perf_counter()
    await running.start()
    ready = time.perf_counter() - began
    return ready, await desk.approve()


async def measure(cases: int, looks: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="gonogo-bench-") as made:
        settings = stack.settings_in(Path(made))
        async with stack.running(settings) as running:
            engine = engine_of(settings.database)
            client = await connect(settings)
            lane = lanes_of(settings, engine, 1)[0]
            desk = await desk_of(settings, engine, lane, "Decided")
            await _filled(settings, engine, client, FEW)
            await at_rest(running)
            await speed_of(desk, 5)  # unmeasured: everything warm
            few, small = await speed_of(desk, looks), sizes(running, settings)
            filled, started = await _filled(settings, engine, client, cases)
            await at_rest(running)
            many, large = await speed_of(desk, looks), sizes(running, settings)
            say("killing everything")
            ready_s, first_s = await restarted(running, settings, desk)
            await lane.close()
            engine.dispose()
    held = min(cases, CACHED)
    per_case = {
        "server_kb_per_case": (large["temporal"] - small["temporal"]) / cases,
        "server_disk_kb_per_case": (large["temporal.db"] - small["temporal.db"]) / cases,
        "record_disk_kb_per_case": (large["gonogo.db"] - small["gonogo.db"]) / cases,
        "worker_kb_per_cached_case": (large["worker"] - small["worker"]) / held,
    }
    figures = {
        "cases": float(cases),
        **{name: 1000 * value for name, value in per_case.items()},
        "worker_mb": large["worker"],
        "queue_ms": many.queue,
        "queue_ms_p99": many.queue_p99,
        "queue_over_few": many.queue / few.queue,
        "decision_ms": many.decision,
        "decision_ms_p99": many.decision_p99,
        "decision_over_few": many.decision / few.decision,
        "restart_s": ready_s,
        "first_decision_after_restart_s": first_s,
        "filled_per_s": cases / filled,
        "recovered_per_s": cases / started,
    }
    return {name: round(value, 2) for name, value in figures.items()}


async def _filled(
    settings: Settings, engine: Engine, client: Client, cases: int
) -> tuple[float, float]:
    """Seconds of filling, and of starting the workflows."""
    identity = Identity(engine, settings.store)
    publisher = identity.add_publisher("Filler", verified=True)
    person = identity.add_person("Fil", ("developer",), (publisher,))
    say(f"filling {cases} cases")
    began = time.perf_counter()
    await asyncio.to_thread(fill, settings, load_pack(settings.pack), cases, publisher, person)
    filled = time.perf_counter() - began
    say(f"starting their workflows after {filled:.0f} s")
    began = time.perf_counter()
    found = await recover(engine, client, settings.store, settings.task_queue)
    if found.started < cases:
        raise RuntimeError(f"{found.started} of {cases} workflows were started")
    return filled, time.perf_counter() - began


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--looks", type=int, default=LOOKS, help="measurements of each kind")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.cases, options.looks))
    return report("open", figures, AIMS, as_json=options.json)


# Many open cases may not be felt: neither by who looks at the queue nor by who decides.
AIMS = {"queue_over_few": "<= 2", "decision_over_few": "<= 1.5", "worker_mb": "<= 600"}

if __name__ == "__main__":
    sys.exit(main())
