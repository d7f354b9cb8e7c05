"""What does a decision cost over HTTP, beside a bare update of a workflow with one local activity?

From the request to the answer: token, case, preconditions, note, commands table, signature, update,
record, first answer. One client alone and ten at a time, on the same server, in turns.

./run bench decision [--json] [--each N]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from benchmarks.parts import stack
from benchmarks.parts.bare import QUEUE, Bytes, Start, bytes_
from benchmarks.parts.desk import Desk, desk_of
from benchmarks.parts.people import lanes_of
from benchmarks.parts.report import parser_of, percentile, report, say
from gonogo.db.session import engine_of
from gonogo.temporal import connect

MANY = 10
BLOCK = 5  # measurements of one side before it is the other's turn

Call = Callable[[], Awaitable[float]]
Bench = WorkflowHandle[object, object]


async def bare_update(handle: Bench) -> float:
    """Seconds of one update; like a decision it is followed by another one, unmeasured."""
    began = time.perf_counter()
    await _update(handle)
    spent = time.perf_counter() - began
    await _update(handle)
    return spent


async def _update(handle: Bench) -> None:
    await handle.execute_update("command", bytes_(800, 240), id=uuid4().hex, result_type=Bytes)


async def desks(client: Client, count: int) -> list[Bench]:
    return [
        await client.start_workflow(
            "BareDesk", Start(uuid4().hex, 0), id=f"desk/{uuid4().hex}", task_queue=QUEUE
        )
        for _ in range(count)
    ]


async def in_turns(each: int, sides: Mapping[str, Sequence[Call]]) -> dict[str, list[float]]:
    """`each` samples of every side: a block of one, then of the other. A side's callables run at
    the same time; a single one takes turns with itself."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    while min(len(values) for values in found.values()) < each:
        for name, calls in sides.items():
            for _ in range(BLOCK):
                found[name] += await asyncio.gather(*(call() for call in calls))
    return found


def alone(calls: Sequence[Call]) -> list[Call]:
    """One client that goes from case to case, so that no history grows long."""
    turn = iter(range(10**9))

    async def one() -> float:
        return await calls[next(turn) % len(calls)]()

    return [one]


async def measure(each: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="gonogo-bench-") as made:
        settings = stack.settings_in(Path(made))
        async with stack.running(settings):
            engine = engine_of(settings.database)
            client = await connect(settings)
            lanes = lanes_of(settings, engine, MANY)
            cases: list[Desk] = [
                await desk_of(settings, engine, lane, f"Decided {number}")
                for number, lane in enumerate(lanes)
            ]
            handles = await desks(client, MANY)
            http = [case.approve for case in cases]
            bare = [partial(bare_update, handle) for handle in handles]
            await in_turns(MANY, {"http": http, "bare": bare})  # unmeasured: everything warm
            say("one client")
            one = await in_turns(each, {"http": alone(http), "bare": alone(bare)})
            say(f"{MANY} clients")
            many = await in_turns(each, {"http": http, "bare": bare})
            for lane in lanes:
                await lane.close()
            engine.dispose()
    return figures_of("one", one) | figures_of("ten", many)


def figures_of(clients: str, samples: dict[str, list[float]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, of in (("p50", statistics.median), ("p99", lambda v: percentile(v, 0.99))):
        http, bare = of(samples["http"]), of(samples["bare"])
        figures[f"over_bare_update_{name}_{clients}"] = round(http / bare, 2)
        figures[f"http_ms_{name}_{clients}"] = round(1000 * http, 1)
        figures[f"bare_ms_{name}_{clients}"] = round(1000 * bare, 1)
    figures[f"n_{clients}"] = len(samples["http"])
    return figures


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--each", type=int, default=300, help="decisions measured of each kind")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.each))
    aims = {f"over_bare_update_{p}_{c}": "<= 1.5" for c in ("one", "ten") for p in ("p50", "p99")}
    return report("decision", figures, aims, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
