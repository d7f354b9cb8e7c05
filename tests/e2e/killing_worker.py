"""A worker that kills the PostgreSQL server under its own record, once, and works on.

    python -m tests.e2e.killing_worker COMMAND_KIND before|after POSTMASTER_PID

`before`: everything is written and nothing committed. `after`: it is committed, and the worker
never hears of it.
"""

import asyncio
import sys

from sqlmodel import Session

from gonogo import worker
from gonogo.db.ledger import Ledger
from gonogo.settings import Settings
from policies.wire import RecordAnswer, RecordRequest
from tests.postgres import kill_server

KIND, MOMENT, POSTMASTER = sys.argv[1], sys.argv[2], int(sys.argv[3])


class KillingLedger(Ledger):
    """Kills at the first command of the given kind that is stored."""

    killed = False

    def record(self, request: RecordRequest) -> RecordAnswer:
        answer = super().record(request)
        if MOMENT == "after" and self._fatal(request, answer):
            raise ConnectionError("the server was killed before its answer arrived")
        return answer

    def _record(self, session: Session, request: RecordRequest) -> RecordAnswer:
        answer = super()._record(session, request)
        if MOMENT == "before":
            self._fatal(request, answer)
        return answer

    def _fatal(self, request: RecordRequest, answer: RecordAnswer) -> bool:
        if self.killed or request.command.kind != KIND or answer.outcome != "stored":
            return False
        self.killed = True
        kill_server(POSTMASTER)
        return True


if __name__ == "__main__":
    vars(worker)["Ledger"] = KillingLedger  # this process exists to have this fault
    asyncio.run(worker.serve(Settings()))
