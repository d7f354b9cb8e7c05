"""Commands that the API records by itself, because they are safer and wait for nobody (I3)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from api.deps import Services
from api.following import following
from api.kept import Order, Outcome
from policies.errors import Refused, refusal
from policies.lifecycle.kernel import RULES, Command, Machine
from policies.wire import RecordRequest


async def recorded(svc: Services, order: Order, record: Callable[[Command], Outcome]) -> Outcome:
    """Keep `order` and have `record` record what it causes: in force when this returns. A repeat of
    its key gets the first answer. Raises a `Refused`. It asks the database only."""
    command, first = await svc.gateway.meet(order)
    if first is not None:
        return first
    try:
        with following(order.machine, command):
            return await run_in_threadpool(record, command)
    except Refused as refused:
        await svc.gateway.refuse(command.id, refused)
        raise


async def written(svc: Services, machine: Machine[Any], order: Order) -> Outcome:
    """The same for the first command of a subject."""
    return await recorded(svc, order, lambda command: first_of(svc, machine, command))


def first_of(svc: Services, machine: Machine[Any], command: Command) -> Outcome:
    """Record what the first command of a subject causes. Blocks; raises a `Refused`."""
    now = datetime.now(UTC)
    answer = svc.ledger.record(
        RecordRequest(
            kind=machine.kind,
            expected_seq=0,
            command=command,
            facts=machine.decide(None, command, now, {}),
            occurred_at=now,
            pack=svc.pack.digest,
            rules=RULES,
        )
    )
    if answer.refusal is not None:
        raise refusal(answer.refusal.code, answer.refusal.because, answer.refusal.detail)
    return Outcome(command.id, command.subject, answer.answer)
