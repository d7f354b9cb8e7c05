"""Commands about accounts: done and answered once, in one transaction, without an orchestrator.

A person, an invitation or a token is no subject of the record, so its command meets the `commands`
table and its effect in the same transaction. A repeat gets the first answer. Secrets are no part
of an answer: `token_seed` makes the same token again, for whoever repeats the command in time.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from gonogo.db.session import reading, writing
from gonogo.db.tables import CommandRow
from gonogo.ids import command_id


class KeyReused(Exception):
    """The Idempotency-Key belongs to another command."""


@dataclass(frozen=True)
class AccountOrder:
    """What is asked, by whom. `about` is what a repeat has to be equal in."""

    actor: str
    kind: str
    about: Mapping[str, Any]
    key: str | None = None


@dataclass(frozen=True)
class Once:
    """The answer, and how long ago it was first given, in seconds."""

    command: str
    answer: dict[str, Any]
    age_s: float = 0.0


def once(
    engine: Engine,
    store: str,
    order: AccountOrder,
    do: Callable[[Session, str], tuple[str, dict[str, Any]]],
) -> Once:
    """Do it, or find what was answered. `do(session, command)` returns subject and answer.

    Raises `KeyReused`, and whatever `do` raises; then nothing was done and nothing is kept.
    """
    command = command_id(store, order.actor, order.key)
    body_hash = hashlib.sha256(
        rfc8785.dumps({"kind": order.kind, "about": dict(order.about)})
    ).hexdigest()
    earlier = _earlier(engine, store, command, body_hash) if order.key else None
    if earlier is not None:
        return earlier
    try:
        with writing(engine) as session:
            subject, answer = do(session, command)
            if order.key:
                session.add(
                    CommandRow(
                        store_id=store,
                        id=command,
                        kind=f"account/{order.kind}",
                        subject=subject,
                        actor_id=order.actor,
                        body_hash=body_hash,
                        received_at=datetime.now(UTC),
                        command={"machine": "account", "gpt": "", "fresh": False},
                        status="done",
                        answer=answer,
                    )
                )
    except IntegrityError:
        # The same command, a moment earlier. Anything else that collides is a fault of ours.
        earlier = _earlier(engine, store, command, body_hash) if order.key else None
        if earlier is None:
            raise
        return earlier
    return Once(command, answer)


def token_seed(key: bytes, command: str) -> bytes:
    """What the token of one command is made from; nobody without `key` can know it."""
    return hmac.digest(key, f"token\n{command}".encode(), "sha256")


def _earlier(engine: Engine, store: str, command: str, body_hash: str) -> Once | None:
    with reading(engine) as session:
        row = session.get(CommandRow, (store, command))
    if row is None:
        return None
    if row.body_hash != body_hash:
        raise KeyReused(command)
    age = datetime.now(UTC) - row.received_at
    return Once(command, row.answer or {}, age.total_seconds())
