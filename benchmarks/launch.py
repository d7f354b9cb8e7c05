"""How long does an opening take, for people and for the engine?

Many bound releases, filled in through the real rules and record (benchmarks/parts/launching.py);
worker, engine and API are the real ones. `resolvable_s`: from T to the moment when the API resolves
the last item, asked for over HTTP. `settled_s`: until every release and listing has followed.
`bare`: the same number of workflows told by a signal, each with the same activities and the same
updates, with empty bodies.

./run bench launch [--json] [--items N]
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import Engine, text
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from benchmarks.parts import stack
from benchmarks.parts.bare import QUEUE, Start
from benchmarks.parts.launching import Filled, count_down, fill
from benchmarks.parts.report import parser_of, report, say
from gonogo.db.identity import Identity
from gonogo.db.session import engine_of, reading
from gonogo.packs import load_pack
from gonogo.recovery import recover
from gonogo.settings import Settings
from gonogo.temporal import connect

BATCH, AT_A_TIME = 200, 10  # as activities/launching.py tells items
PATIENCE_S = 3_600.0
_KINDS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


async def idle(client: Client, queue: str) -> None:
    """Until every workflow waits for its launch: releases have been bound for days by then."""
    end, quiet = time.monotonic() + PATIENCE_S, 0
    while quiet < 5 and time.monotonic() < end:
        await asyncio.sleep(1)
        left = sum([await backlog(client, queue, kind) for kind in _KINDS])
        quiet = 0 if left else quiet + 1


async def backlog(client: Client, queue: str, kind: TaskQueueType.ValueType) -> int:
    seen = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=kind,
            report_stats=True,
        )
    )
    return seen.stats.approximate_backlog_count


async def opened(settings: Settings, filled: Filled) -> tuple[float, float]:
    """(T to the last item resolvable, to the opening recorded) in seconds. Asks the API for the
    last item, and then for a sample of all."""
    url = f"http://127.0.0.1:{settings.port}/v1/catalogue"
    engine = engine_of(settings.database)
    async with httpx.AsyncClient(timeout=60) as http:
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = await http.get(f"{url}/{filled.gpts[-1]}/resolve", params={"unit": "u"})
            now = time.time()
            if answer.json().get("digest"):
                break
            if time.monotonic() > end:
                raise RuntimeError(f"nothing opened: {_status(engine, filled.launch)}")
            await asyncio.sleep(0.02)
        sample = filled.gpts[:: max(1, len(filled.gpts) // 50)]
        answers = await asyncio.gather(
            *(http.get(f"{url}/{gpt}/resolve", params={"unit": "u"}) for gpt in sample)
        )
        dark = [one for one in answers if not one.json().get("digest")]
        if dark:
            raise RuntimeError(f"{len(dark)} of {len(sample)} items are not resolvable")
    opens, recorded = _times(engine, filled.launch)
    engine.dispose()
    return now - opens, recorded - opens


def _status(engine: Engine, launch: str) -> str:
    with reading(engine) as db:
        row = db.execute(text("SELECT status, state FROM launches WHERE id = :id"), {"id": launch})
        return str(row.first())


def _times(engine: Engine, launch: str) -> tuple[float, float]:
    with reading(engine) as db:
        event = db.execute(
            text(
                "SELECT recorded_at FROM events WHERE subject = :id AND type = 'launch:wave:opened'"
            ),
            {"id": launch},
        ).scalar_one()
        opens = db.execute(text("SELECT opens_at FROM launches WHERE id = :id"), {"id": launch})
        return _seconds(opens.scalar_one()), _seconds(event)


def _seconds(value: object) -> float:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(at, datetime)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


async def settled(engine: Engine, items: int) -> float:
    """When (epoch seconds) the last listing had followed."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with reading(engine) as db:
            count = db.execute(
                text(
                    "SELECT count(*) FROM listings WHERE status = 'listed' "
                    "AND (weight_bp = 10000 OR stable IS NOT NULL)"
                )
            ).scalar_one()
        if count >= items:
            return time.time()
        await asyncio.sleep(0.5)  # the count reads every listing, and this machine is measured
    raise RuntimeError(f"not settled after {PATIENCE_S:.0f} s")


async def bare(client: Client, settings: Settings, items: int) -> float:
    """Seconds from the first signal until the last of `items` bare releases has followed."""
    for first in range(0, items, BATCH):
        await asyncio.gather(
            *(
                client.start_workflow(
                    "BareItem", Start(f"i{n}", 0.0, "x" * 60), id=f"bare-item/{n}", task_queue=QUEUE
                )
                for n in range(first, min(first + BATCH, items))
            )
        )
    notices = stack.notices_of(settings)
    await _lines(notices, "waits", items)
    began = time.perf_counter()
    for first in range(0, items, AT_A_TIME):
        await asyncio.gather(
            *(
                client.get_workflow_handle(f"bare-item/{n}").signal("moved")
                for n in range(first, min(first + AT_A_TIME, items))
            )
        )
    await _lines(notices, "followed", items)
    return time.perf_counter() - began


async def _lines(notices: Path, word: str, wanted: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if await asyncio.to_thread(_counted, notices, word) >= wanted:
            return
        await asyncio.sleep(0.5)
    raise RuntimeError(f"not {wanted} bare workflows are “{word}”")


def _counted(notices: Path, word: str) -> int:
    return notices.read_text().count(f"{word} ") if notices.exists() else 0


async def measure(items: int, lead_s: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="gonogo-bench-") as made:
        settings = stack.settings_in(Path(made))
        pack = load_pack(settings.pack)
        async with stack.running(settings):
            engine, client = engine_of(settings.database), await connect(settings)
            publisher = Identity(engine, settings.store).add_publisher("Filler", verified=True)
            say(f"filling {items} bound releases")
            filled = await asyncio.to_thread(fill, settings, pack, items, publisher)
            say("starting their workflows")
            await recover(engine, client, settings.store, settings.task_queue)
            await idle(client, settings.task_queue)
            say(f"counting down, T in {lead_s:.0f} s")
            opens_at = datetime.now(UTC) + timedelta(seconds=lead_s)
            await asyncio.to_thread(count_down, filled, opens_at)
            await client.get_workflow_handle(f"launch/{filled.launch}").signal("refresh")
            resolvable, recorded = await opened(settings, filled)
            say(f"resolvable after {resolvable:.2f} s; settling")
            opens, _ = _times(engine, filled.launch)
            settled_s = await settled(engine, items) - opens
            say(f"settled after {settled_s:.1f} s; the same bare")
            bare_s = await bare(client, settings, items)
            engine.dispose()
    figures = {
        "items": float(items),
        "resolvable_s": resolvable,
        "recorded_s": recorded,
        "settled_s": settled_s,
        "bare_fanout_s": bare_s,
        "settled_over_bare_fanout": settled_s / bare_s,
        "settled_per_s": items / settled_s,
    }
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--lead", type=float, default=30.0, help="seconds from the last check to T")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.items, options.lead))
    return report("launch", figures, AIMS, as_json=options.json)


AIMS = {"resolvable_s": "<= 2", "settled_over_bare_fanout": "<= 1.5"}

if __name__ == "__main__":
    sys.exit(main())
