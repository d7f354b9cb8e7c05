"""Stops: the one fact the API writes by itself, whatever else is down (I3)."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from api.deps import Services, answered
from api.errors import Problem
from api.kept import Order, Outcome
from api.subjects import give
from api.written import first_of, recorded
from gonogo.db import lists
from gonogo.db.people import PublisherRow
from gonogo.db.session import reading
from gonogo.ids import new_id
from gonogo.telemetry.meters import STOPS
from policies.lifecycle import release as release_rules
from policies.lifecycle.kernel import Actor, Command
from policies.lifecycle.release_state import Release
from policies.lifecycle.stop import MACHINE

# How long a halt waits for the orchestrator before a stop does its work.
HALT_S = 3.0


async def place_stop(
    svc: Services,
    who: Actor,
    *,
    scope: str,
    target: str,
    reason: str | None,
    note: str | None,
    key: str | None,
    fingerprint: Mapping[str, Any],
) -> Outcome:
    """Place a stop: in force when this returns. `note` is `prose:<digest>`.

    A repeat of `key` gets the first answer. Raises a `Refused`, or `not-found` for a target that
    does not exist. It asks the database only.
    """
    if not await run_in_threadpool(exists, svc, scope, target):
        raise Problem("not-found", f"there is no {scope} {target}")
    body = {
        "scope": scope,
        "target": target,
        "reason": reason,
        "note": note,
        "publisher": await run_in_threadpool(owner, svc, scope, target),
    }
    order = Order(
        machine="stop",
        kind="place",
        subject=new_id("stp"),
        gpt="",
        actor=who,
        body=body,
        key=key,
        fresh=True,
        fingerprint=dict(fingerprint),
    )

    def record(command: Command) -> Outcome:
        placed = first_of(svc, MACHINE, command)
        # In force: whoever resolves reads stops from the record on every call.
        STOPS.observe((datetime.now(UTC) - command.at).total_seconds())
        return placed

    return await recorded(svc, order, record)


def exists(svc: Services, scope: str, target: str) -> bool:
    if scope == "store":
        return target == svc.store
    with reading(svc.engine) as session:
        if scope == "publisher":
            return session.get(PublisherRow, (svc.store, target)) is not None
        if scope == "category" and target in svc.pack.static.categories:
            return True
        return lists.target_exists(session, svc.store, scope, target)


def owner(svc: Services, scope: str, target: str) -> str | None:
    with reading(svc.engine) as session:
        return lists.owner_of(session, svc.store, scope, target)


async def halt_or_stop(
    svc: Services,
    who: Actor,
    state: Release,
    order: Mapping[str, Any],
    given: Mapping[str, Any],
    key: str | None,
    response: Response,
) -> dict[str, Any]:
    """Halt a release; if nobody carries that out at once, stop its revision instead.

    The halt stays pending and is carried out later; lifting the stop is then a decision of its own.
    """
    try:
        async with asyncio.timeout(HALT_S):
            outcome = await give(
                svc, who, "release", state, "halt", order, key=key, fingerprint=given
            )
        if outcome.answer is not None:
            return answered(outcome, response)
    except TimeoutError:
        pass
    except Problem as fault:
        if fault.code != "orchestrator-unavailable":
            raise
    # Nobody asked the rules yet whether this person may halt it now; the record knows the state.
    release_rules.permit(state, "halt", who, datetime.now(UTC))
    stop = await _stop_once(svc, who, state.digest, order, given, key)
    return {
        "subject": state.id,
        "status": "stopped",
        "instead": {
            "stop": stop,
            "scope": "revision",
            "target": state.digest,
            "because": "the orchestrator does not answer; the revision is stopped by the record. "
            "The halt is kept and carried out later; lifting the stop is up to you.",
        },
    }


async def _stop_once(
    svc: Services,
    who: Actor,
    digest: str,
    order: Mapping[str, Any],
    given: Mapping[str, Any],
    key: str | None,
) -> str:
    def standing() -> str | None:
        with reading(svc.engine) as session:
            return lists.active_stop_on(session, svc.store, "revision", digest)

    stands = await run_in_threadpool(standing)
    if stands is not None:
        return stands
    outcome = await place_stop(
        svc,
        who,
        scope="revision",
        target=digest,
        reason=order.get("reason") or "halted",
        note=order.get("note"),
        key=f"{key}/stop" if key else None,
        fingerprint={"halt": digest, **given},
    )
    return outcome.subject
