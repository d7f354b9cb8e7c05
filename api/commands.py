"""Every command goes this way: commands table → MAC → the subject's workflow → first answer.

A repeat (same Idempotency-Key) is answered from the table, even after the case closed. A command
that got no answer in time stays pending; asking for it sends it again under the same id.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import rfc8785
from pydantic import TypeAdapter
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.errors import Problem
from gonogo.db.codec import PICTURES, state_of
from gonogo.db.session import reading, writing
from gonogo.db.tables import CommandRow
from gonogo.ids import command_id
from gonogo.logs import log
from policies.errors import Refused, refusal
from policies.lifecycle.kernel import Actor, Command, command_bytes, mac_of
from policies.lifecycle.machines import MACHINES

MAX_BODY = 64 * 1024  # bytes of a command's body; everything larger travels by digest
_COMMAND = TypeAdapter(Command)
_WORKFLOW = {"submission": "Case", "release": "Rollout", "listing": "Listing", "stop": "StopOrder"}


@dataclass(frozen=True)
class Order:
    """What a route asks for. `fingerprint` is what makes a repeat the same (not minted ids)."""

    machine: str
    kind: str
    subject: str
    gpt: str
    actor: Actor
    body: Mapping[str, Any]
    key: str | None = None  # Idempotency-Key
    due: Mapping[str, datetime] | None = None
    fresh: bool = False  # the subject has no past: its id was minted for this command
    fingerprint: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """`answer` is None while the command is still pending."""

    command: str
    subject: str
    answer: dict[str, Any] | None


class Gateway:
    def __init__(self, engine: Engine, client: Client, key: bytes, *, store: str,
                 task_queue: str, answer_s: float) -> None:
        self._engine, self._client, self._key = engine, client, key
        self._store, self._queue, self._answer_s = store, task_queue, answer_s

    async def send(self, order: Order) -> Outcome:
        """Give the order. Raises the `Refused` it meets, or a `Problem` when nobody answers."""
        command = self._signed(order)
        row, is_new = await asyncio.to_thread(self._meet, order, command)
        if not is_new:
            settled = _settled(row)
            if settled is not None:
                return settled
        return await self._deliver(row)

    async def outcome(self, command: str) -> Outcome:
        """The answer to an earlier command; one still pending is sent again first."""
        row = await asyncio.to_thread(self._row, command)
        if row is None:
            raise Problem("not-found", f"there is no command {command}")
        settled = _settled(row)
        if settled is not None:
            return settled
        return await self._deliver(row)

    async def reachable(self) -> bool:
        """Whether the orchestrator answers within two seconds."""
        try:
            async with asyncio.timeout(2):
                return await self._client.service_client.check_health()
        except (TimeoutError, RPCError, RuntimeError):
            return False

    async def meet(self, order: Order) -> tuple[Command, Outcome | None]:
        """Keep the order without delivering it. The second value is its first answer, if there is
        one already; a repeat gets the command that was kept first. Raises the stored refusal."""
        row, is_new = await asyncio.to_thread(self._meet, order, self._signed(order))
        command: Command = _COMMAND.validate_python(row.command["command"])
        return command, None if is_new else _settled(row)

    async def refuse(self, command: str, refused: Refused) -> None:
        """Remember `refused` as the first answer to a command that was met, not delivered."""
        answer = {"code": refused.code, "because": refused.because, "detail": dict(refused.detail)}
        await asyncio.to_thread(self._remember, command, "refused", answer)

    def signed(self, command: Command) -> Command:
        """`command` with this installation's MAC."""
        return replace(command, mac=mac_of(command, self._key))

    def _signed(self, order: Order) -> Command:
        command = Command(
            id=command_id(self._store, order.actor.id, order.key), kind=order.kind,
            store=self._store, subject=order.subject, actor=order.actor, at=datetime.now(UTC),
            body=dict(order.body), due=dict(order.due or {}),
        )
        if len(command_bytes(command)) > MAX_BODY:
            raise Problem("too-large", f"a command holds at most {MAX_BODY} bytes")
        return self.signed(command)

    def _meet(self, order: Order, command: Command) -> tuple[CommandRow, bool]:
        """Insert the command, or find the one that has its id. The second value: it is new."""
        what = {"machine": order.machine, "kind": order.kind,
                **(order.fingerprint or {"subject": order.subject, "body": dict(order.body)})}
        body_hash = hashlib.sha256(rfc8785.dumps(what)).hexdigest()
        stored = {"command": _COMMAND.dump_python(command, mode="json"), "gpt": order.gpt,
                  "machine": order.machine, "fresh": order.fresh}
        row = CommandRow(
            store_id=self._store, id=command.id, kind=f"{order.machine}/{order.kind}",
            subject=command.subject, actor_id=order.actor.id, body_hash=body_hash,
            received_at=command.at, command=stored,
        )
        try:
            with writing(self._engine) as session:
                session.add(row)
            return row, True
        except IntegrityError:
            found = self._row(command.id)
        assert found is not None  # rows of commands are never deleted
        if found.body_hash != body_hash:
            raise Problem("key-reused", "this Idempotency-Key belongs to another command")
        return found, False

    def _row(self, command: str) -> CommandRow | None:
        with reading(self._engine) as session:
            return session.get(CommandRow, (self._store, command))

    async def _deliver(self, row: CommandRow) -> Outcome:
        kept = row.command
        command = _COMMAND.validate_python(kept["command"])
        try:
            async with asyncio.timeout(self._answer_s):
                answer = await self._update(kept["machine"], command, kept["gpt"], kept["fresh"])
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            return Outcome(command.id, command.subject, None)
        except WorkflowUpdateFailedError as failed:
            return await self._refused(command, failed)
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
        await asyncio.to_thread(self._remember, command.id, "done", answer)
        return Outcome(command.id, command.subject, answer)

    async def _update(
        self, machine: str, command: Command, gpt: str, fresh: bool
    ) -> dict[str, Any]:
        workflow_id = self._workflow_id(machine, command, gpt)
        if not (fresh or machine in ("listing", "stop")):
            handle = self._client.get_workflow_handle(workflow_id)
            try:
                answer: dict[str, Any] = await handle.execute_update(
                    "command", command, id=command.id, result_type=dict)
                return answer
            except RPCError as fault:
                if fault.status is not RPCStatusCode.NOT_FOUND:
                    raise
            # Closed, or lost with the orchestrator's database: the record knows which.
            await asyncio.to_thread(self._permit_on_record, machine, command)
        start: WithStartWorkflowOperation[Any, str] = WithStartWorkflowOperation(
            _WORKFLOW[machine],
            {"store": self._store, "subject": command.subject, "gpt": gpt, "past": not fresh},
            id=workflow_id, task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
        first: dict[str, Any] = await self._client.execute_update_with_start_workflow(
            "command", command, id=command.id, start_workflow_operation=start, result_type=dict)
        return first

    def _permit_on_record(self, machine: str, command: Command) -> None:
        with reading(self._engine) as session:
            picture = session.get(PICTURES[machine], (self._store, command.subject))
        if picture is None:
            raise Problem("not-found", f"there is no {machine} {command.subject}")
        state = state_of(machine, picture.state)  # type: ignore[attr-defined]  # every picture has it
        MACHINES[machine].permit(state, command.kind, command.actor, datetime.now(UTC))

    def _workflow_id(self, machine: str, command: Command, gpt: str) -> str:
        if machine == "submission":
            return f"case/{self._store}/{gpt}"
        if machine == "listing":
            return f"listing/{self._store}/{gpt}"
        return f"{machine}/{command.subject}"

    async def _refused(self, command: Command, failed: WorkflowUpdateFailedError) -> Outcome:
        """A refusal is the first answer too, unless the record took the command after all."""
        row = await asyncio.to_thread(self._row, command.id)
        settled = _settled(row) if row else None
        if settled is not None:
            return settled
        cause = failed.cause
        told = cause.details[0] if isinstance(cause, ApplicationError) and cause.details else {}
        code = str(told.get("code", "busy"))
        because = cause.message if isinstance(cause, ApplicationError) else str(cause)
        if code == "busy":
            raise Problem("busy", because)
        answer = {"code": code, "because": because, "detail": told.get("detail", {})}
        await asyncio.to_thread(self._remember, command.id, "refused", answer)
        raise refusal(code, because, told.get("detail"))

    def _remember(self, command: str, status: str, answer: dict[str, Any]) -> None:
        with writing(self._engine) as session:
            row = session.get(CommandRow, (self._store, command))
            if row is not None and row.status == "pending":
                row.status, row.answer = status, answer


def _unavailable(command: str) -> Problem:
    return Problem("orchestrator-unavailable", "the command is kept; send it again",
                   headers={"Retry-After": "5"}, command=command)


def _settled(row: CommandRow) -> Outcome | None:
    """The stored first answer, if there is one. Raises the stored refusal."""
    if row.status == "refused" and row.answer is not None:
        raise refusal(row.answer["code"], row.answer["because"], row.answer["detail"])
    if row.status == "done":
        return Outcome(row.id, row.subject, row.answer or {})
    return None
