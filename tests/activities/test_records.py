"""How long a request to the record was under way is told by the orchestrator's clock."""

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.records import Records
from gonogo.db.ledger import Ledger
from policies.wire import RecordAnswer, RecordRequest
from tests.builders import LEA, T0, command


class Remembering(Ledger):
    def __init__(self) -> None:
        self.asked: list[RecordRequest] = []

    def record(self, request: RecordRequest) -> RecordAnswer:
        self.asked.append(request)
        return RecordAnswer("stored")


@pytest.mark.parametrize(
    ("local", "took", "waited_s"),
    [(False, timedelta(hours=3), 10_800.0), (False, timedelta(seconds=-1), 0.0),
     (True, timedelta(hours=3), 0.0)],
)  # fmt: skip
async def test_a_request_tells_how_long_it_waited(
    local: bool, took: timedelta, waited_s: float
) -> None:
    ledger, env = Remembering(), ActivityEnvironment()
    env.info = replace(env.info, is_local=local, scheduled_time=T0, started_time=T0 + took)
    request = RecordRequest("launch", 1, command("hold", "lch_1", LEA), (), T0, "pack", "1")

    await env.run(Records(ledger).record, request)

    (asked,) = ledger.asked
    assert asked == replace(request, waited_s=waited_s)
    assert asked.arrives_at == T0 + timedelta(seconds=waited_s)
