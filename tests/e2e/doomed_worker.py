"""A worker that dies, and takes the Temporal server with it, between commit and history.

    python -m tests.e2e.doomed_worker COMMAND_KIND TEMPORAL_PID

The moment that matters most: the database has the events, the workflow task has not ended.
"""

import asyncio
import os
import signal
import sys

from gonogo import worker
from gonogo.db.ledger import Ledger
from gonogo.settings import Settings
from policies.wire import RecordAnswer, RecordRequest


class DoomedLedger(Ledger):
    """Commits one command of the given kind, then ends server and worker by SIGKILL."""

    def record(self, request: RecordRequest) -> RecordAnswer:
        answer = super().record(request)
        if request.command.kind == sys.argv[1] and answer.outcome == "stored":
            os.kill(int(sys.argv[2]), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


if __name__ == "__main__":
    vars(worker)["Ledger"] = DoomedLedger  # this process exists to have this fault
    asyncio.run(worker.serve(Settings()))
