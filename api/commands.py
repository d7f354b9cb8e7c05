"""Every command goes this way: commands table → MAC → the subject's workflow → first answer.

A repeat (same Idempotency-Key) is answered from the table, even after the case closed. A command
that got no answer in time stays pending; asking for it sends it again under the same id.
"""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.confirming import Confirmations
from api.courier import CLOCKED, Courier, NotRunning
from api.errors import Problem
from api.following import following
from api.kept import KeptCommands, Order, Outcome, command_in, settled
from gonogo.db.codec import PICTURES, state_of
from gonogo.db.session import reading
from gonogo.db.tables import CommandRow
from gonogo.ids import command_id
from gonogo.logs import log
from policies.errors import Refused, refusal
from policies.lifecycle.kernel import Command, command_bytes, mac_of
from policies.lifecycle.machines import MACHINES

MAX_BODY = 64 * 1024  # bytes of a command's body; everything larger travels by digest
_NUDGE_S = 2.0
_LOOKS = 4  # at a workflow that has not seen what the record holds


class Gateway:
    def __init__(
        self,
        engine: Engine,
        client: Client,
        key: bytes,
        *,
        store: str,
        task_queue: str,
        answer_s: float,
    ) -> None:
        self._engine, self._key, self._store, self._answer_s = engine, key, store, answer_s
        self._kept = KeptCommands(engine, store)
        self._confirmations = Confirmations(self._kept.confirm)
        self.courier = Courier(client, store=store, task_queue=task_queue)

    async def send(self, order: Order) -> Outcome:
        """Give the order. Raises the `Refused` it meets, or a `Problem` when nobody answers."""
        command = self._signed(order)
        with following(order.machine, command) as way:
            outcome = await self._send(order, command)
            if outcome.answer is None:
                way.outcome = "pending"
            return outcome

    async def _send(self, order: Order, command: Command) -> Outcome:
        row, is_new = await asyncio.to_thread(self._kept.meet, order, command)
        if not is_new:
            first = settled(row)
            if first is not None:
                await self._nudge(row)
                return replace(first, repeated=True)
        return await self._deliver(row)

    async def outcome(self, command: str) -> Outcome:
        """The answer to an earlier command; one still pending is sent again first."""
        row = await asyncio.to_thread(self._kept.row, command)
        if row is None:
            raise Problem("not-found", f"there is no command {command}")
        first = settled(row)
        if first is not None:
            await self._nudge(row)
            return first
        return await self._deliver(row)

    async def sweep(self) -> int:
        """Bring to an end what a kill left half-way. Returns how many commands were touched.

        A recorded command whose workflow never confirmed it is told to the workflow; one that was
        never recorded is sent again while it is young. Older ones wait for who gave them: nobody
        wants an approval of this morning to take effect in the afternoon.
        """
        rows = await asyncio.to_thread(self._kept.left_over)
        for row in rows:
            if row.status == "recorded":
                await self._nudge(row)
                continue
            with contextlib.suppress(Refused, Problem):
                await self._deliver(row)
        return len(rows)

    async def meet(self, order: Order) -> tuple[Command, Outcome | None]:
        """Keep the order without delivering it. The second value is its first answer, if there is
        one already; a repeat gets the command that was kept first. Raises the stored refusal."""
        row, is_new = await asyncio.to_thread(self._kept.meet, order, self._signed(order))
        first = None if is_new else settled(row)
        return command_in(row), replace(first, repeated=True) if first else None

    async def refuse(self, command: str, refused: Refused) -> None:
        """Remember `refused` as the first answer to a command that was met, not delivered."""
        answer = {"code": refused.code, "because": refused.because, "detail": dict(refused.detail)}
        await asyncio.to_thread(self._kept.remember, command, "refused", answer)

    async def tell(self, command: str) -> None:
        """Have the workflow fold a command that the edge recorded itself. If nobody answers, the
        sweep does it later."""
        row = await asyncio.to_thread(self._kept.row, command)
        if row is not None:
            await self._nudge(row)

    async def close(self) -> None:
        """Write down what is known about answered commands. No command may come afterwards."""
        await self._confirmations.close()

    def signed(self, command: Command) -> Command:
        """`command` with this installation's MAC."""
        return replace(command, mac=mac_of(command, self._key))

    def _signed(self, order: Order) -> Command:
        command = Command(
            id=command_id(self._store, order.actor.id, order.key),
            kind=order.kind,
            store=self._store,
            subject=order.subject,
            actor=order.actor,
            at=datetime.now(UTC),
            body=dict(order.body),
            due=dict(order.due or {}),
        )
        if len(command_bytes(command)) > MAX_BODY:
            raise Problem("too-large", f"a command holds at most {MAX_BODY} bytes")
        return self.signed(command)

    async def _nudge(self, row: CommandRow) -> None:
        """Have the workflow fold what the record holds: it may have died between the two."""
        machine, kept = row.command["machine"], row.command
        if row.status != "recorded" or row.id in self._confirmations:
            return
        if machine in CLOCKED:
            try:
                async with asyncio.timeout(_NUDGE_S):
                    await self.courier.refresh(machine, command_in(row), kept["gpt"])
            except (RPCError, RuntimeError, TimeoutError) as fault:
                log.warning("orchestrator", error=type(fault).__name__, command_id=row.id)
                return
        await asyncio.to_thread(self._kept.remember, row.id, "done", row.answer or {})

    async def _deliver(self, row: CommandRow) -> Outcome:
        kept = row.command
        command = command_in(row)
        try:
            async with asyncio.timeout(self._answer_s):
                answer = await self._update(kept["machine"], command, kept["gpt"], kept["fresh"])
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            return Outcome(command.id, command.subject, None)
        except WorkflowUpdateFailedError as failed:
            return await self._refused(command, failed)
        except Refused as refused:  # by the record alone: its workflow is over
            return await self._first_answer(command, refused)
        except RPCError as fault:
            if fault.status is RPCStatusCode.DEADLINE_EXCEEDED:
                return Outcome(command.id, command.subject, None)
            log.warning("orchestrator", status=fault.status.name, command_id=command.id)
            raise _unavailable(command.id) from fault
        except RuntimeError as fault:
            # What a lazy client raises until its first connection succeeds.
            if not str(fault).startswith("Failed client connect"):
                raise
            raise _unavailable(command.id) from fault
        self._confirmations.add(command.id, answer)
        return Outcome(command.id, command.subject, answer)

    async def _update(
        self, machine: str, command: Command, gpt: str, fresh: bool
    ) -> dict[str, Any]:
        for look in range(_LOOKS):
            try:
                return await self._update_once(machine, command, gpt, fresh)
            except WorkflowUpdateFailedError as failed:
                last = look + 1 == _LOOKS
                if last or not await asyncio.to_thread(self._is_behind, machine, command, failed):
                    raise
            await self.courier.refresh(machine, command, gpt)
            await asyncio.sleep(0.2 * look)
        raise AssertionError("the last look raises")

    async def _update_once(
        self, machine: str, command: Command, gpt: str, fresh: bool
    ) -> dict[str, Any]:
        if machine in CLOCKED and not fresh:
            try:
                return await self.courier.update(machine, command, gpt)
            except NotRunning:
                await asyncio.to_thread(self._permit_on_record, machine, command)
        return await self.courier.begin(machine, command, gpt, fresh=fresh)

    def _is_behind(self, machine: str, command: Command, failed: WorkflowUpdateFailedError) -> bool:
        """Whether the workflow refused for want of events that the record holds."""
        seen = _told(failed).get("seq")
        if not isinstance(seen, int):
            return False
        with reading(self._engine) as session:
            picture: Any = session.get(PICTURES[machine], (self._store, command.subject))
        return picture is not None and picture.seq > seen

    def _permit_on_record(self, machine: str, command: Command) -> None:
        with reading(self._engine) as session:
            picture = session.get(PICTURES[machine], (self._store, command.subject))
        if picture is None:
            raise Problem("not-found", f"there is no {machine} {command.subject}")
        state = state_of(machine, picture.state)  # type: ignore[attr-defined]  # every picture has it
        MACHINES[machine].permit(state, command.kind, command.actor, datetime.now(UTC))

    async def _refused(self, command: Command, failed: WorkflowUpdateFailedError) -> Outcome:
        cause = failed.cause
        told = _told(failed)
        code = str(told.get("code", "busy"))
        because = cause.message if isinstance(cause, ApplicationError) else str(cause)
        return await self._first_answer(command, refusal(code, because, told.get("detail")))

    async def _first_answer(self, command: Command, refused: Refused) -> Outcome:
        """A refusal is the first answer too, unless the record took the command after all."""
        row = await asyncio.to_thread(self._kept.row, command.id)
        first = settled(row) if row else None
        if first is not None:
            return first
        if refused.code == "busy":
            raise Problem("busy", refused.because)
        await self.refuse(command.id, refused)
        raise refused


def _unavailable(command: str) -> Problem:
    return Problem(
        "orchestrator-unavailable",
        "the command is kept; send it again",
        headers={"Retry-After": "5"},
        command=command,
    )


def _told(failed: WorkflowUpdateFailedError) -> dict[str, Any]:
    """What a workflow says about its refusal: code, detail, and how far it has seen."""
    cause = failed.cause
    details = cause.details if isinstance(cause, ApplicationError) else ()
    return details[0] if details and isinstance(details[0], dict) else {}
