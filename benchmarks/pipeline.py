"""How much of the engine's speed is left when a submission goes through the whole pipeline?

Submit over HTTP, scan, probe a model that answers at once, claim, approve, undo time, release
ready; against the same workflow shape with empty bodies on the same server, in turns.

./run bench pipeline [--json] [--cases N] [--rounds N] [--lanes N]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from benchmarks.parts import stack
from benchmarks.parts.bare import QUEUE, Bytes, Start, bytes_
from benchmarks.parts.people import Lane, lanes_of
from benchmarks.parts.report import parser_of, report, say
from gonogo.db.session import engine_of
from gonogo.packs import load_pack
from gonogo.settings import Settings
from gonogo.supervisor import Supervisor
from gonogo.temporal import connect

LOOK_S = 0.05
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Round:
    """`cases` in `seconds`; `cpu` is processor time by part."""

    cases: int
    seconds: float
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        return self.cases / self.seconds


class Told:
    """Who has come how far: sets of ids by stage, looked up every `LOOK_S` until all are there."""

    def __init__(self, look: Callable[[str], set[str]]) -> None:
        self._look = look

    async def until(self, stage: str, ids: set[str]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not ids <= await asyncio.to_thread(self._look, stage):
            if time.monotonic() > end:
                raise RuntimeError(f"not {stage} after {PATIENCE_S:.0f} s: {sorted(ids)[:3]}")
            await asyncio.sleep(LOOK_S)


class Product:
    """Cases through the API."""

    def __init__(self, settings: Settings, engine: Engine, lanes: list[Lane]) -> None:
        self._engine, self._lanes, self._store = engine, lanes, settings.store
        self._checklist = [i.id for i in load_pack(settings.pack).review.checklist]
        self.told = Told(self._read)
        self.gpts: list[str] = []

    async def case(self, lane: int, name: str) -> str:
        one = self._lanes[lane]
        opened = await one.submit(name)
        subject = str(opened["subject"])
        await self.told.until("queued", {subject})
        seen = await one.claim(subject)
        await one.decide(
            subject, "approve", opened["digest"], int(seen["version"]), self._checklist
        )
        self.gpts.append(opened["gpt"])
        return subject

    def _read(self, stage: str) -> set[str]:
        question = (
            "SELECT submission FROM releases WHERE phase = 'ready'"
            if stage == "ready"
            else "SELECT id FROM submissions WHERE stage = 'queued'"
        )
        with self._engine.connect() as db:
            return {str(row[0]) for row in db.execute(text(question))}


class BareShape:
    """The same with empty bodies, straight to the engine."""

    def __init__(self, settings: Settings, client: Client, undo_s: float) -> None:
        self._client, self._undo_s = client, undo_s
        self._notices = stack.notices_of(settings)
        self._known: dict[str, set[str]] = {}
        self._read_to = 0
        self.told = Told(self._read)

    async def case(self, lane: int, name: str) -> str:
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            "BareCase",
            Start(name, self._undo_s, "x" * 60),
            id=f"bare/{name}",
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await self._client.execute_update_with_start_workflow(
            "command",
            bytes_(947, 186),
            id=f"submit-{name}",
            start_workflow_operation=start,
            result_type=Bytes,
        )
        await self.told.until("queued", {name})
        handle = self._client.get_workflow_handle(f"bare/{name}")
        for kind, size in (("claim", 413), ("approve", 481)):
            await handle.execute_update(
                "command", bytes_(size, 235), id=f"{kind}-{name}", result_type=Bytes
            )
        return name

    def _read(self, stage: str) -> set[str]:
        with self._notices.open("rb") as file:
            file.seek(self._read_to)
            fresh = file.read()
        fresh = fresh[: fresh.rfind(b"\n") + 1]
        self._read_to += len(fresh)
        for line in fresh.decode().splitlines():
            what, _, who = line.partition(" ")
            self._known.setdefault(what, set()).add(who)
        return self._known.get(stage, set())


async def one_round(
    side: Product | BareShape, running: Supervisor, label: str, cases: int, lanes: int
) -> Round:
    """`cases` through `side`, `lanes` at a time, until the last release is ready."""
    names = iter([f"{label} {number}" for number in range(cases)])
    ids: set[str] = set()

    async def work(lane: int) -> None:
        for name in names:
            ids.add(await side.case(lane, name))

    before, began = stack.cpu_seconds(running), time.perf_counter()
    workers: list[Coroutine[Any, Any, None]] = [work(lane) for lane in range(lanes)]
    await asyncio.gather(*workers)
    await side.told.until("ready", ids)
    seconds = time.perf_counter() - began
    return Round(cases, seconds, stack.spent(before, stack.cpu_seconds(running)))


async def measure(cases: int, rounds: int, lanes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="gonogo-bench-") as made:
        settings = stack.settings_in(Path(made), pack="demo")
        undo_s = float(load_pack("demo").review.undo_s)
        async with stack.running(settings) as running:
            engine = engine_of(settings.database)
            people = lanes_of(settings, engine, lanes)
            client = await connect(settings)
            product = Product(settings, engine, people)
            bare = BareShape(settings, client, undo_s)
            whole, empty = [], []
            for side in (product, bare):  # caches and connections warm up unmeasured
                await one_round(side, running, f"warm {side.__class__.__name__}", lanes, lanes)
            for number in range(rounds):
                whole.append(await one_round(product, running, f"a{number}", cases, lanes))
                empty.append(await one_round(bare, running, f"b{number}", cases, lanes))
                say(f"round {number}: {whole[-1].rate:.2f}/s, bare {empty[-1].rate:.2f}/s")
            handle = client.get_workflow_handle(f"case/{settings.store}/{product.gpts[-1]}")
            events = len((await handle.fetch_history()).events)
            bare_handle = client.get_workflow_handle("bare/b0 0")
            bare_events = len((await bare_handle.fetch_history()).events)
            for lane in people:
                await lane.close()
            engine.dispose()
    return figures_of(whole, empty) | {
        "events_per_case": events,
        "bare_events_per_case": bare_events,
        "n": cases * rounds,
    }


def figures_of(whole: list[Round], empty: list[Round]) -> dict[str, float]:
    """Rates, their ratio pair by pair, and where the processor time of one case goes."""

    def cpu_ms(side: list[Round], part: str) -> float:
        return 1000 * sum(r.cpu.get(part, 0.0) for r in side) / sum(r.cases for r in side)

    engine, bare_engine = cpu_ms(whole, "temporal"), cpu_ms(empty, "temporal")
    figures = {
        "ratio": statistics.median(a.rate / b.rate for a, b in zip(whole, empty, strict=True)),
        "cases_per_s": statistics.median(r.rate for r in whole),
        "bare_cases_per_s": statistics.median(r.rate for r in empty),
        "engine_cpu_ms": engine,
        "bare_engine_cpu_ms": bare_engine,
        "worker_cpu_ms": cpu_ms(whole, "worker"),
        "bare_worker_cpu_ms": cpu_ms(empty, "bare"),
        "api_cpu_ms": cpu_ms(whole, "api"),
        "model_cpu_ms": cpu_ms(whole, "model"),
    }
    if engine:
        figures["engine_ratio"] = bare_engine / engine
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--cases", type=int, default=60, help="a round")
    parser.add_argument("--rounds", type=int, default=3, help="of each side, in turns")
    parser.add_argument("--lanes", type=int, default=8, help="cases at a time")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.cases, options.rounds, options.lanes))
    aims = {"ratio": ">= 0.8", "events_per_case": "<= 40"}
    return report("pipeline", figures, aims, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
