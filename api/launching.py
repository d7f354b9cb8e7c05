"""Launches at the edge: what is safer is recorded by the API itself; who decided on what they saw.

Hold, postpone and suspend need no orchestrator (I3): the API decides them on the record as it is
and records them, as stops are; the launch's workflow is told afterwards. An opening that was
decided before is recorded against an older number, and refused.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends
from starlette.concurrency import run_in_threadpool

from api.deps import Services, SubjectId, Svc, named_version
from api.errors import Problem
from api.kept import Order, Outcome
from api.subjects import Staff, give, launch_named, met_before
from api.written import recorded
from gonogo.db.tables import ProseRow
from policies.errors import StaleDecision, refusal
from policies.lifecycle.kernel import RULES, Actor, Command
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_seen import difference, since
from policies.lifecycle.launch_state import Launch
from policies.lifecycle.machines import fold
from policies.wire import RecordAnswer, RecordRequest

SAFER = frozenset({"hold", "postpone", "suspend"})
_TRIES = 8


def _launch(svc: Svc, who: Staff, subject: SubjectId) -> Launch:
    return launch_named(svc, subject)


SeenLaunch = Annotated[Launch, Depends(_launch)]


async def order(
    svc: Services,
    who: Actor,
    launch: Launch,
    kind: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str | None,
    seen: str | None = None,
    needs_seen: bool = False,
    given: Mapping[str, Any] | None = None,
    texts: tuple[ProseRow, ...] = (),
) -> Outcome:
    """Give `kind`. `seen` is the `If-Match` of whoever decided; if the launch moved since, they
    get a `StaleDecision` with what is different now."""
    wanted = dict(body or {})
    if (seen is not None or needs_seen) and not await met_before(svc, who, key):
        named = named_version(seen, launch.version)
        if named != launch.version:
            raise await run_in_threadpool(_moved_on, svc, launch.id, named)
        wanted["version"] = named
    version = wanted.get("version")
    try:
        if kind in SAFER:
            return await _directly(svc, who, launch, kind, wanted, key, given, texts)
        return await give(
            svc, who, "launch", launch, kind, wanted, key=key, fingerprint=given, texts=texts
        )
    except StaleDecision:
        if version is None:
            raise
        raise await run_in_threadpool(_moved_on, svc, launch.id, version) from None


async def _directly(
    svc: Services,
    who: Actor,
    launch: Launch,
    kind: str,
    body: Mapping[str, Any],
    key: str | None,
    given: Mapping[str, Any] | None,
    texts: tuple[ProseRow, ...],
) -> Outcome:
    ordered = Order(
        machine="launch",
        kind=kind,
        subject=launch.id,
        gpt="",
        actor=who,
        body=body,
        key=key,
        fingerprint=None if given is None else {**given, "subject": launch.id},
        texts=texts,
    )
    outcome = await recorded(svc, ordered, lambda command: _record(svc, command))
    if not outcome.repeated:
        # In force already. The workflow is told when it can be; the sweep tells it otherwise.
        telling = asyncio.create_task(svc.gateway.tell(outcome.command))
        _TELLING.add(telling)
        telling.add_done_callback(_TELLING.discard)
    return outcome


_TELLING: set[asyncio.Task[None]] = set()


def _record(svc: Services, command: Command) -> Outcome:
    """Decide on what the record holds, and record; again if others wrote meanwhile."""
    for _ in range(_TRIES):
        state, now = launch_named(svc, command.subject), datetime.now(UTC)
        answer: RecordAnswer = svc.ledger.record(
            RecordRequest(
                kind=MACHINE.kind,
                expected_seq=state.seq,
                command=command,
                facts=MACHINE.decide(state, command, now, {}),
                occurred_at=now,
                pack=state.terms.pack,
                rules=RULES,
            )
        )
        if answer.refusal is not None:
            raise refusal(answer.refusal.code, answer.refusal.because, answer.refusal.detail)
        if answer.outcome != "behind":
            return Outcome(command.id, command.subject, answer.answer)
    raise Problem("busy", "others keep changing this; try again")


def _moved_on(svc: Services, subject: str, version: int) -> StaleDecision:
    """What is different from what `version` showed, and what happened since."""
    events = svc.ledger.events(svc.store, subject)
    before, news = since(events, version)
    now: Launch = fold("launch", events)
    return StaleDecision(
        "the launch moved on since you looked: read what is different, then decide again",
        saw={"version": version},
        now={"version": now.version},
        difference=difference(before, now),
        since=[{"seq": e.seq, "type": e.type, "by": e.actor_id} for e in news[-50:]],
    )
