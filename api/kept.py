"""The commands table: what was ordered, under which id, and its first answer.

pending → recorded (by the record) → done (its workflow knows, too);  pending → refused
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785
from pydantic import TypeAdapter
from sqlalchemy import Engine, insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import and_, col, or_, select

from api.errors import Problem
from gonogo.db.session import reading, writing
from gonogo.db.tables import CommandRow, ProseRow
from policies.errors import refusal
from policies.lifecycle.kernel import Actor, Command

_SETTLES_IN = timedelta(seconds=15)  # until then whoever sent it is at it
_STAYS_YOUNG = timedelta(minutes=5)
_COMMAND = TypeAdapter(Command)


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
    texts: tuple[ProseRow, ...] = ()  # what `body` names by digest, stored with the command


@dataclass(frozen=True)
class Outcome:
    """`answer` is None while the command is still pending. `repeated`: it was given before."""

    command: str
    subject: str
    answer: dict[str, Any] | None
    repeated: bool = False


class KeptCommands:
    """The table of one store. Every method blocks and is one transaction."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self._store = engine, store

    def meet(self, order: Order, command: Command) -> tuple[CommandRow, bool]:
        """Insert the command, or find the one that has its id. The second value: it is new."""
        what = {
            "machine": order.machine,
            "kind": order.kind,
            **(order.fingerprint or {"subject": order.subject, "body": dict(order.body)}),
        }
        body_hash = hashlib.sha256(rfc8785.dumps(what)).hexdigest()
        stored = {
            "command": _COMMAND.dump_python(command, mode="json"),
            "gpt": order.gpt,
            "machine": order.machine,
            "fresh": order.fresh,
        }
        row = CommandRow(
            store_id=self._store,
            id=command.id,
            kind=f"{order.machine}/{order.kind}",
            subject=command.subject,
            actor_id=order.actor.id,
            body_hash=body_hash,
            received_at=command.at,
            command=stored,
        )
        try:
            with writing(self._engine, beside=True) as session:
                db = session.connection()
                db.execute(insert(CommandRow).values(row.model_dump(exclude_none=True)))
                for text in order.texts:
                    db.execute(insert(ProseRow).values(text.model_dump()))
            return row, True
        except IntegrityError:
            found = self.row(command.id)
        assert found is not None  # rows of commands are never deleted
        if found.body_hash != body_hash:
            raise Problem("key-reused", "this Idempotency-Key belongs to another command")
        return found, False

    def left_over(self) -> list[CommandRow]:
        """What a kill left half-way: recorded and never confirmed, or pending and still young."""
        now = datetime.now(UTC)
        with reading(self._engine) as session:
            rows = session.exec(
                select(CommandRow)
                .where(
                    CommandRow.store_id == self._store,
                    col(CommandRow.received_at) < now - _SETTLES_IN,
                    or_(
                        col(CommandRow.status) == "recorded",
                        and_(
                            col(CommandRow.status) == "pending",
                            col(CommandRow.received_at) > now - _STAYS_YOUNG,
                        ),
                    ),
                )
                .order_by(col(CommandRow.received_at))
                .limit(50)
            )
            return list(rows)

    def row(self, command: str) -> CommandRow | None:
        with reading(self._engine) as session:
            return session.get(CommandRow, (self._store, command))

    def confirm(self, answers: Mapping[str, dict[str, Any]]) -> None:
        """Their workflows know them: all in one statement, unless the record kept no answer."""
        with writing(self._engine) as session:
            mine = (col(CommandRow.store_id) == self._store, col(CommandRow.id).in_(answers))
            recorded = update(CommandRow).where(*mine, col(CommandRow.status) == "recorded")
            session.connection().execute(recorded.values(status="done"))
            pending = select(CommandRow).where(*mine, col(CommandRow.status) == "pending")
            for row in session.exec(pending):
                row.status, row.answer = "done", answers[row.id]

    def remember(self, command: str, status: str, answer: dict[str, Any]) -> None:
        """Keep the first answer; a later one changes nothing. What the record took is never
        refused afterwards: its workflow can only come to know of it."""
        with writing(self._engine) as session:
            row = session.get(CommandRow, (self._store, command))
            if row is None or row.status not in ("pending", "recorded"):
                return
            if row.status == "pending" or status == "done":
                row.status, row.answer = status, answer


def command_in(row: CommandRow) -> Command:
    """The signed command as it was kept."""
    command: Command = _COMMAND.validate_python(row.command["command"])
    return command


def settled(row: CommandRow) -> Outcome | None:
    """The stored first answer, if there is one. Raises the stored refusal."""
    if row.status == "refused" and row.answer is not None:
        raise refusal(row.answer["code"], row.answer["because"], row.answer["detail"])
    if row.status in ("done", "recorded"):
        return Outcome(row.id, row.subject, row.answer or {})
    return None
