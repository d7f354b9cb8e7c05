"""The worker of the bare workflows.

python -m benchmarks.parts.bare_worker READY_FILE NOTICES_FILE
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from benchmarks.parts.bare import (
    PROBE_QUEUE,
    QUEUE,
    Bare,
    BareCase,
    BareDesk,
    BareItem,
    BareListing,
    BareRelease,
)
from gonogo.settings import Settings
from gonogo.temporal import connect
from gonogo.worker import CACHED, TRUSTING

RUNNER = SandboxedWorkflowRunner(
    restrictions=TRUSTING.restrictions.with_passthrough_modules("benchmarks")
)


async def serve(ready: Path, notices: int) -> None:
    client = await connect(Settings())
    bare = Bare(client, notices)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    # The same options as the product's worker.
    cases = Worker(
        client,
        task_queue=QUEUE,
        workflows=[BareCase, BareDesk, BareItem, BareListing, BareRelease],
        workflow_runner=RUNNER,  # as the product trusts its own
        activities=[bare.record, bare.scan, bare.begin, bare.expose],
        max_cached_workflows=CACHED,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
    )
    probes = Worker(client, task_queue=PROBE_QUEUE, activities=[bare.probe])
    async with cases, probes:
        await asyncio.to_thread(ready.touch)
        await stop.wait()


if __name__ == "__main__":
    told = os.open(sys.argv[2], os.O_APPEND | os.O_WRONLY | os.O_CREAT, 0o600)
    asyncio.run(serve(Path(sys.argv[1]), told))
